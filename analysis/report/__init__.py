"""The report: one page that shows all results."""
