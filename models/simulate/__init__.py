"""Simulated votes and panels with known truth, for tests, calibration and benchmarks."""
