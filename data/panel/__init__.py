"""Outcomes, guarantees and covariates of the states."""
