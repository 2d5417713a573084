"""The data: tables, votes, their checks and the coding choices. Imports no models."""
