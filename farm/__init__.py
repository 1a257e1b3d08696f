"""The control plane of the benchmark farm: decides, remembers, answers."""

__version__ = "0.1.0"
