"""Parts of the regression report: two sides compared, and changes over time."""
