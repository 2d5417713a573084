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


@SCALAR
def evaluate_votes_on_axes(
    position,
    slope,
    cutpoint,
    code,
    row_offset,
    item_idx,
    position_start,
    abstain_position,
    abstain_offset,
):
    """``votes_numba.evaluate_votes`` with positions (axis, state) and slopes (axis, item)."""
    value, by_eta, _, by_cutpoint = evaluate_votes(
        combine(position, slope),
        np.ones(slope.shape[1]),
        cutpoint,
        code,
        row_offset,
        item_idx,
        position_start,
        abstain_position,
        abstain_offset,
    )
    by_position, by_slope = pull(by_eta, position, slope)
    return value, by_position, by_slope, by_cutpoint


@SCALAR
def evaluate_tallies_on_axes(position, slope, cutpoint, counts, row_offset, item_idx, position_start):
    """``tallies_numba.evaluate_tallies`` with positions (axis, state) and slopes (axis, item)."""
    value, by_eta, _, by_cutpoint = evaluate_tallies(
        combine(position, slope),
        np.ones(slope.shape[1]),
        cutpoint,
        counts,
        row_offset,
        item_idx,
        position_start,
    )
    by_position, by_slope = pull(by_eta, position, slope)
    return value, by_position, by_slope, by_cutpoint


@SCALAR
def evaluate_repeats_on_axes(position, slope, cutpoint, inertia, code, row_offset, item_idx, position_start):
    """``inertia_numba.evaluate_repeats`` with positions (axis, state) and slopes (axis, item)."""
    ones = np.ones(slope.shape[1])
    value, by_eta, _, by_cutpoint, by_inertia = evaluate_repeats(
        combine(position, slope), ones, cutpoint, inertia, code, row_offset, item_idx, position_start
    )
    by_position, by_slope = pull(by_eta, position, slope)
    return value, by_position, by_slope, by_cutpoint, by_inertia


@SCALAR
def evaluate_testlets_on_axes(
    position,
    slope,
    cutpoint,
    effect_sd,
    node,
    log_weight,
    group_offset,
    code,
    row_offset,
    item_idx,
    position_start,
):
    """``testlet_numba.evaluate_testlets`` with positions (axis, state) and slopes (axis, item)."""
    value, by_eta, _, by_cutpoint, by_sd = evaluate_testlets(
        combine(position, slope),
        np.ones(slope.shape[1]),
        cutpoint,
        effect_sd,
        node,
        log_weight,
        group_offset,
        code,
        row_offset,
        item_idx,
        position_start,
    )
    by_position, by_slope = pull(by_eta, position, slope)
    return value, by_position, by_slope, by_cutpoint, by_sd
