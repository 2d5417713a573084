"""Gibbs sampling of the model of alignment."""
