"""Likelihoods of votes among which resolutions are put again, on one axis or several."""
