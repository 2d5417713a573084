"""Kernel of answers to a resolution that share an effect of the state: value and all gradients in one pass.

On a resolution put again, a state's predictor moves by the same normal effect each time. The effect is
integrated out on the nodes of a quadrature, state by state.
"""

import numpy as np

from models.likelihood.votes_numba import ABSTAIN, MISSING, NO, SCALAR, YES, check_layout, log_between


@SCALAR
def softplus(x):
    """log(1 + exp(x))."""
    return max(x, 0.0) + np.log1p(np.exp(-abs(x)))


@SCALAR
def evaluate_testlets(
    ideal_point,
    discrimination,
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
    """Value and gradients; rows as in ``votes.Votes``, all of one length.

    Rows ``group_offset[g]`` to ``group_offset[g + 1]`` (excluded) put resolution g. Cell i of each of them is
    of the same state. ``node`` and ``log_weight`` (node,) integrate over a standard normal.

    Returns
    -------
    value, d_ideal_point, d_discrimination, d_cutpoint, d_effect_sd
    """
    n_position, n_item, n_node = ideal_point.shape[0], discrimination.shape[0], node.shape[0]
    check_layout(n_position, n_item, code.shape[0], row_offset, item_idx, position_start)
    d_ideal_point, d_discrimination = np.zeros(n_position), np.zeros(n_item)
    d_cutpoint = np.zeros(cutpoint.shape)
    d_effect_sd, value = 0.0, 0.0
    joint = np.empty(n_node)
    for group in range(group_offset.shape[0] - 1):
        rows = range(group_offset[group], group_offset[group + 1])
        length = row_offset[rows.start + 1] - row_offset[rows.start]
        for cell in range(length):
            joint[:] = log_weight
            answered = 0
            for row in rows:
                c = code[row_offset[row] + cell]
                if c == MISSING:
                    continue
                answered += 1
                item = item_idx[row]
                eta = discrimination[item] * ideal_point[position_start[row] + cell]
                for k in range(n_node):
                    moved = eta + effect_sd * node[k]
                    upper, lower = moved - cutpoint[item, 0], moved - cutpoint[item, 1]
                    if c == NO:
                        joint[k] -= softplus(upper)
                    elif c == YES:
                        joint[k] -= softplus(-lower)
                    else:
                        joint[k] -= softplus(-upper) + softplus(lower)
            if answered == 0:
                continue
            top = joint.max()
            joint[:] = np.exp(joint - top)
            total = joint.sum()
            joint /= total
            value += top + np.log(total)
            for row in rows:
                c = code[row_offset[row] + cell]
                if c == MISSING:
                    continue
                item = item_idx[row]
                slope, place = discrimination[item], position_start[row] + cell
                eta = slope * ideal_point[place]
                by_upper, by_lower, by_sd = 0.0, 0.0, 0.0
                for k in range(n_node):
                    moved = eta + effect_sd * node[k]
                    d_upper, d_lower = 0.0, 0.0
                    if c != YES:
                        above = 1.0 / (1.0 + np.exp(-(moved - cutpoint[item, 0])))
                        d_upper = -above if c == NO else 1.0 - above
                    if c != NO:
                        top_share = 1.0 / (1.0 + np.exp(-(moved - cutpoint[item, 1])))
                        d_lower = 1.0 - top_share if c == YES else -top_share
                    by_upper += joint[k] * d_upper
                    by_lower += joint[k] * d_lower
                    by_sd += joint[k] * (d_upper + d_lower) * node[k]
                if c == ABSTAIN:
                    log_constant, by_gap = log_between(cutpoint[item, 1] - cutpoint[item, 0])
                    value += log_constant
                    d_cutpoint[item, 0] -= by_gap
                    d_cutpoint[item, 1] += by_gap
                d_cutpoint[item, 0] -= by_upper
                d_cutpoint[item, 1] -= by_lower
                d_discrimination[item] += ideal_point[place] * (by_upper + by_lower)
                d_ideal_point[place] += slope * (by_upper + by_lower)
                d_effect_sd += by_sd
    return value, d_ideal_point, d_discrimination, d_cutpoint, d_effect_sd
