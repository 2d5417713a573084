"""What we observed: the tables, their checks and the coding choices; knows nothing of models."""
