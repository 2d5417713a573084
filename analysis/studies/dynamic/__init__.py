"""Positions in every session since 1946."""
