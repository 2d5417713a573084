"""Checks of the models on the data."""
