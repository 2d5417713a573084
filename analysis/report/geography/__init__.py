"""Where states lie on a map: outlines, points, and tiles of equal size."""
