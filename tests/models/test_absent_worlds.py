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
CHANCE = World(n_state=60, n_item=120, midpoint_mean=-0.5, midpoint_sd=1.5, absent=0.1, absent_inertia=0.7)
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
    held, width, error = ({"modelled": [], "ignored": []} for _ in range(3))
    for seed in SEEDS:
        for absence in held:
            posterior, truth = fit_world(AWKWARD, seed, absence)
            position = posterior["ideal_point"]
            held[absence].append(holds(posterior, truth))
            width[absence].append(position.std(("chain", "draw")).values)
            error[absence].append((position.mean(("chain", "draw")) - truth).values)
            if absence == "modelled":
                lower, upper = find_interval(posterior["absence_awkward"])
                assert 0 < lower < AWKWARD.absent_awkward < upper
                lower, upper = find_interval(posterior["absence_torn"])
                assert lower < 0 < upper
    # Intervals are narrower, and hold the truth as often; positions are nearer to it.
    assert 0.83 <= np.mean(held["modelled"]) <= 0.97
    assert np.mean(width["modelled"]) < 0.95 * np.mean(width["ignored"])
    assert np.square(error["modelled"]).mean() < np.square(error["ignored"]).mean()


@pytest.mark.slow
def test_where_absence_is_chance_the_slope_may_be_0():
    for seed in SEEDS[:2]:
        posterior, _ = fit_world(CHANCE, seed, "modelled")
        lower, upper = find_interval(posterior["absence_awkward"])
        assert lower < 0 < upper


@pytest.mark.slow
def test_absences_that_last_a_day_count_once():
    """As if every absence were decided anew, the slope would be taken for far better known."""
    votes, _ = simulate_window(CHANCE, SEEDS[0])
    apart = votes.assign_coords(date=("item", votes["date"].values[0] + np.arange(votes.sizes["item"])))
    width = []
    for given in (votes, apart):
        with short_fits():
            fit = fit_ideal_points(given, IdealPointSpec(absence="modelled"), SHORT, seed=1, cores=2)
        width.append(float(fit["posterior"]["absence_awkward"].std()))
    assert width[1] < 0.8 * width[0]
