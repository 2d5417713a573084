"""Rough estimates from the votes alone: where chains begin, and where items are centred.

Neither changes the posterior. The first shortens warm-up, the second chooses the sampler's coordinates.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

WIDTH = 1.5
"""Standard deviation of chains' starts about a mode, in standard deviations of the posterior."""
LEAST = 1e-2
"""Information on a state's position that is taken for granted: the errors of silent states stay finite."""
US_SIDE = {"yes": 1.0, "abstain": 0.0, "no": -1.0, "absent": 0.0}


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
        (item,), float, 0 to 1: share of the votes' information on the cutpoints that concerns the upper one.
    gap_error : np.ndarray
        (item,), float: error of the log gap between the cutpoints, from the number of abstentions.
    position_error : np.ndarray
        (state,), float > 0: error of the positions, from the slopes and the number of divided answers.
    """

    position: np.ndarray
    discrimination: np.ndarray
    midpoint: np.ndarray
    centre: np.ndarray
    upper_weight: np.ndarray | None = None
    gap_error: np.ndarray | None = None
    position_error: np.ndarray | None = None


def prepare_direction(votes: xr.Dataset) -> np.ndarray:
    """Find, for each item, the end of the responses at which the United States stands.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``. Responses are no/abstain/yes, with ``us_vote`` (item), or
        against/abstain/with the US.

    Returns
    -------
    np.ndarray
        (item,), float: 1 the last response (yes, or with the US), -1 the first, 0 neither.
    """
    if votes["response"].values[-1] == "with":
        return np.ones(votes.sizes["item"])
    return np.array([US_SIDE[str(vote)] for vote in votes["us_vote"].values])


def estimate_start(counts: np.ndarray, direction: np.ndarray) -> Start:
    """Place states on the leading singular vector of their centred answers; regress each item on it.

    ``counts`` (item, state, 3) are at least 0; ``direction`` (item,) is from ``prepare_direction``.
    """
    answered, share = _summarize(counts)
    item_share = (share * answered).sum(1, keepdims=True) / np.maximum(answered.sum(1, keepdims=True), 1)
    centred = np.where(answered > 0, share - item_share, 0.0)
    position = np.linalg.svd(centred, full_matrices=False)[2][0]
    position = (position - position.mean()) / max(position.std(), 1e-12)
    if direction @ (centred @ position) < 0:
        position = -position
    slope, midpoint, centre, weight = _logistic_regressions(share, answered, position)
    below = counts.sum(1).cumsum(-1)
    informed = np.minimum(below[:, :2], below[:, 2:] - below[:, :2]) + 0.5
    gap_error = (counts[..., 1].sum(1) + 0.5) ** -0.5
    position_error = (slope**2 @ weight + LEAST) ** -0.5
    return Start(
        position, slope, midpoint, centre, informed[:, 1] / informed.sum(1), gap_error, position_error
    )


def estimate_second_start(counts: np.ndarray, start: Start) -> tuple[np.ndarray, np.ndarray]:
    """Place states on a second axis: the leading singular vector of what the first leaves over.

    Parameters
    ----------
    counts : np.ndarray
        (item, state, 3), int >= 0.
    start : Start
        On the first axis.

    Returns
    -------
    position : np.ndarray
        (state,), float: mean 0, sd 1, not correlated with the first. Its side is arbitrary, but the same for
        the same votes.
    discrimination : np.ndarray
        (item,), float, logits per sd.
    """
    answered, share = _summarize(counts)
    fitted = 1 / (1 + np.exp(start.midpoint[:, None] - start.discrimination[:, None] * start.position))
    residual = np.where(answered > 0, share - fitted, 0.0)
    position = np.linalg.svd(residual, full_matrices=False)[2][0]
    position = position - position.mean()
    position = position - start.position * (position @ start.position) / (start.position @ start.position)
    position = position / max(position.std(), 1e-12) * (1 if position[np.abs(position).argmax()] > 0 else -1)
    weight = answered * fitted * (1 - fitted)
    discrimination = (residual * answered) @ position / (weight @ position**2 + 1)
    return position, np.clip(discrimination, -4, 4)


def _summarize(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return answers (item, state), and the share of the last one, an abstention as half."""
    answered = counts.sum(-1).astype(float)
    return answered, (counts[..., 2] + 0.5 * counts[..., 1]) / np.maximum(answered, 1)


def _logistic_regressions(share, answered, position):
    """Regress the share of yes on position, all items at once, by penalised Newton steps.

    The penalty keeps a perfectly divided item finite. The centre is the mean position, each state weighted by
    the information of its answer about the item, which is returned too (item, state).
    """
    slope, midpoint = np.zeros(len(share)), np.zeros(len(share))
    for _ in range(12):
        fitted = 1 / (1 + np.exp(-(slope[:, None] * position - midpoint[:, None])))
        weight = answered * fitted * (1 - fitted)
        residual = answered * (share - fitted)
        moments = weight.sum(1), weight @ position, weight @ position**2
        pull = residual @ position, residual.sum(1)
        slope, midpoint = step_items(slope, midpoint, moments, pull, 0.1)
    return slope, midpoint, moments[1] / np.maximum(moments[0], 1e-12), weight


def step_items(slope, midpoint, moments, pull, penalty):
    """Take one Newton step of penalised logistic regressions; all arrays are (item,).

    ``moments`` are the sums over states of weight times position to the powers 0, 1, 2; ``pull`` the sums of
    residual times position and of residual.
    """
    total, first, second = moments
    g_slope = pull[0] - penalty * slope
    g_midpoint = -pull[1] - penalty * midpoint
    a, b, d = second + penalty, -first, total + penalty
    determinant = a * d - b * b
    # Newton's steps are too long far from the optimum, where a logistic curve is flat.
    slope = slope + np.clip((d * g_slope - b * g_midpoint) / determinant, -2, 2)
    midpoint = midpoint + np.clip((a * g_midpoint - b * g_slope) / determinant, -4, 4)
    return slope, midpoint
