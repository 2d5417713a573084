"""Kernels of states on several axes: the predictor is the sum over axes of slope times position.

Each sums the axes and calls the kernel of one axis on the predictor in place of positions, with a slope of 1.
It hands the derivatives back to the axes. Votes are laid out accordingly: row r begins at cell r * states.
"""

import numpy as np

from models.likelihood.repeated.inertia_numba import evaluate_repeats
from models.likelihood.repeated.testlet_numba import evaluate_testlets
from models.likelihood.tallies_numba import evaluate_tallies
from models.likelihood.votes_numba import REDUCTION, SCALAR, evaluate_votes


@REDUCTION
def add_axis(eta, point, slope):
    """Add an axis to a row of the predictor."""
    for i in range(point.shape[0]):
        eta[i] += slope * point[i]


@REDUCTION
def pull_axis(by_eta, point, slope, by_point):
    """Add a row's derivatives by position; return the one by slope."""
    by_slope = 0.0
    for i in range(point.shape[0]):
        by_slope += by_eta[i] * point[i]
        by_point[i] += by_eta[i] * slope
    return by_slope


@SCALAR
def combine(position, slope):
    """Predictor (item * state,), item by item, of positions (axis, state) and slopes (axis, item)."""
    n_axis, n_state = position.shape
    eta = np.zeros(slope.shape[1] * n_state)
    for item in range(slope.shape[1]):
        for axis in range(n_axis):
            add_axis(eta[item * n_state : (item + 1) * n_state], position[axis], slope[axis, item])
    return eta


@SCALAR
def pull(by_eta, position, slope):
    """Derivatives by positions (axis, state) and slopes (axis, item), given those by the predictor."""
    n_state = position.shape[1]
    by_position, by_slope = np.zeros(position.shape), np.zeros(slope.shape)
    for item in range(slope.shape[1]):
        row = by_eta[item * n_state : (item + 1) * n_state]
        for axis in range(position.shape[0]):
            by_slope[axis, item] = pull_axis(row, position[axis], slope[axis, item], by_position[axis])
    return by_position, by_slope


def take_axes(evaluate):
    """Make of a kernel of one axis one that takes positions (axis, state) and slopes (axis, item)."""

    @SCALAR
    def evaluate_on_axes(position, slope, *others):
        found = evaluate(combine(position, slope), np.ones(slope.shape[1]), *others)
        by_position, by_slope = pull(found[1], position, slope)
        return (found[0], by_position, by_slope) + found[3:]  # noqa: RUF005 - numba knows no star here

    return evaluate_on_axes


evaluate_votes_on_axes = take_axes(evaluate_votes)
evaluate_tallies_on_axes = take_axes(evaluate_tallies)
evaluate_repeats_on_axes = take_axes(evaluate_repeats)
evaluate_testlets_on_axes = take_axes(evaluate_testlets)
