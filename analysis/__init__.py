"""What we run and conclude."""
