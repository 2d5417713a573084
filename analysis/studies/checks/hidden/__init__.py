"""Hidden causes: how strong one must be to explain the effect away, beside the measured causes."""
