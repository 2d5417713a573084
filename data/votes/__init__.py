"""Votes of the General Assembly: found, read, selected and counted."""
