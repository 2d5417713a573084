"""Contested acts of two great powers: the model of answers on them, and its choices."""
