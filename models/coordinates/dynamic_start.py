"""Rough positions and items of all sessions, from which ``dynamic_mode`` starts.

Sessions are scaled one after another, outwards from the one with most votes. Each starts from its neighbour's
positions, which carries signs, location and scale along. Then all are improved together.
"""

from typing import NamedTuple

import numpy as np

from models.coordinates.start import Start, estimate_start


class Cells(NamedTuple):
    """Votes cast, one per row.

    Attributes
    ----------
    position_idx, item_idx : np.ndarray
        (cell,), int.
    share : np.ndarray
        (cell,), float: 0 no, 0.5 abstain, 1 yes.
    """

    position_idx: np.ndarray
    item_idx: np.ndarray
    share: np.ndarray


def estimate_rough_start(
    counts: np.ndarray,
    item_idx: np.ndarray,
    session_idx: np.ndarray,
    sat: np.ndarray,
    direction: np.ndarray,
    *,
    step_sd: float = 0.15,
    rounds: int = 15,
) -> Start:
    """Estimate positions and items by alternating penalised logistic regressions.

    Parameters
    ----------
    counts : np.ndarray
        (row, state, 3), int, 0 or 1: no, abstain, yes. A row is a roll call.
    item_idx, session_idx : np.ndarray
        (row,), int: item and session of each row.
    sat : np.ndarray
        (session, state), bool: whether the state has a position in the session. Positions are numbered
        session by session, within a session in the order of states.
    direction : np.ndarray
        (row,), float: from ``models.coordinates.start.prepare_direction``.
    step_sd : float
        Standard deviation of a state's move from one session to the next, for the roughness penalty.
    rounds : int
        Rounds in which all sessions are improved together.

    Returns
    -------
    Start
        Without upper weights. Positions have an arbitrary scale.
    """
    number = number_positions(sat)
    cells = list_cells(counts, item_idx, session_idx, sat)
    cell_session = np.repeat(np.arange(len(sat)), sat.sum(1))[cells.position_idx]
    position = _sweep(counts, item_idx, session_idx, sat, direction, cells, cell_session, step_sd)
    n_item = item_idx.max() + 1
    before, after = _neighbours(number)
    slope, midpoint = np.zeros(n_item), np.zeros(n_item)
    for _ in range(rounds):
        position = (position - position.mean()) / position.std()
        slope, midpoint, centre = regress_items(cells, position, slope, midpoint, steps=3)
        for _ in range(2):
            position = _move_positions(cells, position, slope, midpoint, before, after, step_sd)
    return Start(position, slope, midpoint, centre)


def list_cells(counts: np.ndarray, item_idx: np.ndarray, session_idx: np.ndarray, sat: np.ndarray) -> Cells:
    """List the votes cast; arguments as in ``estimate_rough_start``."""
    row, state, response = np.nonzero(counts)
    return Cells(number_positions(sat)[session_idx[row], state], item_idx[row], response / 2)


def number_positions(sat: np.ndarray) -> np.ndarray:
    """Number the state-sessions (session, state), session by session; -1 where the state has no position."""
    return np.where(sat, np.cumsum(sat.ravel()).reshape(sat.shape) - 1, -1)


def _neighbours(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find each position's neighbours in the state's previous and next session; itself if there is none."""
    n_position = number.max() + 1
    before, after = np.arange(n_position), np.arange(n_position)
    for path in number.T:
        path = path[path >= 0]
        before[path[1:]], after[path[:-1]] = path[:-1], path[1:]
    return before, after


def _sweep(counts, item_idx, session_idx, sat, direction, cells, cell_session, step_sd):
    """Estimate positions session by session, outwards from the one with most votes."""
    position = np.zeros(sat.sum())
    number = number_positions(sat)
    base = np.bincount(cell_session, minlength=len(sat)).argmax()
    rows = session_idx == base
    position[number[base, sat[base]]] = estimate_start(counts[rows][:, sat[base]], direction[rows]).position
    for sessions in (range(base + 1, len(sat)), range(base - 1, -1, -1)):
        known = np.full(sat.shape[1], np.nan)
        known[sat[base]] = position[number[base, sat[base]]]
        for session in sessions:
            here = cell_session == session
            own = number[session, sat[session]]
            seen = known[sat[session]]
            prior_sd = np.where(np.isnan(seen), 1.0, step_sd)
            items, local_item = np.unique(cells.item_idx[here], return_inverse=True)
            local = Cells(cells.position_idx[here] - own[0], local_item, cells.share[here])
            # A state's first session cannot inform the items: its position is still unknown.
            informed = ~np.isnan(seen)[local.position_idx]
            guess = np.nan_to_num(seen)
            slope, midpoint, _ = regress_items(
                Cells(*(column[informed] for column in local)),
                guess,
                np.zeros(len(items)),
                np.zeros(len(items)),
                steps=10,
                penalty=0.5,
            )
            new = guess
            for _ in range(5):
                new = _newton_position(local, new, slope, midpoint, guess, prior_sd**-2.0)
            position[own] = known[sat[session]] = new
    return position


def regress_items(cells, position, slope, midpoint, *, steps, penalty=0.1):
    """Regress the share of yes on position, all items at once, by penalised Newton steps.

    Returns
    -------
    slope, midpoint, centre : np.ndarray
        (item,). The centre is the mean position, weighted by the information of each vote about the item.
    """
    n, item = len(slope), cells.item_idx
    x = position[cells.position_idx]
    for _ in range(steps):
        fitted = 1 / (1 + np.exp(midpoint[item] - slope[item] * x))
        weight, residual = fitted * (1 - fitted), cells.share - fitted
        total, first, second = (np.bincount(item, weight * x**power, n) for power in (0, 1, 2))
        g_slope = np.bincount(item, residual * x, n) - penalty * slope
        g_midpoint = -np.bincount(item, residual, n) - penalty * midpoint
        a, b, d = second + penalty, -first, total + penalty
        determinant = a * d - b * b
        # Newton's steps are too long far from the optimum, where a logistic curve is flat.
        slope = slope + np.clip((d * g_slope - b * g_midpoint) / determinant, -2, 2)
        midpoint = midpoint + np.clip((a * g_midpoint - b * g_slope) / determinant, -4, 4)
    return slope, midpoint, first / np.maximum(total, 1e-12)


def _weigh_votes(cells, position, slope, midpoint):
    """Gradient and curvature (position,) of the votes' log likelihood in the positions."""
    n, s = len(position), slope[cells.item_idx]
    fitted = 1 / (1 + np.exp(midpoint[cells.item_idx] - s * position[cells.position_idx]))
    gradient = np.bincount(cells.position_idx, s * (cells.share - fitted), n)
    return gradient, np.bincount(cells.position_idx, s**2 * fitted * (1 - fitted), n)


def _newton_position(cells, position, slope, midpoint, prior, precision):
    """Take one Newton step for every position, each with its own normal prior."""
    gradient, curvature = _weigh_votes(cells, position, slope, midpoint)
    step = (gradient - precision * (position - prior)) / (curvature + precision)
    return position + np.clip(step, -0.5, 0.5)


def _move_positions(cells, position, slope, midpoint, before, after, step_sd):
    """Take one Newton step for every position, given its votes and its neighbours in time."""
    own = np.arange(len(position))
    links = (before != own).astype(float) + (after != own)
    neighbours = (before != own) * position[before] + (after != own) * position[after]
    precision = links / step_sd**2 + 1.0
    return _newton_position(cells, position, slope, midpoint, neighbours / step_sd**2 / precision, precision)
