"""How to read it honestly: clock, warm-up, sampling."""
