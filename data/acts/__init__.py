"""Contested acts of the United States and the Soviet Union or Russia, and the states that voted on them."""
