"""Speed compared with other samplers."""
