"""Checks of records: tables on reading, doubts about single states, derived against coded."""
