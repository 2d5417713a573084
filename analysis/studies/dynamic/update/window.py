"""The last sessions of a record, with new roll calls, given a draw of all that lies before them.

Positions of these sessions, the resolutions that were put in them and how much each state moves are unknown.
Earlier positions, all other resolutions and the scales of the priors are those of a draw of the stored fit.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from models.coordinates.layout import Layout, prepare_layout, prepare_ragged_votes
from models.likelihood.votes import ARRAYS
from models.likelihood.votes_numba import evaluate_votes

STEP = 1e-3
"""Step of differences of gradients."""


class Votes(NamedTuple):
    """Votes as the likelihood reads them, and where their positions and resolutions are.

    Attributes
    ----------
    arrays : list of np.ndarray
        For ``evaluate_votes``.
    position : np.ndarray
        (position,), text such as ``USA-57``.
    item : np.ndarray
        (item,), int: match groups.
    """

    arrays: list[np.ndarray]
    position: np.ndarray
    item: np.ndarray


@dataclass(frozen=True, eq=False)
class Window:
    """What stays the same from draw to draw.

    Attributes
    ----------
    begin : int
        First session whose positions are unknown.
    layout : Layout
        Numbering of the window's positions and items.
    votes, outside : Votes
        Roll calls of the window; earlier ones of the resolutions that were put in it too.
    outside_item : np.ndarray
        (outside item,), int: place of each outside item among the window's.
    held : np.ndarray
        (position,), text: the state's last position before the window, where this is its first one in it and
        there is one; else empty.
    elapsed : np.ndarray
        (position,), float: sessions since the state's previous position; 0 if there is none.
    n_move : np.ndarray
        (state,), int: moves of each state, before the window and in it.
    """

    begin: int
    layout: Layout
    votes: Votes
    outside: Votes
    outside_item: np.ndarray
    held: np.ndarray
    elapsed: np.ndarray
    n_move: np.ndarray


class Rest(NamedTuple):
    """What one draw of the stored fit says of all that is not unknown.

    Attributes
    ----------
    held : np.ndarray
        (position,), float: value of ``Window.held``, NaN where there is none.
    square : np.ndarray
        (state,), float: sum of squares of its moves before the window, each divided by the sessions between.
    step : tuple of float
        Mean and sd over states of the log sd of a move.
    spread : np.ndarray
        (earlier session,), float: log sd of the positions of each session before the window.
    first, discrimination, midpoint, log_gap : tuple of float
        Mean and sd: of first positions, and over items of slopes, midpoints and log gaps.
    outside_at, outside_pull : np.ndarray
        (outside item, 3), float: slope and cutpoints in this draw, and the gradient there of the log
        probability of the votes before the window.
    outside_curve : np.ndarray
        (outside item, 3, 3), float: its second derivatives.
    """

    held: np.ndarray
    square: np.ndarray
    step: tuple[float, float]
    spread: np.ndarray
    first: tuple[float, float]
    discrimination: tuple[float, float]
    midpoint: tuple[float, float]
    log_gap: tuple[float, float]
    outside_at: np.ndarray
    outside_pull: np.ndarray
    outside_curve: np.ndarray


class Centre(NamedTuple):
    """Where coordinates of items are centred: ``models.coordinates.items.place_midpoint``; both (item,)."""

    position: np.ndarray
    upper_weight: np.ndarray


def name_positions(votes: xr.Dataset, layout: Layout) -> np.ndarray:
    """Return labels (position,) such as ``USA-57``."""
    state = votes["state"].values.astype(str)[layout.state_idx]
    session = layout.session[layout.session_idx].astype(str)
    return np.char.add(np.char.add(state, "-"), session)


def read_votes(votes: xr.Dataset) -> Votes:
    """Lay out votes at roll-call granularity for the likelihood."""
    layout = prepare_layout(votes)
    ragged = prepare_ragged_votes(votes, layout)
    return Votes([getattr(ragged, name) for name in ARRAYS], name_positions(votes, layout), layout.item)


def prepare_window(votes: xr.Dataset, begin: int) -> Window:
    """Lay out the sessions from ``begin`` on.

    ``votes`` are those of all sessions, old and new, as from ``data.load.load_record_votes``.
    """
    whole = prepare_layout(votes)
    inside = votes["session"].values >= begin
    own = votes.isel(item=inside)
    inside_states = own["counts"].values.any((0, 2))
    own = own.isel(state=inside_states)
    layout, read = prepare_layout(own), read_votes(own)
    again = votes.isel(item=~inside & np.isin(votes["match_group"].values, layout.item))
    outside = read_votes(again) if again.sizes["item"] else Votes([], np.zeros(0, str), np.zeros(0, int))
    labels = name_positions(votes, whole)
    offset = len(labels) - len(read.position)
    previous = whole.previous_idx[offset:]
    edge = (previous >= 0) & (previous < offset)
    held, elapsed = np.where(edge, labels[previous], ""), whole.elapsed[offset:]
    n_move = np.bincount(whole.state_idx[whole.previous_idx >= 0], minlength=votes.sizes["state"])
    at = np.searchsorted(layout.item, outside.item)
    return Window(begin, layout, read, outside, at, held, elapsed, n_move[inside_states])


def split(x: np.ndarray, window: Window) -> list[np.ndarray]:
    """Split unknowns into positions, and slopes, anchors and log gaps of items."""
    n, m = len(window.votes.position), len(window.layout.item)
    return np.split(x, np.cumsum([n, m, m]))


def place_cutpoints(slope, anchor, log_gap, centre: Centre) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return gaps, midpoints (item,) and cutpoints (item, 2)."""
    gap = np.exp(log_gap)
    midpoint = anchor + centre.position * slope + (0.5 - centre.upper_weight) * gap
    return gap, midpoint, np.stack([midpoint - gap / 2, midpoint + gap / 2], -1)


def find_anchor(slope, cutpoint, centre: Centre) -> tuple[np.ndarray, np.ndarray]:
    """Return anchors and log gaps (item,) of items with these slopes and cutpoints."""
    gap = np.maximum(cutpoint[:, 1] - cutpoint[:, 0], 1e-8)
    return cutpoint.mean(1) - centre.position * slope - (0.5 - centre.upper_weight) * gap, np.log(gap)


def measure_spread(position: np.ndarray, layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Log sd (session,) of the positions of each session, and its derivative (position,)."""
    session, number = layout.session_idx, layout.sat.sum(1)
    strayed = position - (np.bincount(session, position) / number)[session]
    square = np.bincount(session, strayed**2)
    return np.log(square / number) / 2, strayed / square[session]


def measure_moves(position: np.ndarray, held: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Return the move (position,) to each position of the window, and whether there is one."""
    previous = window.layout.previous_idx
    before = np.where(previous >= 0, position[previous], held)
    return position - before, np.isfinite(before)


def sum_scales(
    square: np.ndarray, n_move: np.ndarray, step: tuple[float, float], grid: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log density of each state's moves, its scale of movement integrated out, and their mean precision.

    Parameters
    ----------
    square, n_move : np.ndarray
        (state,): sum of squares of moves, and their number.
    step : tuple of float
        Mean and sd over states of the log sd of a move.
    grid : np.ndarray
        (state, point): values of the log sd over which the sum is taken.
    """
    inverse = np.exp(-2 * grid)
    log = -n_move[:, None] * grid - 0.5 * square[:, None] * inverse - 0.5 * ((grid - step[0]) / step[1]) ** 2
    top = log.max(1, keepdims=True)
    mass = np.exp(log - top)
    total = mass.sum(1)
    return top[:, 0] + np.log(total), (mass * inverse).sum(1) / total


def evaluate(
    x: np.ndarray,
    window: Window,
    rest: Rest,
    centre: Centre,
    grid: np.ndarray,
    session_log_sd_scale: float,
) -> tuple[float, np.ndarray]:
    """Log density of the unknowns of the window, up to a constant, and its gradient.

    Parameters
    ----------
    x : np.ndarray
        Positions; slopes, anchors and log gaps of the window's items.
    window, rest, centre
    grid : np.ndarray
        (state, point): log sds of moves over which ``sum_scales`` sums.
    session_log_sd_scale : float
        From ``models.spec.DynamicIdealPointSpec``.
    """
    position, slope, anchor, log_gap = split(x, window)
    gap, midpoint, cutpoint = place_cutpoints(slope, anchor, log_gap, centre)
    value, d_position, d_slope, d_cutpoint = evaluate_votes(position, slope, cutpoint, *window.votes.arrays)

    # Earlier votes on the same resolutions: their expansion about the draw.
    at = window.outside_item
    away = np.column_stack([slope[at], cutpoint[at]]) - rest.outside_at
    bend = np.einsum("ijk,ik->ij", rest.outside_curve, away)
    value += (rest.outside_pull * away).sum() + 0.5 * (bend * away).sum()
    d_slope[at] += rest.outside_pull[:, 0] + bend[:, 0]
    d_cutpoint[at] += rest.outside_pull[:, 1:] + bend[:, 1:]

    move, moved = measure_moves(position, rest.held, window)
    scaled = np.where(moved, move, 0.0) / np.where(moved, window.elapsed, 1.0)
    square = rest.square + np.bincount(
        window.layout.state_idx[moved], (scaled * move)[moved], len(rest.square)
    )
    of_moves, precision = sum_scales(square, window.n_move, rest.step, grid)
    off_first = np.where(moved, 0.0, position - rest.first[0])
    value += of_moves.sum() - 0.5 * off_first @ off_first / rest.first[1] ** 2
    pull = precision[window.layout.state_idx] * scaled + off_first / rest.first[1] ** 2
    d_position -= pull
    inner = window.layout.previous_idx >= 0
    np.add.at(d_position, window.layout.previous_idx[inner], pull[inner])

    own, by_position = measure_spread(position, window.layout)
    strayed = own - np.concatenate([rest.spread, own]).mean()
    earlier = rest.spread - np.concatenate([rest.spread, own]).mean()
    value -= 0.5 * (strayed @ strayed + earlier @ earlier) / session_log_sd_scale**2
    d_position -= (strayed / session_log_sd_scale**2)[window.layout.session_idx] * by_position

    off = [
        (part - mean) / sd
        for part, (mean, sd) in (
            (slope, rest.discrimination),
            (midpoint, rest.midpoint),
            (log_gap, rest.log_gap),
        )
    ]
    value -= 0.5 * sum(part @ part for part in off)
    d_midpoint = d_cutpoint.sum(1) - off[1] / rest.midpoint[1]
    d_slope += centre.position * d_midpoint - off[0] / rest.discrimination[1]
    by_gap = (d_cutpoint[:, 1] - d_cutpoint[:, 0]) / 2 + (0.5 - centre.upper_weight) * d_midpoint
    d_log_gap = gap * by_gap - off[2] / rest.log_gap[1]
    return value, np.concatenate([d_position, d_slope, d_midpoint, d_log_gap])


def expand_outside(window: Window, position: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Gradient (outside item, 3) of the log probability of earlier votes, by slope and cutpoints ``at``."""
    if not len(window.outside_item):
        return np.zeros((0, 3))
    _, _, slope, cutpoint = evaluate_votes(
        np.ascontiguousarray(position, dtype=float),
        np.ascontiguousarray(at[:, 0]),
        np.ascontiguousarray(at[:, 1:]),
        *window.outside.arrays,
    )
    return np.column_stack([slope, cutpoint])


def curve_outside(window: Window, position: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Second derivatives (outside item, 3, 3) of the same, by differences."""
    columns = []
    for k in range(3):
        step = np.zeros(3)
        # Half the gap at most, so that cutpoints keep their order.
        step[k] = STEP if k == 0 else min(STEP, 0.4 * np.min(at[:, 2] - at[:, 1], initial=1.0))
        ahead, behind = (expand_outside(window, position, at + sign * step) for sign in (1, -1))
        columns.append((ahead - behind) / (2 * step[k]))
    curve = np.stack(columns, -1)
    return (curve + curve.transpose(0, 2, 1)) / 2
