"""The main analysis and every variant of it."""
