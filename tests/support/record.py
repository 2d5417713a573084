"""A simulated record small enough for a numerical Jacobian, and the precision of its paths."""

import numpy as np

from models.coordinates.layout import prepare_layout
from models.simulate.dynamic import simulate_record


def simulate_small_record():
    """Votes and layout, with gaps, late entrants and repeated resolutions."""
    votes, _ = simulate_record(n_state=6, n_session=5, items_per_session=4, absent=0.3, repeated=0.5, seed=5)
    return votes, prepare_layout(votes)


def path_precision(walks, step_sd):
    """Precision matrix (position, position) of all paths, if votes measure each position independently."""
    precision = np.diag(walks.information)
    for p, before in enumerate(walks.previous_idx):
        if before >= 0:
            pair = np.ix_([before, p], [before, p])
            precision[pair] += np.array([[1, -1], [-1, 1]]) * walks.link[p] / step_sd[walks.path_idx[p]] ** 2
    return precision
