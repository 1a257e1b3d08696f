"""Where to run: one file per platform, each takes any workload."""
