"""Sensitivity of the answer to every choice, on this machine or on a cluster."""
