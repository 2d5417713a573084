"""Readers of the published records of roll calls, one per format; all give the tables of ``tidy.Release``."""
