"""What is computed from draws: positions, effects, tiers, summaries."""
