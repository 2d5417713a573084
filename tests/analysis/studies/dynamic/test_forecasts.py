"""Forecasts from positions before a session beat forecasts without positions only if positions matter."""

import numpy as np
import pytest
from scipy.optimize import minimize

from analysis.studies.dynamic.forecasts import (
    expand_items,
    fit_items,
    forecast_by_weight,
    forecast_sessions,
    measure_likeness,
)
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec

SCALE = DynamicIdealPointSpec().session_log_sd_scale


@pytest.fixture(scope="module")
def votes():
    return simulate_record(n_state=60, n_session=5, items_per_session=25, absent=0.05, seed=4)[0]


def test_positions_forecast_votes_that_follow_them(votes):
    table = forecast_sessions(votes, SCALE, seed=1)
    assert table["session"].tolist() == [2, 3, 4, 5]
    assert (table["model"] > table["last_session"]).all()
    assert (table["model"] > table["region"] + 0.1).all()
    assert (table["model"] > table["still"] - 0.01).all()


def test_positions_do_not_forecast_votes_that_ignore_them(votes):
    rng = np.random.default_rng(2)
    counts = votes["counts"].values.copy()
    for row in counts:
        voted = np.flatnonzero(row.any(-1))
        row[voted] = row[rng.permutation(voted)]
    table = forecast_sessions(votes.assign(counts=(votes["counts"].dims, counts)), SCALE, seed=1)
    assert table["model"].mean() < table["last_session"].mean()


def test_items_are_fitted_at_their_mode():
    rng = np.random.default_rng(3)
    position = rng.normal(size=40)
    told = rng.integers(-1, 3, size=(3, 40))
    item, factor = fit_items(told, position)
    prior = np.array([2.0, 4.0, 1.0])

    def loss(x):
        return -expand_items(x[None], told[:1], position)[0][0] + 0.5 * ((x / prior) ** 2).sum()

    np.testing.assert_allclose(item[0], minimize(loss, np.zeros(3)).x, atol=1e-3)
    assert (np.linalg.eigvalsh(factor @ factor.transpose(0, 2, 1)) > 0).all()


def test_gradients_are_those_of_the_log_probability():
    rng = np.random.default_rng(4)
    item, told, position = rng.normal(size=(4, 3)), rng.integers(-1, 3, size=(4, 30)), rng.normal(size=30)
    pull = expand_items(item, told, position)[1]
    for k in range(3):
        step = np.eye(3)[k] * 1e-5
        ahead, behind = (expand_items(item + sign * step, told, position)[0] for sign in (1, -1))
        np.testing.assert_allclose(pull[:, k], (ahead - behind) / 2e-5, rtol=1e-4, atol=1e-6)


def test_weights_follow_those_who_answered_alike():
    before = np.array([[2, 2, 0], [2, 2, 0], [0, 0, 2], [2, 2, 0]] * 5)
    likeness = measure_likeness(before)
    chance = forecast_by_weight(np.array([[2, 0]]), likeness[:1, 1:] ** 8)
    assert chance[0, 0, 2] > 0.5 > chance[0, 0, 0]
    np.testing.assert_allclose(chance.sum(-1), 1)
