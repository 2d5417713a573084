"""Absence modelled: where states stay away from awkward votes, the slope is found and positions gain."""

from dataclasses import replace

import numpy as np
import pytest
from support.ungated import short_fits

from analysis.fitting.fit import fit_ideal_points
from analysis.variants.sampler import SamplerSpec
from models.simulate.worlds import World, simulate_window
from models.spec import IdealPointSpec

SHORT = SamplerSpec(draws=400, tune=150, chains=2)
CHANCE = World(n_state=60, n_item=120, absent=0.1, absent_inertia=0.7)
AWKWARD = replace(CHANCE, absent_awkward=3.0)
SEEDS = (1, 2, 3)


def fit_world(world: World, seed: int, absence: str):
    votes, truth = simulate_window(world, seed)
    with short_fits():
        fit = fit_ideal_points(votes, IdealPointSpec(absence=absence), SHORT, seed=seed, cores=2)
    return fit["posterior"].dataset, truth["ideal_point"]


def find_interval(draws):
    return [float(draws.quantile(end)) for end in (0.05, 0.95)]


def holds(posterior, truth) -> np.ndarray:
    """Whether the 90 % interval of each state holds its true position."""
    lower, upper = (posterior["ideal_point"].quantile(end, ("chain", "draw")) for end in (0.05, 0.95))
    return ((lower <= truth) & (truth <= upper)).values


@pytest.mark.slow
def test_where_states_stay_away_when_torn_the_slope_is_found_and_positions_gain():
    held, width = {"modelled": [], "ignored": []}, {"modelled": [], "ignored": []}
    for seed in SEEDS:
        for absence in held:
            posterior, truth = fit_world(AWKWARD, seed, absence)
            held[absence].append(holds(posterior, truth))
            width[absence].append(posterior["ideal_point"].std(("chain", "draw")).values)
            if absence == "modelled":
                lower, upper = find_interval(posterior["absence_awkward"])
                assert 0 < lower < AWKWARD.absent_awkward < upper
                lower, upper = find_interval(posterior["absence_inertia"])
                assert lower - 0.05 < AWKWARD.absent_inertia < upper + 0.05
    assert 0.82 <= np.mean(held["modelled"]) <= 0.97
    assert np.mean(held["modelled"]) > np.mean(held["ignored"]) - 0.03
    assert np.mean(width["modelled"]) < 0.98 * np.mean(width["ignored"])


@pytest.mark.slow
def test_where_absence_is_chance_the_slope_may_be_0():
    for seed in SEEDS[:2]:
        posterior, _ = fit_world(CHANCE, seed, "modelled")
        lower, upper = find_interval(posterior["absence_awkward"])
        assert lower < 0 < upper
