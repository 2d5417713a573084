"""The joint mode of a window's unknowns."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from analysis.studies.dynamic.update.stored import Linked, Stored, take_rest
from analysis.studies.dynamic.update.window import (
    Centre,
    Window,
    evaluate,
    find_anchor,
    split,
)
from models.coordinates.dynamic_start import list_cells, regress_items

UNIT = (0.1, 0.3, 0.3, 0.3)
"""Typical widths of positions, slopes, anchors and log gaps: the units of the optimiser."""


class Mode(NamedTuple):
    """The joint mode of a window's unknowns, given the mean of the draws of all else.

    Attributes
    ----------
    centre : Centre
        Of the coordinates of items.
    x : np.ndarray
        (unknown,), float.
    """

    centre: Centre
    x: np.ndarray


def find_mode(votes: xr.Dataset, window: Window, stored: Stored, linked: Linked) -> Mode:
    """Find the joint mode of a window's unknowns.

    ``votes`` are those of the window's sessions, with the states of the window.
    """
    rest, scale = take_rest(window, stored, linked, None), stored.session_log_sd_scale
    position = np.where(linked.position >= 0, stored.position.mean(0)[linked.position], np.nan)
    previous = window.layout.previous_idx
    for p in np.flatnonzero(np.isnan(position)):
        before = position[previous[p]] if previous[p] >= 0 else rest.held[p]
        position[p] = rest.first[0] if np.isnan(before) else before
    cells = list_cells(votes["counts"].values, window.layout)
    zero = np.zeros(len(window.layout.item))
    slope, midpoint, where = regress_items(cells, position, zero, zero, steps=12)
    below = np.stack([np.bincount(cells.item_idx, cells.share <= s, len(zero)) for s in (0.0, 0.5, 1.0)], -1)
    informed = np.minimum(below[:, :2], below[:, 2:] - below[:, :2]) + 0.5
    centre = Centre(where, informed[:, 1] / informed.sum(1))
    known, gap = linked.item >= 0, np.exp(rest.log_gap[0])
    cutpoint = midpoint[:, None] + gap * np.array([-0.5, 0.5])
    slope[known] = stored.slope.mean(0)[linked.item[known]]
    cutpoint[known] = stored.cutpoint.mean(0)[linked.item[known]]
    begin = np.concatenate([position, slope, *find_anchor(slope, cutpoint, centre)])
    unit = np.repeat(UNIT, [len(part) for part in split(begin, window)])

    def loss(z):
        value, gradient = evaluate(z * unit, window, rest, centre, linked.grid, scale)
        return -value, -gradient * unit

    how = {"maxiter": 400, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-3}
    best = minimize(loss, begin / unit, jac=True, method="L-BFGS-B", options=how).x * unit

    return Mode(centre, best)
