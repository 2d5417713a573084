"""Ways of carrying stage-1 uncertainty, compared."""
