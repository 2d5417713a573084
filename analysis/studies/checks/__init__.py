"""How sure one may be: checks of stage 2, what moves its effects, and how well it predicts."""
