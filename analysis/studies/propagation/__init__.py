"""Ways to propagate stage-1 uncertainty, compared."""
