"""From a stored fit and new roll calls to positions and resolutions given both."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from analysis.studies.dynamic.update.mode import find_mode
from analysis.studies.dynamic.update.moves import move_draws
from analysis.studies.dynamic.update.shape import Past, Shape, find_shape, move_past, tell_past
from analysis.studies.dynamic.update.stored import Linked, Stored, find, link
from analysis.studies.dynamic.update.window import (
    Centre,
    Window,
    place_cutpoints,
    prepare_window,
    split,
)

LAGS = (4, 8)
"""Sessions before the first new one whose positions may be moved too."""
ENOUGH_K = 0.5
"""Pareto k below which a window is wide enough."""
LEAST_TOLD = 0.01
"""Standard deviation of log weights below which they are all alike."""
DRAWS = 400
"""Draws of an update."""


class Updated(NamedTuple):
    """Draws given old and new votes.

    Attributes
    ----------
    posterior : xr.Dataset
        ``ideal_point`` (sample, position) of all positions, earlier ones as in the draws that were taken;
        ``discrimination`` and ``cutpoint`` (sample, resolution) of the resolutions of the window.
    begin : int
        First session whose positions were moved.
    pareto_k : float
        See ``measure_k``: above 0.7 the fit is to be made again.
    considered : dict of int to float
        Pareto k of each number of earlier sessions that was considered.
    accepted : float
        Share of trajectories that were accepted.
    """

    posterior: xr.Dataset
    begin: int
    pareto_k: float
    considered: dict[int, float]
    accepted: float


def join_votes(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Put new roll calls behind old ones; a state that is in one only has no votes in the other."""
    states = list(old["state"].values.astype(str))
    states += [state for state in new["state"].values.astype(str) if state not in states]
    parts = []
    for votes in (old, new):
        counts = votes["counts"].transpose("item", "state", "response").values
        wide = np.zeros((len(counts), len(states), 3), np.int32)
        wide[:, find(votes["state"].values.astype(str), np.array(states))] = counts
        coords = {name: ("item", votes[name].values) for name in ("session", "match_group")}
        parts.append(xr.Dataset({"counts": (("item", "state", "response"), wide)}, coords))
    joined = xr.concat(parts, "item")
    return joined.assign_coords(state=states, item=np.arange(joined.sizes["item"]))


def take_sessions(votes: xr.Dataset, begin: int) -> xr.Dataset:
    """Return the votes from a session on, with the states that voted then; as a window has them."""
    own = votes.isel(item=votes["session"].values >= begin)
    return own.isel(state=own["counts"].values.any((0, 2)))


class Fitted(NamedTuple):
    """A window, what it needs of the fit, and the normal shape of its posterior."""

    window: Window
    linked: Linked
    centre: Centre
    shape: Shape


def fit_window(votes: xr.Dataset, begin: int, stored: Stored) -> Fitted:
    """Find mode and shape of the unknowns of the sessions from ``begin`` on."""
    window, own = prepare_window(votes, begin), take_sessions(votes, begin)
    linked = link(window, stored, own["state"].values.astype(str))
    mode = find_mode(own, window, stored, linked)
    return Fitted(window, linked, mode.centre, find_shape(window, stored, linked, mode))


def choose_window(
    votes: xr.Dataset, is_new: np.ndarray, stored: Stored
) -> tuple[Fitted, Past, dict[int, float]]:
    """Go back as many sessions as needed for the new votes to tell little of those before.

    Returns the window, what the new votes tell of the positions before it, and Pareto k of each lag that was
    considered.
    """
    first, known = int(votes["session"].values[is_new].min()), stored.layout.session
    considered = {}
    for lag in [lag for lag in LAGS if first - lag > known.min()] or [1]:
        fitted, before = (fit_window(part, first - lag, stored) for part in (votes, votes.isel(item=~is_new)))
        past = tell_past(*((each.window, each.linked, each.shape) for each in (fitted, before)), stored)
        considered[lag] = measure_k(past)
        if considered[lag] < ENOUGH_K:
            break
    return fitted, past, considered


def measure_k(past: Past) -> float:
    """Largest Pareto k, over directions, of weights that would move the old draws to the new posterior.

    Directions do not depend on each other, so that each is judged by itself: k is large where the new votes
    have the past beyond what the old draws cover.
    """
    log = past.place * past.pull - 0.5 * past.precision * past.place**2
    # Directions of which next to nothing is told have weights of 1, and no tail.
    told = log.std(0) > LEAST_TOLD
    k = max((float(array_stats.psislw(-column)[1]) for column in log[:, told].T), default=0.0)
    # No tail can be fitted where next to all weight is on one draw.
    return k if np.isfinite(k) else np.inf


def update(
    stored: Stored, old: xr.Dataset, new: xr.Dataset, seed: int, draws: int = DRAWS, progress=None
) -> Updated:
    """Return the posterior of positions and resolutions given the votes of a stored fit and new ones.

    The last sessions are fitted anew given the earlier positions of each draw of the fit. These move first,
    by the normal approximation, to where the new votes have them.

    Parameters
    ----------
    stored : Stored
    old, new : xr.Dataset
        Votes of the fit, and roll calls that are not in it, at roll-call granularity: ``counts`` with
        ``session`` and ``match_group`` (item). A new resolution has a match group of its own.
    seed : int
    draws : int
        Number of draws to take.
    progress : callable, optional
        Called with the share done.

    Raises
    ------
    ValueError
        If a new roll call is of a session before the third of the fit: no earlier one could be held.
    """
    if new["session"].values.min() <= stored.layout.session[1]:
        raise ValueError("new roll calls of the first two sessions of a fit cannot be added: fit again")
    rng = np.random.default_rng(seed)
    votes = join_votes(old, new)
    is_new = np.arange(votes.sizes["item"]) >= old.sizes["item"]
    fitted, past, considered = choose_window(votes, is_new, stored)
    window, _, centre, shape = fitted
    stored = move_past(past, stored, window.begin)
    linked = link(window, stored, take_sessions(votes, window.begin)["state"].values.astype(str))
    # Draws stand chain by chain in the order in which they were made: even places spread over all of it.
    sample = np.linspace(0, len(stored.position) - 1, min(draws, len(stored.position))).round().astype(int)
    x, accepted = move_draws(sample, window, stored, linked, centre, shape, rng, progress)
    posterior = gather(x, sample, window, stored, centre)
    return Updated(posterior, window.begin, list(considered.values())[-1], considered, accepted)


def gather(x, sample, window, stored, centre) -> xr.Dataset:
    """Put draws of the window beside the earlier positions of the fit's draws that they belong to."""
    earlier = stored.layout.session[stored.layout.session_idx] < window.begin
    position, slope, anchor, log_gap = (
        np.stack(part) for part in zip(*(split(each, window) for each in x), strict=True)
    )
    cutpoint = np.stack(
        [place_cutpoints(*parts, centre)[2] for parts in zip(slope, anchor, log_gap, strict=True)]
    )
    return xr.Dataset(
        {
            "ideal_point": (
                ("sample", "position"),
                np.hstack([stored.position[sample][:, earlier], position]),
            ),
            "discrimination": (("sample", "resolution"), slope),
            "cutpoint": (("sample", "resolution", "threshold"), cutpoint),
        },
        {
            "position": np.concatenate([stored.label[earlier], window.votes.position]),
            "resolution": window.layout.item,
            "threshold": ["lower", "upper"],
        },
    )
