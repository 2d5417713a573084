"""The ideal-point model for any assembly: members, roll calls, and answers nay, abstain or yes."""
