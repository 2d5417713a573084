"""Kernels of the arrow coordinates and of their gradient."""

import numpy as np

from models.likelihood.source import kernel

LOOPS = kernel("contract", "nsz", "reassoc")


@LOOPS
def spread(raw, centre, place, block, cross, rest):
    """Parameters (parameter,) from coordinates; arguments as in ``models.coordinates.arrow.Arrow``."""
    n_item, size, _ = block.shape
    n_rest, first = rest.shape[0], n_item * size
    moved = np.zeros(n_rest)
    for row in range(n_rest):
        total = 0.0
        for column in range(n_rest):
            total += rest[row, column] * raw[first + column]
        moved[row] = total
    found = np.empty(raw.shape[0])
    for item in range(n_item):
        for a in range(size):
            row = item * size + a
            pulled = 0.0
            for column in range(n_rest):
                pulled += cross[row, column] * moved[column]
            total = centre[place[row]] - pulled
            for b in range(size):
                total += block[item, a, b] * raw[item * size + b]
            found[place[row]] = total
    for row in range(n_rest):
        found[place[first + row]] = centre[place[first + row]] + moved[row]
    return found


@LOOPS
def gather(by_parameter, raw, centre, place, block, cross, rest):
    """Gradient by the coordinates, given the gradient by the parameters."""
    n_item, size, _ = block.shape
    n_rest, first = rest.shape[0], n_item * size
    by_moved = np.empty(n_rest)
    for row in range(n_rest):
        by_moved[row] = by_parameter[place[first + row]]
    by_raw = np.zeros(raw.shape[0])
    for item in range(n_item):
        for a in range(size):
            row = item * size + a
            pull = by_parameter[place[row]]
            for column in range(n_rest):
                by_moved[column] -= cross[row, column] * pull
            for b in range(size):
                by_raw[item * size + b] += block[item, a, b] * pull
    for row in range(n_rest):
        pull = by_moved[row]
        for column in range(n_rest):
            by_raw[first + column] += rest[row, column] * pull
    return by_raw
