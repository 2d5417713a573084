"""Parallel forms share no resolution, and their agreement is seen to be right or wrong."""

import numpy as np
import pytest
import xarray as xr

from analysis.studies.dynamic.forms import compare_forms, plan_forms, split_votes
from analysis.studies.dynamic.plan import DynamicRun
from models.simulate.dynamic import simulate_record


@pytest.fixture(scope="module")
def votes():
    return simulate_record(n_state=30, n_session=6, items_per_session=20, absent=0.0, seed=6)[0]


def test_a_resolution_stays_in_one_form(votes):
    odd, even = split_votes(votes).values()
    assert not set(odd["match_group"].values) & set(even["match_group"].values)
    assert odd.sizes["item"] + even.sizes["item"] == votes.sizes["item"]
    assert abs(odd.sizes["item"] - even.sizes["item"]) < votes.sizes["item"] / 5


def test_without_repeats_every_roll_call_stands_alone(votes):
    for part in split_votes(votes, repeats=False).values():
        assert len(set(part["match_group"].values)) == part.sizes["item"]


def make_form(truth, labels, error, claimed, rng):
    """Draws about a position that is off by ``error``, and whose interval says ``claimed``."""
    middle = truth + error * rng.normal(size=len(truth))
    draws = middle + claimed * rng.normal(size=(400, len(truth)))
    return xr.Dataset({"ideal_point": (("sample", "position"), draws)}, {"position": labels})


@pytest.mark.parametrize(("claimed", "covered"), [(0.1, (0.85, 0.95)), (0.05, (0.3, 0.75))])
def test_coverage_tells_right_intervals_from_narrow_ones(claimed, covered, votes):
    rng = np.random.default_rng(7)
    parts = split_votes(votes)
    labels = [f"{state}-{t}" for t in range(1, 7) for state in votes["state"].values]
    truth = rng.normal(size=len(labels))
    forms = [make_form(truth, labels, 0.1, claimed, rng) for _ in range(2)]
    table = compare_forms(*forms, parts).set_index("session")
    assert covered[0] <= table.loc[0, "coverage"] <= covered[1]
    assert table.loc[0, "correlation"] > 0.95
    assert table["states"].iloc[:-1].sum() == table.loc[0, "states"] <= len(labels)


def test_each_form_has_tasks_of_its_own(votes):
    plans = plan_forms(DynamicRun(sessions=(1, 6)), votes)
    keys = {task.key for tasks in plans.values() for task in tasks}
    assert len(keys) == 8
