"""Predictions for each state, for chosen values of covariates, and before the data."""
