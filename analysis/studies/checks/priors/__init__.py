"""What the prior of the guarantee holds possible, and what other priors would have said."""
