"""The rest of the argument: five claims, each with its rule."""
