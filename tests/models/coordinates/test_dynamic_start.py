"""Starting values of the dynamic model."""

import numpy as np

from models.coordinates.dynamic_mode import estimate_dynamic_start
from models.coordinates.layout import prepare_layout
from models.simulate.dynamic import simulate_record


def test_start_is_near_the_truth_with_the_right_sign():
    votes, truth = simulate_record(n_state=50, n_session=10, items_per_session=25, seed=3)
    layout = prepare_layout(votes)
    start = estimate_dynamic_start(votes, layout, 0.03)
    true = truth["ideal_point"].values[layout.sat]
    assert np.corrcoef(start.position, true)[0, 1] > 0.95
