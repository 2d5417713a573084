"""Calibration: the truth of simulated worlds should rank like a draw of its posterior."""
