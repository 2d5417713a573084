"""Where results are stored, under which key, and how they are read."""
