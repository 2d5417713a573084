"""Quantities computed from draws: positions, effects, tiers, summaries."""
