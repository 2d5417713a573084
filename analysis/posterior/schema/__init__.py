"""Posteriors as files that every ArviZ function opens."""
