"""The shared language of control plane and workers: frozen values, no heavy imports."""
