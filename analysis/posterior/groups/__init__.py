"""Effects by groups of states: who can be compared, and which differences the data show."""
