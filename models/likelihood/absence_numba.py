"""Kernel of absences: whether states were there at roll calls, value and all gradients in one pass.

The awkwardness of a roll call for a state is twice the probability that two decisions of the state would
differ: 0 if its answer is certain, 1 if it is torn evenly between two answers. Write A and T for the
probabilities of more than a no and of a yes. Then it is ``2 (1 - (1 - A)^2 - (A - T)^2 - T^2)``.

With ``odds`` of being absent, and probability rho of doing as at the roll call before on the same day, what a
state did has the probability ``(a + b odds) / (1 + odds)``::

    present           a = 1, b = 0          present as before   a = 1, b = rho
    absent            a = 0, b = 1          absent as before    a = rho, b = 1

A state without a choice has a = b = 1. Those who changed within a day decided anew, which has the probability
``1 - rho``: a factor that is not computed here.
"""

import numpy as np

from models.likelihood.votes_numba import MISSING, REDUCTION, SCALAR, exp_negative

PRESENT, ABSENT, STAYED_PRESENT, STAYED_ABSENT = 0, 1, 2, 3
"""What a state did. The last two: as at the roll call before on the same day."""


STRETCH = 32
"""Cells whose probabilities are multiplied before a logarithm is taken. LLVM vectorises the loop."""
FAR = 200.0
"""Distance from a cutpoint, logits, beyond which an answer is taken as certain."""
CERTAIN = 1e100
"""Odds beyond which it is. Products of odds then stay finite."""
FARTHEST = 20.0
"""Log odds of absence beyond which they are taken as no larger: a product over a stretch stays finite."""


@REDUCTION
def pass_absences(point, usual, code, by_eta, by_usual, size, slope, lower_cut, gap_odds, weight, inertia):
    """Return numerator and denominator of the probability of a stretch of cells, and its derivatives.

    ``gap_odds`` is the exponential of the distance between the cutpoints. Few arrays and divisions: LLVM does
    not vectorise a loop with more arrays, and divisions take much of the time.
    """
    numerator, denominator = 1.0, 1.0
    by_upper, by_lower, by_slope, by_weight, by_inertia = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(size):
        c = code[i]
        upper = point[i] * slope - lower_cut
        against_above = exp_negative(min(max(upper, -FAR), FAR))
        against_top = min(against_above * gap_odds, CERTAIN)
        one_above, one_top = 1.0 + against_above, 1.0 + against_top
        both = 1.0 / (one_above * one_top)
        above, top = both * one_top, both * one_above
        bottom, less = against_above * above, against_top * top
        middle = above - top
        awkward = 2.0 * (1.0 - bottom * bottom - middle * middle - top * top)
        away = usual[i] + weight * awkward
        odds = exp_negative(-min(max(away, -FARTHEST), FARTHEST))
        a = inertia if c == STAYED_ABSENT else (0.0 if c == ABSENT else 1.0)
        b = inertia if c == STAYED_PRESENT else (0.0 if c == PRESENT else 1.0)
        part, whole = a + b * odds, 1.0 + odds
        inverse = 1.0 / (part * whole)
        g = odds * (b - a) * inverse
        moved = odds if c == STAYED_PRESENT else (1.0 if c == STAYED_ABSENT else 0.0)
        numerator *= part
        denominator *= whole
        by_inertia += moved * whole * inverse
        by_weight += g * awkward
        by_awkward = 4.0 * g * weight
        d_upper = by_awkward * (bottom - middle) * above * bottom
        d_lower = by_awkward * (middle - top) * top * less
        by_upper += d_upper
        by_lower += d_lower
        by_slope += point[i] * (d_upper + d_lower)
        by_eta[i] = d_upper + d_lower
        by_usual[i] = g
    return numerator, denominator, by_upper, by_lower, by_slope, by_weight, by_inertia


@SCALAR
def evaluate_absences(
    ideal_point, discrimination, cutpoint, usual, tendency, weight, inertia, code, group_idx
):
    """Value and gradients.

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
    value = 0.0
    # Stretches are full: what is over counts as missing.
    length = (n_state + STRETCH - 1) // STRETCH * STRETCH
    point, row, by_eta, by_row = np.zeros(length), np.zeros(length), np.empty(length), np.empty(length)
    codes = np.full(length, MISSING, np.int8)
    point[:n_state] = ideal_point
    for item in range(n_item):
        slope, lower_cut = discrimination[item], cutpoint[item, 0]
        gap_odds = np.exp(min(cutpoint[item, 1] - lower_cut, FAR))
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
                gap_odds,
                weight,
                inertia,
            )
            value += np.log(part[0]) - np.log(part[1])
            d_cutpoint[item, 0] -= part[2]
            d_cutpoint[item, 1] -= part[3]
            d_discrimination[item] += part[4]
            d_weight += part[5]
            d_inertia += part[6]
        for i in range(n_state):
            d_ideal_point[i] += slope * by_eta[i]
            d_usual[i] += by_row[i]
            d_tendency[item, group_idx[i]] += by_row[i]
    return value, d_ideal_point, d_discrimination, d_cutpoint, d_usual, d_tendency, d_weight, d_inertia
