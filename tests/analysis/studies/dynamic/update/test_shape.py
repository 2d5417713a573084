"""Coordinates make a window's unknowns independent; the past moves as a normal distribution would."""

import numpy as np
import pytest
from support.made_stored import make_posterior, make_record

from analysis.studies.dynamic.update.run import fit_window, join_votes, measure_k
from analysis.studies.dynamic.update.shape import Past, move_past
from analysis.studies.dynamic.update.stored import prepare_stored, take_rest
from analysis.studies.dynamic.update.window import evaluate
from models.spec import DynamicIdealPointSpec


@pytest.fixture(scope="module")
def setting():
    old, new, truth = make_record()
    stored = prepare_stored(make_posterior(old, truth), old, DynamicIdealPointSpec())
    return stored, fit_window(join_votes(old, new), 5, stored)


def test_unknowns_are_independent_with_unit_spread_about_the_mode(setting):
    stored, (window, linked, centre, shape) = setting
    rest, scale = take_rest(window, stored, linked, None), stored.session_log_sd_scale

    def pull(z):
        return shape.pull(evaluate(shape.place(z), window, rest, centre, linked.grid, scale)[1])

    rng = np.random.default_rng(1)
    for _ in range(5):
        z = 1e-3 * rng.normal(size=len(shape.middle))
        np.testing.assert_allclose((pull(z) - pull(-z)) / 2, -z, atol=3e-5)


def test_gradients_are_carried_along(setting):
    _, (_, _, _, shape) = setting
    rng = np.random.default_rng(2)
    z, gradient = rng.normal(size=(2, len(shape.middle)))
    assert gradient @ (shape.place(z) - shape.middle) == pytest.approx(shape.pull(gradient) @ z, rel=1e-4)


def test_the_past_moves_as_a_normal_distribution_would(setting):
    stored, _ = setting
    rng = np.random.default_rng(3)
    # Two directions of the past; the votes say 1 of the first, as precisely as it was known before.
    place = rng.normal(size=(len(stored.position), 2))
    place = (place - place.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(place.T))).T
    position = stored.position.copy()
    position[:, 0] = 0.2 + 0.1 * place[:, 0]
    position[:, 1] = 0.5 * place[:, 0] + 0.5 * place[:, 1]
    past = Past(place, np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    moved = move_past(past, stored._replace(position=position), 5).position
    assert moved[:, 0].mean() == pytest.approx(0.2 + 0.1 * 0.5)
    assert moved[:, 0].std(ddof=1) == pytest.approx(0.1 * np.sqrt(0.5))
    assert moved[:, 1].mean() == pytest.approx(0.5 * 0.5, abs=1e-6)
    later = stored.layout.session[stored.layout.session_idx] >= 5
    np.testing.assert_array_equal(moved[:, later], position[:, later])


def test_k_is_large_where_the_past_moves_beyond_the_draws():
    place = np.random.default_rng(4).normal(size=(1000, 3))
    known, none = np.array([0.5, 0.1, 0.0]), np.zeros(3)
    assert measure_k(Past(place, np.array([0.5, 0.1, 0.0]), known)) < 0.5
    assert measure_k(Past(place, np.array([0.5, 5.0, 0.0]), known)) > 0.7
    assert measure_k(Past(place, none, none)) == 0
