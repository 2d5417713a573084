"""Checks of stage 1: votes replicated from its draws, beside the observed ones."""
