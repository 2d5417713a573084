"""Coordinates from the Hessian: the same density, and nearly a standard normal."""

import numpy as np
import pymc as pm
import pytest
from support.densities import draw_point, evaluate_logp

from models.coordinates.arrow import begin_arrow, evaluate_parameters, find_places, learn_arrow, whiten
from models.coordinates.arrow_numba import gather, spread
from models.ideal_point import OF_ITEMS, build_ideal_point_model
from models.simulate.static import simulate_votes
from models.spec import IdealPointSpec


def make_quadratic(n_item=5, size=2, n_rest=4, seed=0):
    """A Gaussian log density whose precision is an arrow: its parameters, precision and mean."""
    rng = np.random.default_rng(seed)
    n = n_item * size + n_rest
    precision = np.diag(rng.uniform(1, 3, n))
    for item in range(n_item):
        part = slice(item * size, (item + 1) * size)
        noise = rng.normal(size=(size, size))
        precision[part, part] += noise @ noise.T
    first = n_item * size
    beside = rng.normal(size=(first, n_rest))
    precision[:first, first:], precision[first:, :first] = beside, beside.T
    precision[first:, first:] += beside.T @ beside + np.eye(n_rest)
    with pm.Model(coords={"item": range(n_item)}) as model:
        for k in range(size):
            pm.Flat(f"item_{k}", dims="item", initval=np.zeros(n_item))
        pm.Flat("rest", shape=n_rest, initval=np.zeros(n_rest))
    begin = begin_arrow(model, find_places(model, tuple(f"item_{k}" for k in range(size))).items)
    mean = rng.normal(size=n)

    def evaluate(point):
        away = (point - mean)[begin.place]
        by_parameter = np.empty(n)
        by_parameter[begin.place] = -precision @ away
        return -0.5 * away @ precision @ away, by_parameter

    return begin, evaluate, precision, mean


def test_a_normal_posterior_becomes_a_standard_normal():
    begin, evaluate, precision, mean = make_quadratic()
    arrow = learn_arrow(evaluate, begin, mean)
    moved = np.stack([arrow.move(unit) - mean for unit in np.eye(len(mean))], axis=-1)[arrow.place]
    np.testing.assert_allclose(moved @ moved.T, np.linalg.inv(precision), atol=1e-5)
    # Without the cross block it is another covariance: the check can fail.
    apart = arrow._replace(cross=np.zeros_like(arrow.cross))
    moved = np.stack([apart.move(unit) - mean for unit in np.eye(len(mean))], axis=-1)[arrow.place]
    assert abs(moved @ moved.T - np.linalg.inv(precision)).max() > 0.01


def test_a_shared_parameter_whose_curvature_says_nothing_is_not_taken_as_wide():
    """At the edge of a spike a log scale curves upwards. Chains must not begin far from there."""
    begin, evaluate, precision, mean = make_quadratic(seed=3)
    spiky, first = precision.copy(), 10
    spiky[first, first] -= 2 * np.linalg.eigvalsh(precision)[-1]

    def evaluate_spiky(point):
        away = (point - mean)[begin.place]
        by_parameter = np.empty(len(mean))
        by_parameter[begin.place] = -spiky @ away
        return -0.5 * away @ spiky @ away, by_parameter

    arrow = learn_arrow(evaluate_spiky, begin, mean)
    width = np.sqrt((arrow.rest**2).sum(1))
    assert width.max() <= 1 + 1e-6
    assert np.sqrt((learn_arrow(evaluate, begin, mean).rest ** 2).sum(1)).max() < 1


def test_coordinates_and_parameters_lead_back_to_each_other():
    begin, evaluate, _, mean = make_quadratic(seed=1)
    arrow = learn_arrow(evaluate, begin, mean)
    raw = np.random.default_rng(2).normal(size=len(mean))
    np.testing.assert_allclose(arrow.locate(arrow.move(raw)), raw, atol=1e-6)
    np.testing.assert_array_equal(begin.move(begin.locate(mean)), mean)


def test_the_pullback_is_the_transpose_of_the_map():
    begin, evaluate, _, mean = make_quadratic(seed=3)
    arrow = learn_arrow(evaluate, begin, mean)
    rng = np.random.default_rng(4)
    raw, pull = rng.normal(size=(2, len(mean)))
    nowhere = arrow._replace(centre=np.zeros_like(mean))
    assert spread(raw, *nowhere) @ pull == pytest.approx(gather(pull, raw, *nowhere) @ raw, rel=1e-10)


def test_the_density_of_the_votes_is_that_of_the_model():
    votes, _ = simulate_votes(n_state=20, n_item=15, seed=5)
    model = build_ideal_point_model(votes, IdealPointSpec(likelihood="graph"))
    begin = begin_arrow(model, find_places(model, OF_ITEMS).items)
    moved = whiten(model, ["ideal_point"], begin)
    point = draw_point(model, 6)
    flat = np.concatenate([np.ravel(point[v.name]) for v in model.value_vars])
    raw = begin.locate(flat)
    assert evaluate_logp(moved, {"raw": raw}) == pytest.approx(evaluate_logp(model, point), rel=1e-10)
    function = moved.compile_fn([moved.logp(), moved.dlogp()])
    evaluate = evaluate_parameters(lambda at: function({"raw": at}), begin)
    _, gradient = evaluate(flat)
    step = 1e-5 * np.random.default_rng(7).normal(size=flat.size)
    ahead, behind = evaluate(flat + step)[0], evaluate(flat - step)[0]
    assert (ahead - behind) / 2 == pytest.approx(gradient @ step, rel=1e-4)
