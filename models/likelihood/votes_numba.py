"""Kernel of the graded-response likelihood of single votes: value and all gradients in one pass.

Write ``upper = eta - cutpoint[0]``, ``lower = eta - cutpoint[1]``, ``gap = cutpoint[1] - cutpoint[0]``, and s
for the logistic function. The three probabilities factor into logistic terms and a constant of the row::

    P(no)      = s(-upper)
    P(abstain) = s(upper) s(-lower) (1 - exp(-gap))
    P(yes)     = s(lower)

Every cell is therefore a product of one or two terms s(x), with ``log s(x) = (x - |x|)/2 - log(1 +
exp(-|x|))`` and derivative ``s(-x)``. ``exp(-|x|)`` is in (0, 1], so nothing overflows, however large eta or
the gap. The factors ``1 + exp(-|x|)``, between 1 and 2, are multiplied along a row, and one logarithm is
taken of the product. The second terms of a row's abstentions are appended to its cells, so that one loop
handles all terms, with one exponential each.

LLVM must be able to vectorise the loop: it has no branch and no call (the exponential is a polynomial), and
it runs over a multiple of ``LANES`` terms, padded with missing ones. Small edits, such as a sign as a factor,
stop LLVM from vectorising and cost a factor of eight: measure after every edit. Sums may be reassociated in
the loop that accumulates, never in the exponential, where that would undo the rounding trick.
"""

import numpy as np

from models.likelihood.source import kernel

LANES = 16
# Rows are processed in chunks of this many cells. The product of twice as many factors, each at most 2, and
# of a running product below RENORMALISE stays finite.
CHUNK = 448
RENORMALISE = 2.0**100
# Below this mean loss per cell the product is too close to 1 to keep its digits; log1p is summed instead.
SMALL_LOSS = 1e-5

NO, ABSTAIN, YES, MISSING = 0, 1, 2, -1
# Code of the second term of an abstention.
SECOND = 3

ROUNDING = 1.5 * 2.0**52
LOG2_E = 1.4426950408889634

ELEMENT = kernel("contract", "nsz", "arcp")
SCALAR = kernel()
REDUCTION = kernel("contract", "nsz", "arcp", "reassoc")


@ELEMENT
def exp_negative(distance):
    """exp(-distance) for distance >= 0; from 707.0 on it is 2**-1020."""
    power = distance * -LOG2_E
    power = power if not (power < -1020.0) else -1020.0
    # Adding 1.5 * 2**52 rounds to an integer and leaves it in the lowest bits. Reassociation would undo this,
    # so this function must be compiled without it.
    shifted = power + ROUNDING
    f = power - (shifted - ROUNDING)
    f2 = f * f
    f4 = f2 * f2
    # Near-minimax polynomial of 2**f on [-1/2, 1/2], relative error 8e-13.
    low = (0.05550410941205933 * f + 0.2402265069581299) * f2 + (0.6931471805459335 * f + 1.0)
    middle = (1.5310079402249296e-05 * f + 0.00015403455852453838) * f2 + (
        0.0013333450568000645 * f + 0.009618129159402558
    )
    mantissa = (1.3255224878668817e-06 * f4 + middle) * f4 + low
    # The integer goes into the exponent.
    bits = np.float64(mantissa).view(np.int64) + (np.float64(shifted).view(np.int64) << np.int64(52))
    return np.int64(bits).view(np.float64)


@REDUCTION
def pass_terms(ideal_point, code, gradient, size, discrimination, lower_cut, upper_cut):
    """Sum log-logistic terms and their derivatives over a row, laid out by ``evaluate_votes``."""
    linear = 0.0
    product = 1.0
    by_upper = 0.0
    by_lower = 0.0
    by_discrimination = 0.0
    for i in range(size):
        c = code[i]
        at_upper_cut = c >= YES
        away = ideal_point[i] * discrimination - (upper_cut if at_upper_cut else lower_cut)
        x = -away if (c == NO) | (c == SECOND) else away
        distance = abs(x)
        z = exp_negative(distance)
        one_plus = 1.0 + z
        inverse = 1.0 / one_plus
        g = (z if x > 0.0 else 1.0) * inverse
        g = -g if (c == NO) | (c == SECOND) else g
        g = g if c > MISSING else 0.0
        linear += 0.0 if (x > 0.0) | (c == MISSING) else x
        product *= one_plus if c > MISSING else 1.0
        # Each cutpoint has its own sum: computed as a difference, a small one would be lost in rounding.
        share = 1.0 if at_upper_cut else 0.0
        by_lower += share * g
        by_upper += (1.0 - share) * g
        by_discrimination += ideal_point[i] * g
        gradient[i] = discrimination * g
    return linear, product, by_upper, by_lower, by_discrimination


@SCALAR
def round_up(size):
    """Return the next multiple of LANES."""
    return (size + LANES - 1) // LANES * LANES


@SCALAR
def log_between(gap):
    """log(1 - exp(-gap)) and its derivative, exact to rounding for small and for large gaps."""
    if gap < 0.6931471805599453:
        between = -np.expm1(-gap)
        return np.log(between), (1.0 - between) / between
    outside = np.exp(-gap)
    return np.log1p(-outside), outside / (1.0 - outside)


@SCALAR
def check_layout(n_position, n_item, n_cell, row_offset, item_idx, position_start):
    """Raise if a row would read or write outside the arrays, which compiled code would do silently."""
    n_row = item_idx.shape[0]
    if row_offset.shape[0] != n_row + 1 or position_start.shape[0] != n_row:
        raise ValueError("votes: row_offset, item_idx and position_start do not describe the same rows")
    if row_offset[0] != 0 or row_offset[n_row] != n_cell:
        raise ValueError("votes: row_offset does not span the cells")
    for row in range(n_row):
        length = row_offset[row + 1] - row_offset[row]
        if length < 0:
            raise ValueError("votes: row_offset decreases")
        if position_start[row] < 0 or position_start[row] + length > n_position:
            raise ValueError("votes: a row reaches beyond the ideal points")
        if item_idx[row] < 0 or item_idx[row] >= n_item:
            raise ValueError("votes: item_idx is outside the items")


@SCALAR
def check_abstentions(n_position, code, abstain_position, abstain_offset):
    """Raise if the list of abstentions does not match the codes."""
    abstentions = 0
    for i in range(code.shape[0]):
        abstentions += code[i] == ABSTAIN
    outside = 0
    for i in range(abstain_position.shape[0]):
        outside += (abstain_position[i] < 0) | (abstain_position[i] >= n_position)
    if outside > 0 or abstentions != abstain_position.shape[0]:
        raise ValueError("votes: abstain_position does not list the abstentions in response")
    previous = 0
    for i in range(abstain_offset.shape[0]):
        if abstain_offset[i] < previous or abstain_offset[i] > abstentions:
            raise ValueError("votes: abstain_offset does not list the abstentions in response")
        previous = abstain_offset[i]


@SCALAR
def sum_small_losses(ideal_point, discrimination, cutpoint, code, row_offset, item_idx, position_start):
    """Value alone, one log1p per term: accurate where nearly every vote is certain."""
    value = 0.0
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        constant, _ = log_between(cutpoint[item, 1] - cutpoint[item, 0])
        for cell in range(row_offset[row], row_offset[row + 1]):
            eta = discrimination[item] * ideal_point[position_start[row] + cell - row_offset[row]]
            upper = eta - cutpoint[item, 0]
            lower = eta - cutpoint[item, 1]
            c = code[cell]
            if c in (NO, ABSTAIN):
                x = upper if c == ABSTAIN else -upper
                value += min(x, 0.0) - np.log1p(np.exp(-abs(x)))
            if c in (YES, ABSTAIN):
                x = lower if c == YES else -lower
                value += min(x, 0.0) - np.log1p(np.exp(-abs(x)))
            if c == ABSTAIN:
                value += constant
    return value


@SCALAR
def evaluate_votes(
    ideal_point,
    discrimination,
    cutpoint,
    code,
    row_offset,
    item_idx,
    position_start,
    abstain_position,
    abstain_offset,
):
    """Value and gradients for one vote per cell; arrays as in ``votes.Votes``, all C-contiguous.

    Returns
    -------
    value, d_ideal_point, d_discrimination, d_cutpoint
    """
    n_cell = code.shape[0]
    check_layout(ideal_point.shape[0], discrimination.shape[0], n_cell, row_offset, item_idx, position_start)
    n_position = ideal_point.shape[0]
    check_abstentions(n_position, code, abstain_position, abstain_offset)
    d_ideal_point = np.zeros(n_position)
    d_discrimination = np.zeros(discrimination.shape[0])
    d_cutpoint = np.zeros(cutpoint.shape)
    term_point = np.zeros(2 * CHUNK + LANES)
    term_code = np.empty(2 * CHUNK + LANES, np.int8)
    term_gradient = np.empty(2 * CHUNK + LANES)
    value = 0.0
    product = 1.0
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        slope, lower_cut, upper_cut = discrimination[item], cutpoint[item, 0], cutpoint[item, 1]
        cell, length, start = row_offset[row], row_offset[row + 1] - row_offset[row], position_start[row]
        listed, stop = abstain_offset[row], abstain_offset[row + 1]
        n_abstain = stop - listed
        by_upper, by_lower, by_slope = 0.0, 0.0, 0.0
        for begin in range(0, length, CHUNK):
            size = min(CHUNK, length - begin)
            end = stop
            while length > CHUNK and end > listed and abstain_position[end - 1] >= start + begin + size:
                end -= 1
            n_second = end - listed
            points = ideal_point[start + begin : start + begin + size]
            codes = code[cell + begin : cell + begin + size]
            second = abstain_position[listed:end]
            for i in range(size):
                term_point[i] = points[i]
            for i in range(size):
                term_code[i] = codes[i]
            for i in range(n_second):
                term_point[size + i] = ideal_point[np.uint64(second[i])]
                term_code[size + i] = SECOND
            padded = round_up(size + n_second)
            for i in range(size + n_second, padded):
                term_code[i] = MISSING
            part = pass_terms(term_point, term_code, term_gradient, padded, slope, lower_cut, upper_cut)
            gradient = d_ideal_point[start + begin : start + begin + size]
            for i in range(size):
                gradient[i] += term_gradient[i]
            for i in range(n_second):
                d_ideal_point[np.uint64(second[i])] += term_gradient[size + i]
            listed = end
            value += part[0]
            product *= part[1]
            by_upper += part[2]
            by_lower += part[3]
            by_slope += part[4]
            if product > RENORMALISE:
                value -= np.log(product)
                product = 1.0
        gap = upper_cut - lower_cut
        if n_abstain > 0:
            log_constant, slope_constant = log_between(gap)
            value += n_abstain * log_constant
            by_upper += n_abstain * slope_constant
            by_lower -= n_abstain * slope_constant
        if gap < 0.0:
            value = -np.inf
        d_discrimination[item] += by_slope
        d_cutpoint[item, 0] -= by_upper
        d_cutpoint[item, 1] -= by_lower
    value -= np.log(product)
    if -value < SMALL_LOSS * n_cell:
        value = sum_small_losses(
            ideal_point, discrimination, cutpoint, code, row_offset, item_idx, position_start
        )
    return value, d_ideal_point, d_discrimination, d_cutpoint
