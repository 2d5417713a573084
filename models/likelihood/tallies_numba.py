"""Kernel of the graded-response likelihood for counts of votes.

Every cell may hold all three responses, so it needs both logistic terms, and a logarithm for each.
"""

import numpy as np

from models.likelihood.votes_numba import (
    ABSTAIN,
    ELEMENT,
    LANES,
    NO,
    REDUCTION,
    SCALAR,
    YES,
    check_layout,
    exp_negative,
    log_between,
    round_up,
)


@ELEMENT
def log1p_ratio(w):
    """log(1 + z) from w = z / (2 + z), for z in [0, 1]: twice the inverse hyperbolic tangent of w."""
    q = w * w
    q2 = q * q
    q4 = q2 * q2
    # Near-minimax polynomial of 2 atanh(w) / w in w**2 on [0, 1/9], error 1e-16.
    high = 0.17780763826113302 * q + 0.09880789048764786
    middle = (0.13591305485579894 * q + 0.15363676248891633) * q2 + (
        0.1818285980047391 * q + 0.22222190861346283
    )
    low = (0.2857142911165716 * q + 0.399999999952876) * q2 + (0.6666666666668257 * q + 2.0)
    return w * ((high * q4 + middle) * q4 + low)


@REDUCTION
def pass_tallies(ideal_point, no, abstain, yes, gradient, size, padded, discrimination, lower_cut, upper_cut):
    """Both logistic terms of every cell, weighted by its counts."""
    linear = 0.0
    logarithms = 0.0
    by_upper = 0.0
    by_lower = 0.0
    by_discrimination = 0.0
    abstentions = 0.0
    for i in range(padded):
        n_no = np.float64(no[i] if i < size else 0)
        n_abstain = np.float64(abstain[i] if i < size else 0)
        n_yes = np.float64(yes[i] if i < size else 0)
        eta = ideal_point[i] * discrimination
        upper = eta - lower_cut
        lower = eta - upper_cut
        upper_distance = abs(upper)
        lower_distance = abs(lower)
        u = exp_negative(upper_distance)
        h = exp_negative(lower_distance)
        # One division serves both logistic functions and both logarithms.
        u1, u2, h1, h2 = 1.0 + u, 2.0 + u, 1.0 + h, 2.0 + h
        inverse = 1.0 / ((u1 * h1) * (u2 * h2))
        upper_inverse = inverse * (h1 * (u2 * h2))
        lower_inverse = inverse * (u1 * (u2 * h2))
        ratio = inverse * (u1 * h1)
        logarithms += (n_no + n_abstain) * log1p_ratio(u * (ratio * h2))
        logarithms += (n_abstain + n_yes) * log1p_ratio(h * (ratio * u2))
        linear += (n_abstain - n_no) * upper - (n_no + n_abstain) * upper_distance
        linear += (n_yes - n_abstain) * lower - (n_abstain + n_yes) * lower_distance
        g_upper = n_abstain * (u if upper > 0.0 else 1.0) - n_no * (1.0 if upper > 0.0 else u)
        g_lower = n_yes * (h if lower > 0.0 else 1.0) - n_abstain * (1.0 if lower > 0.0 else h)
        g_upper = g_upper * upper_inverse
        g_lower = g_lower * lower_inverse
        g = g_upper + g_lower
        by_upper += g_upper
        by_lower += g_lower
        by_discrimination += ideal_point[i] * g
        abstentions += n_abstain
        gradient[i] += discrimination * g
    return 0.5 * linear - logarithms, by_upper, by_lower, by_discrimination, abstentions


@SCALAR
def evaluate_tallies(ideal_point, discrimination, cutpoint, count, row_offset, item_idx, position_start):
    """Value and gradients for counts, int16 (response, cell); the rest as in ``evaluate_votes``."""
    n_position = ideal_point.shape[0]
    check_layout(n_position, discrimination.shape[0], count.shape[1], row_offset, item_idx, position_start)
    point = np.zeros(n_position + LANES)
    point[:n_position] = ideal_point
    d_point = np.zeros(n_position + LANES)
    d_discrimination = np.zeros(discrimination.shape[0])
    d_cutpoint = np.zeros(cutpoint.shape)
    value = 0.0
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        slope, lower_cut, upper_cut = discrimination[item], cutpoint[item, 0], cutpoint[item, 1]
        cell, size, first = row_offset[row], row_offset[row + 1] - row_offset[row], position_start[row]
        padded = round_up(size)
        part, by_upper, by_lower, by_slope, abstentions = pass_tallies(
            point[first : first + padded],
            count[NO, cell : cell + padded],
            count[ABSTAIN, cell : cell + padded],
            count[YES, cell : cell + padded],
            d_point[first : first + padded],
            size,
            padded,
            slope,
            lower_cut,
            upper_cut,
        )
        value += part
        gap = upper_cut - lower_cut
        if abstentions > 0.0:
            log_constant, slope_constant = log_between(gap)
            value += abstentions * log_constant
            by_upper += abstentions * slope_constant
            by_lower -= abstentions * slope_constant
        if gap < 0.0:
            value = -np.inf
        d_discrimination[item] += by_slope
        d_cutpoint[item, 0] -= by_upper
        d_cutpoint[item, 1] -= by_lower
    return value, d_point[:n_position].copy(), d_discrimination, d_cutpoint
