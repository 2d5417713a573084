"""How figures look and are saved, and those of a run."""
