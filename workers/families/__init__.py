"""What to run: one file per family, each builds a workload."""
