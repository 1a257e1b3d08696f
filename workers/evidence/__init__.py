"""Is it real: one file per layer of proof."""
