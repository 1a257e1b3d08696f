"""How calls follow each other: one file per scenario."""
