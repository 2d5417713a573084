"""Many acts, two great powers: whether states under a pact shield a power's contested acts."""
