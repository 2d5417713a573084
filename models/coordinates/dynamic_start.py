"""Rough positions and items of all sessions, from which ``dynamic_mode`` starts.

Sessions are scaled one after another, outwards from the one with most votes. Each starts from its neighbour's
positions, which carries signs, location and scale along. Then all are improved together.
"""

from typing import NamedTuple

import numpy as np

from models.coordinates.layout import Layout, number_positions
from models.coordinates.start import Start, estimate_start, step_items

STEP_SD = 0.15
"""Standard deviation of a state's move from one session to the next, for the roughness penalty."""
ROUNDS = 15
"""Rounds in which all sessions are improved together."""
STRETCH, NOISE = 0.8, 0.3
"""Of starts that lie apart: sd of the log of the factor by which the ends of the scale are stretched, and of
noise on each position, in standard deviations of positions."""
WAVES = 6
"""Number of cosines over time that the factor is made of."""


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


def estimate_rough_start(counts: np.ndarray, layout: Layout, direction: np.ndarray) -> Start:
    """Estimate positions and items by alternating penalised logistic regressions.

    ``counts`` (roll call, state, 3) are 0 or 1: no, abstain, yes. ``direction`` (roll call,) is from
    ``models.coordinates.start.prepare_direction``. Positions have an arbitrary scale.
    """
    cells = list_cells(counts, layout)
    position = _sweep(counts, layout, direction, cells)
    own = np.arange(len(position))
    moved = layout.previous_idx >= 0
    # Neighbours in the state's previous and next session; the position itself if there is none.
    before, after = np.where(moved, layout.previous_idx, own), own.copy()
    after[layout.previous_idx[moved]] = own[moved]
    slope, midpoint = np.zeros(len(layout.item)), np.zeros(len(layout.item))
    for _ in range(ROUNDS):
        position = (position - position.mean()) / position.std()
        slope, midpoint, centre = regress_items(cells, position, slope, midpoint, steps=3)
        for _ in range(2):
            position = _move_positions(cells, position, slope, midpoint, before, after)
    return Start(position, slope, midpoint, centre)


def list_cells(counts: np.ndarray, layout: Layout) -> Cells:
    """List the votes cast; arguments as in ``estimate_rough_start``."""
    row, state, response = np.nonzero(counts)
    position = number_positions(layout.sat)[layout.row_session_idx[row], state]
    return Cells(position, layout.item_idx[row], response / 2)


def _sweep(counts, layout, direction, cells):
    """Estimate positions session by session, outwards from the one with most votes."""
    sat, cell_session = layout.sat, layout.session_idx[cells.position_idx]
    position = np.zeros(len(layout.session_idx))
    base = np.bincount(cell_session, minlength=len(sat)).argmax()
    rows, first = layout.row_session_idx == base, layout.session_idx == base
    position[first] = estimate_start(counts[rows][:, sat[base]], direction[rows]).position
    for sessions in (range(base + 1, len(sat)), range(base - 1, -1, -1)):
        known = np.full(sat.shape[1], np.nan)
        known[sat[base]] = position[first]
        for session in sessions:
            here = cell_session == session
            own = np.flatnonzero(layout.session_idx == session)
            seen = known[sat[session]]
            prior_sd = np.where(np.isnan(seen), 1.0, STEP_SD)
            items, local_item = np.unique(cells.item_idx[here], return_inverse=True)
            local = Cells(cells.position_idx[here] - own[0], local_item, cells.share[here])
            # A state's first session cannot inform the items: its position is still unknown.
            informed = Cells(*(column[~np.isnan(seen)[local.position_idx]] for column in local))
            guess, zero = np.nan_to_num(seen), np.zeros(len(items))
            slope, midpoint, _ = regress_items(informed, guess, zero, zero, steps=10, penalty=0.5)
            new = guess
            for _ in range(5):
                new = _newton_position(local, new, slope, midpoint, guess, prior_sd**-2.0)
            position[own] = known[sat[session]] = new
    return position


def regress_items(cells, position, slope, midpoint, *, steps, penalty=0.1):
    """Regress the share of yes on position, all items at once, by penalised Newton steps.

    Returns slopes, midpoints and centres (item,). A centre is the mean position, weighted by the information
    of each vote about the item.
    """
    n, item = len(slope), cells.item_idx
    x = position[cells.position_idx]
    for _ in range(steps):
        fitted = 1 / (1 + np.exp(midpoint[item] - slope[item] * x))
        weight, residual = fitted * (1 - fitted), cells.share - fitted
        moments = [np.bincount(item, weight * x**power, n) for power in (0, 1, 2)]
        pull = np.bincount(item, residual * x, n), np.bincount(item, residual, n)
        slope, midpoint = step_items(slope, midpoint, moments, pull, penalty)
    return slope, midpoint, moments[1] / np.maximum(moments[0], 1e-12)


def _newton_position(cells, position, slope, midpoint, prior, precision):
    """Take one Newton step for every position, each with its own normal prior."""
    n, s = len(position), slope[cells.item_idx]
    fitted = 1 / (1 + np.exp(midpoint[cells.item_idx] - s * position[cells.position_idx]))
    gradient = np.bincount(cells.position_idx, s * (cells.share - fitted), n)
    curvature = np.bincount(cells.position_idx, s**2 * fitted * (1 - fitted), n)
    step = (gradient - precision * (position - prior)) / (curvature + precision)
    return position + np.clip(step, -0.5, 0.5)


def _move_positions(cells, position, slope, midpoint, before, after):
    """Take one Newton step for every position, given its votes and its neighbours in time."""
    own = np.arange(len(position))
    links = (before != own).astype(float) + (after != own)
    neighbours = (before != own) * position[before] + (after != own) * position[after]
    precision = links / STEP_SD**2 + 1.0
    return _newton_position(cells, position, slope, midpoint, neighbours / STEP_SD**2 / precision, precision)


def disperse_positions(position: np.ndarray, layout: Layout, rng: np.random.Generator) -> np.ndarray:
    """Return positions (position,) far from the given ones.

    The ends of the scale, beyond half a standard deviation, are stretched or compressed by a factor that
    wanders from session to session, each end by its own. A bloc at an end that votes as one is where modes
    were found: it lies near in some sessions and far in others, as the walk lets it.
    """
    location, spread = position.mean(), position.std()
    standard = (position - location) / spread
    time = (np.arange(len(layout.session)) + 0.5) / len(layout.session)
    wave = np.cos(np.pi * time[:, None] * np.arange(WAVES))
    factor = np.exp(STRETCH * wave @ rng.normal(size=(WAVES, 2)) / np.sqrt(WAVES))
    factor = factor[layout.session_idx, (standard > 0).astype(int)]
    beyond = np.maximum(np.abs(standard) - 0.5, 0) * (factor - 1)
    moved = standard + np.sign(standard) * beyond + NOISE * rng.normal(size=len(position))
    return location + spread * moved
