"""Joint mode of positions and items with step sizes fixed; it centres the sampler's coordinates.

Coordinates fit the posterior only if they are centred well. The rough scaling of ``dynamic_start`` has errors
that are common to whole sessions, and states that hardly move would have to compensate for them.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from models.coordinates.dynamic_start import disperse_positions, estimate_rough_start, list_cells
from models.coordinates.layout import Layout, prepare_ragged_votes
from models.coordinates.start import prepare_direction
from models.likelihood.votes import ARRAYS
from models.likelihood.votes_numba import evaluate_votes

STEP_SD, STEP_WEIGHT = 0.1, 2.0
"""Typical move from one session to the next, and its weight, in moves, in the estimate for each state."""
SLOPE_SD, MIDPOINT_SD, LOG_GAP_SD = 2.0, 4.0, 1.0
"""Prior spread of items. Rough values do: they keep items finite on which there are hardly any votes."""
UNIT = {"position": 0.1, "slope": 0.3, "anchor": 0.3, "log_gap": 0.3}
"""Typical posterior spread of each kind of parameter: the units of the optimiser."""


class DynamicStart(NamedTuple):
    """Where chains begin, and where the sampler's coordinates are centred.

    Attributes
    ----------
    position : np.ndarray
        (position,), float; mean 0 and sd 1 over all state-sessions.
    votes_position, information : np.ndarray
        (position,), float: estimate of the position from the votes alone, and its precision. A weak
        observation at ``position`` is included, so that the precision is at least 1.
    step_log : np.ndarray
        (state,), float: log sd of a state's move from one session to the next.
    discrimination, midpoint, log_gap : np.ndarray
        (item,), float: logits per sd, logits, log logits.
    centre : np.ndarray
        (item,), float: the position at which the item divides the states.
    upper_weight : np.ndarray
        (item,), float, 0 to 1: share of the votes' information on the cutpoints that concerns the upper one.
    """

    position: np.ndarray
    votes_position: np.ndarray
    information: np.ndarray
    step_log: np.ndarray
    discrimination: np.ndarray
    midpoint: np.ndarray
    log_gap: np.ndarray
    centre: np.ndarray
    upper_weight: np.ndarray

    @property
    def step_log_mean(self):
        """Mean of ``step_log`` over states."""
        return self.step_log.mean()

    @property
    def step_log_sd(self):
        """Standard deviation of ``step_log`` over states, at least 0.1."""
        return max(self.step_log.std(), 0.1)


def estimate_dynamic_start(
    votes: xr.Dataset, layout: Layout, session_log_sd_scale: float, rng: np.random.Generator | None = None
) -> DynamicStart:
    """Scale roughly session by session, then find the joint mode of positions and items.

    The scales of movement are estimated anew in each of four rounds. ``session_log_sd_scale`` is from
    ``models.spec.DynamicIdealPointSpec``. With ``rng`` the climb begins far from the rough positions: it may
    then end in another mode.
    """
    counts, direction = votes["counts"].values, prepare_direction(votes)
    rough = estimate_rough_start(counts, layout, direction)
    if rng is not None:
        rough = rough._replace(position=disperse_positions(rough.position, layout, rng))
    cells = list_cells(counts, layout)
    ragged = prepare_ragged_votes(votes, layout)
    arrays = [getattr(ragged, name) for name in ARRAYS]
    location, scale = rough.position.mean(), rough.position.std()
    position = (rough.position - location) / scale
    slope, midpoint = rough.discrimination * scale, rough.midpoint - rough.discrimination * location
    log_gap, centre = np.zeros(len(slope)), (rough.centre - location) / scale
    variance = np.full(len(position), 0.01)
    for _ in range(4):
        step = _estimate_step(position, variance, layout)
        position, slope, midpoint, log_gap = _climb(
            arrays,
            layout,
            step,
            session_log_sd_scale,
            centre,
            (position, slope, midpoint - centre * slope, log_gap),
        )
        location, scale = position.mean(), position.std()
        position = (position - location) / scale
        midpoint, slope = midpoint - slope * location, slope * scale
        gap = np.exp(log_gap)
        cutpoint = np.stack([midpoint - gap / 2, midpoint + gap / 2], -1)
        weight = _weigh_cells(cells, position, slope, cutpoint)
        information = np.bincount(cells.position_idx, slope[cells.item_idx] ** 2 * weight, len(position))
        centre = np.bincount(cells.item_idx, weight * position[cells.position_idx], len(slope))
        centre /= np.maximum(np.bincount(cells.item_idx, weight, len(slope)), 1e-12)
        variance = 1 / (information / 2 + 1 / step[layout.state_idx] ** 2)
    gradient = evaluate_votes(position, slope, cutpoint, *arrays)[1]
    below = np.stack([np.bincount(cells.item_idx, cells.share <= s, len(slope)) for s in (0.0, 0.5, 1.0)], -1)
    informed = np.minimum(below[:, :2], below[:, 2:] - below[:, :2]) + 0.5
    return DynamicStart(
        position=position,
        votes_position=position + gradient / (information + 1),
        information=information + 1,
        step_log=np.log(_estimate_step(position, variance, layout)),
        discrimination=slope,
        midpoint=midpoint,
        log_gap=log_gap,
        centre=centre,
        upper_weight=informed[:, 1] / informed.sum(1),
    )


def _estimate_step(position, variance, layout):
    """Estimate the scale of each state's moves, shrunk slightly towards the typical one."""
    state_idx, previous_idx, elapsed = layout.state_idx, layout.previous_idx, layout.elapsed
    moved = np.flatnonzero(previous_idx >= 0)
    square = (position[moved] - position[previous_idx[moved]]) ** 2 + variance[moved]
    n = state_idx.max() + 1
    total = np.bincount(state_idx[moved], square / elapsed[moved], n) + STEP_WEIGHT * STEP_SD**2
    return np.sqrt(total / (np.bincount(state_idx[moved], minlength=n) + STEP_WEIGHT))


def _climb(arrays, layout, step, session_log_sd_scale, centre, begin):
    """Maximise over positions, slopes, anchors and log gaps by L-BFGS; return midpoints for anchors."""
    state_idx, previous_idx, elapsed = layout.state_idx, layout.previous_idx, layout.elapsed
    moved, first = np.flatnonzero(previous_idx >= 0), np.flatnonzero(previous_idx < 0)
    before, precision = previous_idx[moved], 1 / (step[state_idx[moved]] ** 2 * elapsed[moved])
    unit = np.repeat(list(UNIT.values()), [len(part) for part in begin])
    ends = np.cumsum([len(part) for part in begin])[:-1]

    def loss(x):
        position, slope, anchor, log_gap = np.split(x * unit, ends)
        gap, midpoint = np.exp(log_gap), anchor + centre * slope
        cutpoint = np.stack([midpoint - gap / 2, midpoint + gap / 2], -1)
        value, d_position, d_slope, d_cutpoint = evaluate_votes(position, slope, cutpoint, *arrays)
        move = position[moved] - position[before]
        pull = precision * move
        d_position[moved] -= pull
        np.add.at(d_position, before, pull)
        d_position[first] -= position[first]
        spread, by_position = _measure_spread(position, layout)
        d_position -= (spread / session_log_sd_scale**2)[layout.session_idx] * by_position
        d_midpoint = d_cutpoint.sum(1) - midpoint / MIDPOINT_SD**2
        d_slope += centre * d_midpoint - slope / SLOPE_SD**2
        d_log_gap = gap * (d_cutpoint[:, 1] - d_cutpoint[:, 0]) / 2 - log_gap / LOG_GAP_SD**2
        value -= 0.5 * (
            pull @ move
            + position[first] @ position[first]
            + midpoint @ midpoint / MIDPOINT_SD**2
            + slope @ slope / SLOPE_SD**2
            + log_gap @ log_gap / LOG_GAP_SD**2
            + spread @ spread / session_log_sd_scale**2
        )
        return -value, -np.concatenate([d_position, d_slope, d_midpoint, d_log_gap]) * unit

    best = minimize(
        loss,
        np.concatenate(begin) / unit,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 150, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-3},
    )
    position, slope, anchor, log_gap = np.split(best.x * unit, ends)
    return position, slope, anchor + centre * slope, log_gap


def _measure_spread(position, layout):
    """Log sd (session,) of each session's positions less their mean, and its derivative (position,)."""
    session, number = layout.session_idx, layout.sat.sum(1)
    strayed = position - (np.bincount(session, position) / number)[session]
    square = np.bincount(session, strayed**2)
    spread = np.log(square / number) / 2
    return spread - spread.mean(), strayed / square[session]


def _weigh_cells(cells, position, slope, cutpoint):
    """Fisher information (cell,) of each vote about eta."""
    eta = slope[cells.item_idx] * position[cells.position_idx]
    upper, lower = (1 / (1 + np.exp(cutpoint[cells.item_idx, k] - eta)) for k in (0, 1))
    f_upper, f_lower = upper * (1 - upper), lower * (1 - lower)
    tiny = 1e-12
    return (
        f_upper**2 / (1 - upper + tiny)
        + (f_upper - f_lower) ** 2 / (upper - lower + tiny)
        + f_lower**2 / (lower + tiny)
    )
