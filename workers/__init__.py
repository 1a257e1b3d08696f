"""The execution plane of the benchmark farm: measures; knows nothing of sweeps or reports."""
