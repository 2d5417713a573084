"""Positions in any assembly, from a file of its roll calls."""
