"""Rough estimates from the votes alone: where chains begin, and where items are centred.

Neither changes the posterior: the first only shortens warm-up, the second only names the coordinates in
which the sampler moves.
"""

from typing import NamedTuple

import numpy as np


class Start(NamedTuple):
    """Rough estimates of positions and items.

    Attributes
    ----------
    position : np.ndarray
        (state,), float, mean 0 and sd 1.
    discrimination : np.ndarray
        (item,), float, logits per sd.
    midpoint : np.ndarray
        (item,), float, logits.
    centre : np.ndarray
        (item,), float: the position at which the item divides the states, on the scale of ``position``.
    upper_weight : np.ndarray
        (item,), float, 0 to 1: share of what the votes say about the cutpoints that concerns the upper one.
    """

    position: np.ndarray
    discrimination: np.ndarray
    midpoint: np.ndarray
    centre: np.ndarray
    upper_weight: np.ndarray


def estimate_start(counts: np.ndarray, direction: np.ndarray) -> Start:
    """States on the leading singular vector of their centred answers, items by logistic regression on it.

    Parameters
    ----------
    counts : np.ndarray
        (item, state, 3), int >= 0.
    direction : np.ndarray
        (item,), float: 1, 0 or -1, the side on which the upper end votes.

    Returns
    -------
    Start
    """
    answered = counts.sum(-1).astype(float)
    share = (counts[..., 2] + 0.5 * counts[..., 1]) / np.maximum(answered, 1)
    item_share = (share * answered).sum(1, keepdims=True) / np.maximum(answered.sum(1, keepdims=True), 1)
    centred = np.where(answered > 0, share - item_share, 0.0)
    position = np.linalg.svd(centred, full_matrices=False)[2][0]
    position = (position - position.mean()) / max(position.std(), 1e-12)
    if direction @ (centred @ position) < 0:
        position = -position
    slope, midpoint, centre = _logistic_regressions(share, answered, position)
    below = counts.sum(1).cumsum(-1)
    informed = np.minimum(below[:, :2], below[:, 2:] - below[:, :2]) + 0.5
    return Start(position, slope, midpoint, centre, informed[:, 1] / informed.sum(1))


def _logistic_regressions(share, answered, position, *, penalty=0.1, steps=12):
    """Share of yes on position, all items at once, by penalised Newton steps.

    The penalty keeps a perfectly divided item finite; the centre is the mean position weighted by what each
    state's answer says about the item.
    """
    slope, midpoint = np.zeros(len(share)), np.zeros(len(share))
    for _ in range(steps):
        fitted = 1 / (1 + np.exp(-(slope[:, None] * position - midpoint[:, None])))
        weight = answered * fitted * (1 - fitted)
        residual = answered * (share - fitted)
        total, first, second = weight.sum(1), weight @ position, weight @ position**2
        g_slope = residual @ position - penalty * slope
        g_midpoint = -residual.sum(1) - penalty * midpoint
        a, b, d = second + penalty, -first, total + penalty
        determinant = a * d - b * b
        # Steps are cut: far from the optimum a logistic curve is too flat for Newton's.
        slope = slope + np.clip((d * g_slope - b * g_midpoint) / determinant, -2, 2)
        midpoint = midpoint + np.clip((a * g_midpoint - b * g_slope) / determinant, -4, 4)
    return slope, midpoint, first / np.maximum(total, 1e-12)
