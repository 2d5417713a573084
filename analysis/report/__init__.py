"""The report: one page of all results."""
