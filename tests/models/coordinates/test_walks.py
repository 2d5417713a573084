"""Whitened paths are standard normal, their gradients are right, and their scales are weighted correctly."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from support.record import path_precision, simulate_small_record

from models.coordinates.walks import (
    Walks,
    evaluate_walks,
    prepare_walks,
    unwhiten_walks,
    weigh_scales,
    whiten_walks,
)


@pytest.fixture(scope="module")
def walks():
    """Paths with gaps; random estimates from votes, step precisions, whitened positions and shifts."""
    _, layout = simulate_small_record()
    rng, n = np.random.default_rng(1), len(layout.state_idx)
    information, estimate = rng.uniform(1, 50, n), rng.normal(size=n)
    walks = prepare_walks(layout.state_idx, layout.previous_idx, layout.elapsed, information, estimate)
    return walks, (rng.normal(size=n), rng.uniform(1, 50, layout.sat.shape[1]), rng.normal(size=n))


def test_whitened_positions_are_standard_normal_given_the_step(walks):
    walks, (whitened, precision, shift) = walks
    matrix = path_precision(walks, precision**-0.5)
    position, log_jacobian, *_ = evaluate_walks(whitened, precision, shift, *walks)
    away = position - np.linalg.solve(matrix, walks.information * (walks.estimate + shift))
    assert away @ matrix @ away == pytest.approx(whitened @ whitened)
    assert log_jacobian == pytest.approx(-np.linalg.slogdet(matrix)[1] / 2)
    unmoved = evaluate_walks(whitened, precision, 0 * shift, *walks)[0]
    np.testing.assert_allclose(whiten_walks(unmoved, precision, walks), whitened, atol=1e-10)


def test_gradients_equal_finite_differences(walks):
    walks, point = walks
    inputs = [pt.dvector() for _ in point]
    position, log_jacobian = unwhiten_walks(*inputs, Walks(*map(pytensor.shared, walks)))
    weight = np.random.default_rng(2).normal(size=len(walks.link))
    value = (pt.sin(position) * weight).sum() + 1.3 * log_jacobian
    run = pytensor.function(inputs, [value, *pt.grad(value, inputs)], mode="NUMBA")
    for k, gradient in enumerate(run(*point)[1:]):
        for i, slope in enumerate(gradient):
            near = [[x.copy() for x in point] for _ in range(2)]
            near[0][k][i] += 1e-6
            near[1][k][i] -= 1e-6
            assert slope == pytest.approx((run(*near[0])[0] - run(*near[1])[0]) / 2e-6, abs=1e-6)


def test_scales_are_weighted_by_the_information_of_their_own_votes():
    """With well known positions each move carries two units of information about the log scale."""
    n = 30
    before = np.arange(-1, n - 1)
    walks = prepare_walks(np.zeros(n, int), before, np.ones(n), np.full(n, 1e6), np.zeros(n))
    information = 2 * (n - 1)
    assert weigh_scales(walks, np.ones(1), 0.5)[0] == pytest.approx(information / (information + 4), rel=1e-3)
    assert weigh_scales(walks, np.array([1e-6]), 0.5)[0] < 0.01
