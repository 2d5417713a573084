"""Speed beside other samplers."""
