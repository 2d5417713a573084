"""Alliances from defence obligations: who is allied with whom, how unequally, and around which hub."""
