"""Kernel of absences: whether states were there at roll calls, value and all gradients in one pass.

The awkwardness of a roll call for a state is twice the probability that two decisions of the state would
differ: 0 if its answer is certain, 1 if it is torn evenly between two answers. Write A and T for the
probabilities of more than a no and of a yes. Then it is ``2 (1 - (1 - A)^2 - (A - T)^2 - T^2)``.

A state that did as at the roll call before on the same day has at least the probability ``inertia``: the
product of a few such cells cannot underflow. The others are logistic terms, as in ``votes_numba``.
"""

import numpy as np

from models.likelihood.repeated.inertia_numba import LEAST_INERTIA, STRETCH
from models.likelihood.votes_numba import MISSING, REDUCTION, SCALAR, exp_negative

PRESENT, ABSENT, STAYED_PRESENT, STAYED_ABSENT = 0, 1, 2, 3
"""What a state did. The last two: as at the roll call before on the same day."""


FAR = 200.0
"""Distance from a cutpoint, logits, beyond which an answer is taken as certain."""
CERTAIN = 1e100
"""Odds beyond which it is. Products of odds then stay finite."""


@REDUCTION
def pass_absences(point, usual, code, by_eta, by_usual, size, slope, lower_cut, odds, weight, inertia):
    """Sum logarithms over a stretch of cells, as a sum and the factors of a ratio, and their derivatives.

    ``odds`` are the exponential of the distance between the cutpoints. Few arrays and divisions: LLVM does
    not vectorise a loop with more arrays, and divisions take most of the time.
    """
    anew = 1.0 - inertia
    linear, above_one, product = 0.0, 1.0, 1.0
    by_upper, by_lower, by_slope, by_weight, by_inertia = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(size):
        c = code[i]
        stayed = c > ABSENT
        chosen = (c > MISSING) & (c <= ABSENT)
        upper = point[i] * slope - lower_cut
        against_above = exp_negative(min(max(upper, -FAR), FAR))
        against_top = min(against_above * odds, CERTAIN)
        # Probabilities of more than a no, and of a yes.
        one_above, one_top = 1.0 + against_above, 1.0 + against_top
        both = 1.0 / (one_above * one_top)
        above, top = both * one_top, both * one_above
        bottom, less = against_above * above, against_top * top
        middle = above - top
        awkward = 2.0 * (1.0 - bottom * bottom - middle * middle - top * top)
        away = usual[i] + weight * awkward
        absent = (c == ABSENT) | (c == STAYED_ABSENT)
        x = away if absent else -away
        z = exp_negative(abs(x))
        one_plus = 1.0 + z
        likely = 1.0 / one_plus
        p = likely if x > 0.0 else z * likely
        other = z * likely if x > 0.0 else likely
        q = inertia + anew * p
        rest = other / q
        g = anew * p * rest if stayed else other
        g = g if absent else -g
        g = g if c > MISSING else 0.0
        linear += x if (x < 0.0) & chosen else 0.0
        above_one *= one_plus if chosen else 1.0
        product *= q if stayed else 1.0
        by_inertia += rest if stayed else 0.0
        by_weight += g * awkward
        by_awkward = 4.0 * g * weight
        d_upper = by_awkward * (bottom - middle) * above * bottom
        d_lower = by_awkward * (middle - top) * top * less
        by_upper += d_upper
        by_lower += d_lower
        by_slope += point[i] * (d_upper + d_lower)
        by_eta[i] = d_upper + d_lower
        by_usual[i] = g
    return linear, above_one, product, by_upper, by_lower, by_slope, by_weight, by_inertia


@SCALAR
def evaluate_absences(
    ideal_point, discrimination, cutpoint, usual, tendency, weight, inertia, code, group_idx
):
    """Value and gradients, without the factor ``1 - inertia`` of those who changed within a day.

    Arrays as in ``absence.absence_logp``, all C-contiguous.

    Returns
    -------
    value, d_ideal_point, d_discrimination, d_cutpoint, d_usual, d_tendency, d_weight, d_inertia
    """
    n_item, n_state = code.shape
    shapes = ideal_point.shape[0] == usual.shape[0] == group_idx.shape[0] == n_state
    if not shapes or not (n_item == discrimination.shape[0] == cutpoint.shape[0] == tendency.shape[0]):
        raise ValueError("absences: the parameters are not of these states and roll calls")
    for i in range(n_state):
        if group_idx[i] < 0 or group_idx[i] >= tendency.shape[1]:
            raise ValueError("absences: group_idx is outside the groups")
    d_ideal_point, d_usual = np.zeros(n_state), np.zeros(n_state)
    d_discrimination, d_cutpoint = np.zeros(n_item), np.zeros(cutpoint.shape)
    d_tendency = np.zeros(tendency.shape)
    d_weight, d_inertia = 0.0, 0.0
    value = 0.0 if LEAST_INERTIA < inertia < 1.0 else -np.inf
    # Stretches are full: what is over counts as missing.
    length = (n_state + STRETCH - 1) // STRETCH * STRETCH
    point, row, by_eta, by_row = np.zeros(length), np.zeros(length), np.empty(length), np.empty(length)
    codes = np.full(length, MISSING, np.int8)
    point[:n_state] = ideal_point
    for item in range(n_item):
        slope, lower_cut = discrimination[item], cutpoint[item, 0]
        odds = np.exp(min(cutpoint[item, 1] - lower_cut, FAR))
        for i in range(n_state):
            codes[i] = code[item, i]
            row[i] = usual[i] + tendency[item, group_idx[i]]
        for begin in range(0, length, STRETCH):
            end = begin + STRETCH
            part = pass_absences(
                point[begin:end],
                row[begin:end],
                codes[begin:end],
                by_eta[begin:end],
                by_row[begin:end],
                STRETCH,
                slope,
                lower_cut,
                odds,
                weight,
                inertia,
            )
            value += part[0] - np.log(part[1] / part[2])
            d_cutpoint[item, 0] -= part[3]
            d_cutpoint[item, 1] -= part[4]
            d_discrimination[item] += part[5]
            d_weight += part[6]
            d_inertia += part[7]
        for i in range(n_state):
            d_ideal_point[i] += slope * by_eta[i]
            d_usual[i] += by_row[i]
            d_tendency[item, group_idx[i]] += by_row[i]
    return value, d_ideal_point, d_discrimination, d_cutpoint, d_usual, d_tendency, d_weight, d_inertia
