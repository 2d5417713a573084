"""How the models are made to sample: starting points and coordinates, which leave the posterior as it is."""
