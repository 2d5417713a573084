"""The table that a reviewer edits: the main analysis, and every other as a difference from it."""

from analysis.variant import RunSpec, Variant

__all__ = ["MAIN", "RunSpec", "Variant"]

MAIN = Variant()
