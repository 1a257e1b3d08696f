"""What to read: one file per metric group."""
