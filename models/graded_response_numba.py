"""Machine code of the fused graded-response likelihood: value and all gradients in one pass over the votes.

Write ``upper = eta - cutpoint[0]``, ``lower = eta - cutpoint[1]``, ``gap = cutpoint[1] - cutpoint[0]``, and s
for the logistic function. The three probabilities factor into logistic terms and a constant of the row::

    P(no)      = s(-upper)
    P(abstain) = s(upper) s(-lower) (1 - exp(-gap))
    P(yes)     = s(lower)

so every cell is a product of one or two terms s(x), with ``log s(x) = (x - |x|) / 2 - log(1 + exp(-|x|))`` and
derivative ``s(-x)``. ``exp(-|x|)`` lies in (0, 1]: nothing overflows whatever the size of eta or of the gap.
For 0/1 votes the factors ``1 + exp(-|x|)``, between 1 and 2, are multiplied along up to 512 cells before one
logarithm is taken. The second term of abstentions is added in a sparse pass, so that the dense pass needs one
exponential a cell.

Why it is written as it is: the dense loops hold no branch and no call that LLVM cannot turn into vector
instructions (exp and log1p are polynomials); they run over a multiple of ``LANES`` cells, the rest of a row
goes through a padded copy; sums may be reassociated in the loops that accumulate, never where rounding matters.
"""

from hashlib import sha256
from pathlib import Path

import numba
import numpy as np

# Part of the key under which machine code built on this file is cached.
SOURCE_HASH = int(sha256(Path(__file__).read_bytes()).hexdigest()[:12], 16)

LANES = 16
# A product of at most CHUNK factors below 2, on top of a running product below RENORMALISE, stays finite.
CHUNK = 512
RENORMALISE = 2.0**500
# Below this mean loss a cell, log(product) has lost digits to the ones; the value is then summed with log1p.
SMALL_LOSS = 1e-5

NO, ABSTAIN, YES, MISSING = 0, 1, 2, -1

LOG2_E = 1.4426950408889634

ELEMENT = {"fastmath": {"contract", "nsz", "arcp"}, "error_model": "numpy", "cache": True}
REDUCTION = {"fastmath": {"contract", "nsz", "arcp", "reassoc"}, "error_model": "numpy", "cache": True}


@numba.njit(**ELEMENT)
def exp_negative(distance):
    """exp(-distance) for distance >= 0; from 708.4 on it stays at the smallest normal number."""
    power = distance * -LOG2_E
    power = power if not (power < -1022.0) else -1022.0
    whole = np.floor(power + 0.5)
    f = power - whole
    f2 = f * f
    f4 = f2 * f2
    # Near-minimax polynomial of 2**f on [-1/2, 1/2], relative error 2.2e-16.
    high = 7.072585949269223e-09 * f2 + (1.0208690299958306e-07 * f + 1.321544258792169e-06)
    middle = (1.5252657260200837e-05 * f + 0.0001540353044173605) * f2 + (
        0.0013333558230164974 * f + 0.009618129107606888
    )
    low = (0.05550410866444772 * f + 0.24022650695910097) * f2 + (0.69314718055995 * f + 1.0)
    mantissa = (high * f4 + middle) * f4 + low
    # 32-bit conversion: every vector instruction set has it.
    exponent = (np.int64(np.int32(whole)) + np.int64(1023)) << np.int64(52)
    return mantissa * np.int64(exponent).view(np.float64)


@numba.njit(**ELEMENT)
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


@numba.njit(**REDUCTION)
def pass_votes(ideal_point, code, gradient, size, discrimination, lower_cut, upper_cut):
    """First logistic term of every vote: s(-upper) of a no, s(upper) of an abstention, s(lower) of a yes."""
    linear = 0.0
    product = 1.0
    by_eta = 0.0
    by_lower = 0.0
    by_discrimination = 0.0
    abstentions = 0.0
    for i in range(size):
        c = code[i]
        is_yes = c == YES
        sign = -1.0 if c == NO else (1.0 if c > NO else 0.0)
        x = sign * (ideal_point[i] * discrimination - (upper_cut if is_yes else lower_cut))
        distance = abs(x)
        z = exp_negative(distance)
        inverse = 1.0 / (1.0 + z)
        g = sign * ((z if x > 0.0 else 1.0) * inverse)
        linear += x - distance
        product *= 1.0 + abs(sign) * z
        by_eta += g
        by_lower += g if is_yes else 0.0
        by_discrimination += ideal_point[i] * g
        abstentions += np.float64(c == ABSTAIN)
        gradient[i] += discrimination * g
    return linear, product, by_eta - by_lower, by_lower, by_discrimination, abstentions


@numba.njit(**REDUCTION)
def pass_abstentions(ideal_point, gradient, size, discrimination, upper_cut):
    """Second logistic term of abstentions, s(-lower); their ideal points come gathered."""
    linear = 0.0
    product = 1.0
    by_lower = 0.0
    by_discrimination = 0.0
    for i in range(size):
        x = upper_cut - ideal_point[i] * discrimination
        distance = abs(x)
        z = exp_negative(distance)
        inverse = 1.0 / (1.0 + z)
        g = -((z if x > 0.0 else 1.0) * inverse)
        linear += x - distance
        product *= 1.0 + z
        by_lower += g
        by_discrimination += ideal_point[i] * g
        gradient[i] = discrimination * g
    return linear, product, by_lower, by_discrimination


@numba.njit(**REDUCTION)
def pass_tallies(ideal_point, no, abstain, yes, gradient, size, discrimination, lower_cut, upper_cut):
    """Both logistic terms of every cell, weighted by its counts."""
    linear = 0.0
    logarithms = 0.0
    by_upper = 0.0
    by_lower = 0.0
    by_discrimination = 0.0
    abstentions = 0.0
    for i in range(size):
        n_no, n_abstain, n_yes = np.float64(no[i]), np.float64(abstain[i]), np.float64(yes[i])
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


@numba.njit(error_model="numpy", cache=True)
def log_one_minus_exp(gap):
    """log(1 - exp(-gap)), exact to rounding for small and for large gaps."""
    if gap < 0.6931471805599453:
        return np.log(-np.expm1(-gap))
    return np.log1p(-np.exp(-gap))


@numba.njit(error_model="numpy", cache=True)
def check_layout(n_position, n_item, n_cell, row_offset, item_idx, position_start):
    """Raise where a row would read or write outside the arrays (compiled code would do it silently)."""
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


@numba.njit(error_model="numpy", cache=True)
def sum_small_losses(ideal_point, discrimination, cutpoint, code, row_offset, item_idx, position_start):
    """Value alone, one log1p a term: digits are kept where nearly every vote is foretold with certainty."""
    value = 0.0
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        constant = log_one_minus_exp(cutpoint[item, 1] - cutpoint[item, 0])
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


@numba.njit(error_model="numpy", cache=True)
def evaluate_votes(
    ideal_point,
    discrimination,
    cutpoint,
    code,
    row_offset,
    item_idx,
    position_start,
    abstain_idx,
    abstain_offset,
):
    """Value and gradients for one vote a cell; arrays as in ``graded_response.Votes``, all C-contiguous.

    Returns
    -------
    value, d_ideal_point, d_discrimination, d_cutpoint
    """
    n_cell = code.shape[0]
    check_layout(ideal_point.shape[0], discrimination.shape[0], n_cell, row_offset, item_idx, position_start)
    if abstain_offset.shape[0] != item_idx.shape[0] + 1:
        raise ValueError("votes: abstain_offset does not describe the same rows")
    d_ideal_point = np.zeros(ideal_point.shape[0])
    d_discrimination = np.zeros(discrimination.shape[0])
    d_cutpoint = np.zeros(cutpoint.shape)
    padded_point = np.zeros(LANES)
    padded_code = np.empty(LANES, np.int8)
    padded_gradient = np.empty(LANES)
    gathered_point = np.empty(CHUNK)
    gathered_gradient = np.empty(CHUNK)
    value = 0.0
    product = 1.0
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        slope, lower_cut, upper_cut = discrimination[item], cutpoint[item, 0], cutpoint[item, 1]
        cell, length, start = row_offset[row], row_offset[row + 1] - row_offset[row], position_start[row]
        linear, by_upper, by_lower, by_slope, abstentions = 0.0, 0.0, 0.0, 0.0, 0.0
        for begin in range(0, length, CHUNK):
            size = min(CHUNK, length - begin)
            body = size - size % LANES
            part = pass_votes(
                ideal_point[start + begin : start + begin + body],
                code[cell + begin : cell + begin + body],
                d_ideal_point[start + begin : start + begin + body],
                body,
                slope,
                lower_cut,
                upper_cut,
            )
            linear += part[0]
            product *= part[1]
            by_upper += part[2]
            by_lower += part[3]
            by_slope += part[4]
            abstentions += part[5]
            if body < size:
                padded_code[:] = MISSING
                padded_gradient[:] = 0.0
                for i in range(body, size):
                    padded_point[i - body] = ideal_point[start + begin + i]
                    padded_code[i - body] = code[cell + begin + i]
                part = pass_votes(
                    padded_point, padded_code, padded_gradient, LANES, slope, lower_cut, upper_cut
                )
                for i in range(body, size):
                    d_ideal_point[start + begin + i] += padded_gradient[i - body]
                linear += part[0]
                product *= part[1]
                by_upper += part[2]
                by_lower += part[3]
                by_slope += part[4]
                abstentions += part[5]
            if product > RENORMALISE:
                value -= np.log(product)
                product = 1.0
        n_abstain = abstain_offset[row + 1] - abstain_offset[row]
        if n_abstain != abstentions:
            raise ValueError("votes: abstain_idx does not list the abstentions in code")
        for begin in range(0, n_abstain, CHUNK):
            size = min(CHUNK, n_abstain - begin)
            listed = abstain_idx[abstain_offset[row] + begin : abstain_offset[row] + begin + size]
            for i in range(size):
                if listed[i] < 0 or listed[i] >= length:
                    raise ValueError("votes: abstain_idx does not list the abstentions in code")
                gathered_point[i] = ideal_point[start + listed[i]]
            second = pass_abstentions(gathered_point, gathered_gradient, size, slope, upper_cut)
            for i in range(size):
                d_ideal_point[start + listed[i]] += gathered_gradient[i]
            linear += second[0]
            product *= second[1]
            by_lower += second[2]
            by_slope += second[3]
            if product > RENORMALISE:
                value -= np.log(product)
                product = 1.0
        value += 0.5 * linear
        gap = upper_cut - lower_cut
        if n_abstain > 0:
            value += n_abstain * log_one_minus_exp(gap)
            by_upper += n_abstain / np.expm1(gap)
            by_lower -= n_abstain / np.expm1(gap)
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


@numba.njit(error_model="numpy", cache=True)
def evaluate_tallies(ideal_point, discrimination, cutpoint, count, row_offset, item_idx, position_start):
    """Value and gradients for counts, int32 (response, cell); the rest as in ``evaluate_votes``."""
    check_layout(
        ideal_point.shape[0], discrimination.shape[0], count.shape[1], row_offset, item_idx, position_start
    )
    d_ideal_point = np.zeros(ideal_point.shape[0])
    d_discrimination = np.zeros(discrimination.shape[0])
    d_cutpoint = np.zeros(cutpoint.shape)
    padded_point = np.zeros(LANES)
    padded_count = np.empty((3, LANES), np.int32)
    padded_gradient = np.empty(LANES)
    value = 0.0
    for row in range(item_idx.shape[0]):
        item = item_idx[row]
        slope, lower_cut, upper_cut = discrimination[item], cutpoint[item, 0], cutpoint[item, 1]
        cell, length, start = row_offset[row], row_offset[row + 1] - row_offset[row], position_start[row]
        body = length - length % LANES
        part, by_upper, by_lower, by_slope, abstentions = pass_tallies(
            ideal_point[start : start + body],
            count[NO, cell : cell + body],
            count[ABSTAIN, cell : cell + body],
            count[YES, cell : cell + body],
            d_ideal_point[start : start + body],
            body,
            slope,
            lower_cut,
            upper_cut,
        )
        value += part
        if body < length:
            padded_count[:] = 0
            padded_gradient[:] = 0.0
            for i in range(body, length):
                padded_point[i - body] = ideal_point[start + i]
                for response in range(3):
                    padded_count[response, i - body] = count[response, cell + i]
            tail = pass_tallies(
                padded_point,
                padded_count[NO],
                padded_count[ABSTAIN],
                padded_count[YES],
                padded_gradient,
                LANES,
                slope,
                lower_cut,
                upper_cut,
            )
            for i in range(body, length):
                d_ideal_point[start + i] += padded_gradient[i - body]
            value += tail[0]
            by_upper += tail[1]
            by_lower += tail[2]
            by_slope += tail[3]
            abstentions += tail[4]
        gap = upper_cut - lower_cut
        if abstentions > 0.0:
            value += abstentions * log_one_minus_exp(gap)
            by_upper += abstentions / np.expm1(gap)
            by_lower -= abstentions / np.expm1(gap)
        if gap < 0.0:
            value = -np.inf
        d_discrimination[item] += by_slope
        d_cutpoint[item, 0] -= by_upper
        d_cutpoint[item, 1] -= by_lower
    return value, d_ideal_point, d_discrimination, d_cutpoint
