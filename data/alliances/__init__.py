"""Who is allied with whom, how unequally, and around which hub: described from defence obligations."""
