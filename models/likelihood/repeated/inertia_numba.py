"""Kernel of answers that repeat the last one to the same resolution: value and all gradients in one pass.

A state that gives the same answer again either repeats it (with probability ``inertia``) or decides anew and
comes to the same, so a cell's probability is ``inertia + (1 - inertia) P(answer)``. It is at least
``inertia``: the product of a few cells cannot underflow, and one logarithm serves them all.
"""

import numpy as np

from models.likelihood.votes_numba import (
    ABSTAIN,
    ELEMENT,
    MISSING,
    NO,
    REDUCTION,
    SCALAR,
    YES,
    check_layout,
    exp_negative,
    log_between,
)

STRETCH = 32
"""Cells whose probabilities are multiplied before a logarithm is taken. LLVM vectorises the loop."""
LEAST_INERTIA = 1e-9
"""Inertia below which the product of a stretch could underflow. The prior puts no mass there."""


@ELEMENT
def logistic(x, z):
    """1 / (1 + exp(-x)), given z = exp(-abs(x))."""
    return (1.0 if x > 0.0 else z) / (1.0 + z)


@REDUCTION
def pass_repeats(point, code, gradient, size, slope, lower_cut, upper_cut, between, by_between, inertia):
    """Product of the probabilities of a stretch of cells, and the derivatives of its logarithm."""
    anew = 1.0 - inertia
    product, by_upper, by_lower, by_slope, by_gap, by_inertia = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(size):
        c = code[i]
        upper = point[i] * slope - lower_cut
        lower = point[i] * slope - upper_cut
        above = logistic(upper, exp_negative(abs(upper)))
        top = logistic(lower, exp_negative(abs(lower)))
        middle = between * above * logistic(-lower, exp_negative(abs(lower)))
        bottom = logistic(-upper, exp_negative(abs(upper)))
        p = top if c == YES else (bottom if c == NO else middle)
        q = inertia + anew * p
        q = q if c > MISSING else 1.0
        weight = anew / q if c > MISSING else 0.0
        d_upper = 0.0 if c == YES else (-bottom * above if c == NO else middle * bottom)
        d_lower = top * (1.0 - top) if c == YES else (0.0 if c == NO else -middle * top)
        d_upper *= weight
        d_lower *= weight
        product *= q
        by_upper += d_upper
        by_lower += d_lower
        by_slope += point[i] * (d_upper + d_lower)
        by_gap += (middle * weight if c == ABSTAIN else 0.0) * by_between
        by_inertia += (1.0 - p) / q if c > MISSING else 0.0
        gradient[i] += slope * (d_upper + d_lower)
    return product, by_upper, by_lower, by_slope, by_gap, by_inertia


@SCALAR
def evaluate_repeats(
    ideal_point, discrimination, cutpoint, inertia, code, row_offset, item_idx, position_start
):
    """Value and gradients for answers given again; arrays as in ``votes.Votes``, all C-contiguous.

    Returns
    -------
    value, d_ideal_point, d_discrimination, d_cutpoint, d_inertia
    """
    n_position, n_item = ideal_point.shape[0], discrimination.shape[0]
    check_layout(n_position, n_item, code.shape[0], row_offset, item_idx, position_start)
    d_ideal_point = np.zeros(n_position)
    d_discrimination = np.zeros(n_item)
    d_cutpoint = np.zeros(cutpoint.shape)
    d_inertia = 0.0
    value = 0.0 if LEAST_INERTIA < inertia < 1.0 else -np.inf
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        slope, lower_cut, upper_cut = discrimination[item], cutpoint[item, 0], cutpoint[item, 1]
        gap = upper_cut - lower_cut
        if gap < 0.0:
            value = -np.inf
        log_constant, by_between = log_between(gap)
        between = np.exp(log_constant)
        cell, length, start = row_offset[row], row_offset[row + 1] - row_offset[row], position_start[row]
        for begin in range(0, length, STRETCH):
            size = min(STRETCH, length - begin)
            points = ideal_point[start + begin : start + begin + size]
            codes = code[cell + begin : cell + begin + size]
            gradient = d_ideal_point[start + begin : start + begin + size]
            part = pass_repeats(
                points, codes, gradient, size, slope, lower_cut, upper_cut, between, by_between, inertia
            )
            value += np.log(part[0])
            d_cutpoint[item, 0] -= part[1] + part[4]
            d_cutpoint[item, 1] -= part[2] - part[4]
            d_discrimination[item] += part[3]
            d_inertia += part[5]
    return value, d_ideal_point, d_discrimination, d_cutpoint, d_inertia
