"""Where results lie, under which key, and how they are read back."""
