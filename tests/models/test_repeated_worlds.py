"""Intervals of positions hold where repeats and a second dimension are as strong as in real votes."""

import numpy as np
import pytest
from support.ungated import short_fits

from analysis.fitting.fit import fit_ideal_points
from analysis.variants.sampler import SamplerSpec
from models.simulate.worlds import DEPENDENT, simulate_window
from models.spec import IdealPointSpec

WORLDS = 5
SHORT = SamplerSpec(draws=400, tune=150, chains=2)


def hold_truth(repeats: str) -> float:
    """Share of the states of all worlds whose 90 % interval holds their true position."""
    held = []
    for seed in range(1, WORLDS + 1):
        votes, truth = simulate_window(DEPENDENT, seed)
        with short_fits():
            fit = fit_ideal_points(votes, IdealPointSpec(repeats=repeats), SHORT, seed=seed, cores=2)
        position = fit["posterior"]["ideal_point"]
        lower, upper = (position.quantile(end, ("chain", "draw")) for end in (0.05, 0.95))
        held.append((lower <= truth["ideal_point"]) & (truth["ideal_point"] <= upper))
    return float(np.mean(held))


@pytest.mark.slow
def test_intervals_hold_the_truth_in_worlds_that_repeat_themselves():
    """The worlds are made by other code and by another mechanism of repeats than the model's."""
    assert 0.85 <= hold_truth("inertia") <= 0.95
    # As if every answer were new evidence, they fall short.
    assert hold_truth("apart") < 0.83
