"""A stored fit of many sessions, as the update reads it."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from analysis.posterior.draws import stack
from analysis.store.files import read_tree
from analysis.studies.dynamic.export import find_positions
from analysis.studies.dynamic.update.window import (
    Rest,
    Window,
    curve_outside,
    expand_outside,
    name_positions,
)
from data.load import DataError
from models.coordinates.layout import Layout, prepare_layout
from models.spec import DynamicIdealPointSpec

FIT, RECORD = "dynamic_ideal_points.nc", "dynamic_run.json"
SCALES = {
    "first": ("first_mean", "first_sd"),
    "step": ("step_log_mean", "step_log_sd"),
    "midpoint": ("midpoint_mean", "midpoint_sd"),
    "log_gap": ("log_gap_mean", "log_gap_sd"),
}
"""Mean and sd of each distribution."""
POINTS, SPAN, NARROWEST = 25, 5.0, 0.15
"""Points over which a state's scale of movement is summed; half their width in standard deviations of its
draws, and the least of these."""


class Stored(NamedTuple):
    """Draws of a fit.

    Attributes
    ----------
    layout : Layout
        Numbering of the votes of the fit.
    label : np.ndarray
        (position,), text such as ``USA-57``.
    position, slope, cutpoint : np.ndarray
        (sample, position), (sample, resolution), (sample, resolution, 2), float.
    item : np.ndarray
        (resolution,), int: match groups, ascending.
    state : np.ndarray
        (state,), text.
    step_log : np.ndarray
        (sample, state), float: log sd of a move.
    scales : dict of str to np.ndarray
        (sample, 2), float: mean and sd of ``SCALES``, and of ``discrimination``, whose mean is 0.
    spread : np.ndarray
        (sample, session), float: log sd of the positions of each session.
    session_log_sd_scale : float
        From the fit's spec.
    """

    layout: Layout
    label: np.ndarray
    position: np.ndarray
    slope: np.ndarray
    cutpoint: np.ndarray
    item: np.ndarray
    state: np.ndarray
    step_log: np.ndarray
    scales: dict[str, np.ndarray]
    spread: np.ndarray
    session_log_sd_scale: float


def prepare_stored(posterior: xr.Dataset, votes: xr.Dataset, spec: DynamicIdealPointSpec) -> Stored:
    """Read the posterior (chain, draw, ...) of a fit of ``votes``.

    Raises
    ------
    DataError
        If the fit has other positions than the votes, or moves that are not normal.
    """
    if spec.step != "normal":
        raise DataError(
            f"the fit has moves of the kind {spec.step!r}; an update is made for normal ones only"
        )
    layout = prepare_layout(votes)
    label = name_positions(votes, layout)
    draws = stack(posterior)
    if not np.array_equal(draws["position"].values.astype(str), label):
        raise DataError(
            f"the fit has {draws.sizes['position']:,} positions, the roll calls {len(label):,}: these are "
            "not the votes of the fit"
        )

    def read(name: str) -> np.ndarray:
        return draws[name].transpose("sample", ...).values.astype(float)

    position = read("ideal_point")
    scales = {key: np.column_stack([read(name) for name in names]) for key, names in SCALES.items()}
    scales["discrimination"] = np.column_stack([np.zeros(len(position)), read("discrimination_sd")])
    return Stored(
        layout=layout,
        label=label,
        position=position,
        slope=read("discrimination"),
        cutpoint=read("cutpoint"),
        item=draws["resolution"].values,
        state=draws["state"].values.astype(str),
        step_log=np.log(read("step_sd")),
        scales=scales,
        spread=measure_spreads(position, layout),
        session_log_sd_scale=spec.session_log_sd_scale,
    )


def measure_spreads(position: np.ndarray, layout: Layout) -> np.ndarray:
    """Log sd (sample, session) of the positions (sample, position) of each session."""
    sessions = range(len(layout.session))
    return np.stack([np.log(position[:, layout.session_idx == t].std(1)) for t in sessions], 1)


def read_spec(folder: Path) -> tuple[tuple[int, int], DynamicIdealPointSpec]:
    """Return the sessions and the spec of the fit in a folder."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return tuple(record["sessions"]), DynamicIdealPointSpec(**record["spec"])


def load_posterior(folder: Path | None) -> tuple[Path, xr.Dataset]:
    """Return the folder of the fit, and its posterior (chain, draw, ...).

    Raises
    ------
    DataError
        If there are no draws, which do not ship.
    """
    home = find_positions(folder)
    if not (home / FIT).is_file():
        raise DataError(f"{home} has no {FIT}: draws do not ship; make them with sfl dynamic")
    return home, read_tree(home / FIT)["posterior"].dataset


class Linked(NamedTuple):
    """Where a window finds what is held in a stored fit; -1 where there is nothing.

    Attributes
    ----------
    held, position, item : np.ndarray
        Of each position: the fit's position before the window; of each position, and item of the window, the
        fit's own.
    outside, outside_item : np.ndarray
        Of each position and item with earlier votes: the fit's.
    curve : np.ndarray
        (outside item, 3, 3): second derivatives of these votes, at the mean of the draws.
    square : np.ndarray
        (sample, state): sum of squares of each state's moves before the window, each divided by the sessions
        between.
    grid : np.ndarray
        (state, point): values of the log sd of its moves.
    """

    held: np.ndarray
    position: np.ndarray
    item: np.ndarray
    outside: np.ndarray
    outside_item: np.ndarray
    curve: np.ndarray
    square: np.ndarray
    grid: np.ndarray


def find(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the place of each value among others, -1 if it is not there."""
    place = {value: k for k, value in enumerate(among.tolist())}
    return np.array([place.get(value, -1) for value in values.tolist()], dtype=int)


def link(window: Window, stored: Stored, states: np.ndarray) -> Linked:
    """Find what the window needs of the fit; ``states`` (state,) are those of the window."""
    outside, outside_item = (
        find(window.outside.position, stored.label),
        find(window.outside.item, stored.item),
    )
    middle = np.column_stack([stored.slope.mean(0)[outside_item], stored.cutpoint.mean(0)[outside_item]])
    curve = np.zeros((0, 3, 3))
    if len(outside_item):
        curve = curve_outside(window, stored.position.mean(0)[outside], middle)
    layout, state = stored.layout, find(states, stored.state)
    before = layout.session[layout.session_idx] < window.begin
    moved = np.flatnonzero(before & (layout.previous_idx >= 0))
    square = (stored.position[:, moved] - stored.position[:, layout.previous_idx[moved]]) ** 2
    square /= layout.elapsed[moved]
    of_state = find(stored.state[layout.state_idx[moved]], states)
    here = of_state >= 0
    total = np.stack([np.bincount(of_state[here], row[here], len(states)) for row in square])
    # A state that is new may move as any other.
    loc, scale = stored.scales["step"].mean(0)
    middle = np.where(state >= 0, stored.step_log.mean(0)[state], loc)
    width = np.where(state >= 0, np.maximum(stored.step_log.std(0)[state], NARROWEST), scale)
    return Linked(
        held=find(window.held, stored.label),
        position=find(window.votes.position, stored.label),
        item=find(window.layout.item, stored.item),
        outside=outside,
        outside_item=outside_item,
        curve=curve,
        square=total,
        grid=middle[:, None] + SPAN * width[:, None] * np.linspace(-1, 1, POINTS),
    )


def take_rest(window: Window, stored: Stored, linked: Linked, sample: int | None) -> Rest:
    """Return what a draw says of all that is not unknown, or the mean of the draws if ``sample`` is None."""

    def take(values: np.ndarray) -> np.ndarray:
        return values.mean(0) if sample is None else values[sample]

    position = take(stored.position)
    scales = {name: tuple(take(values)) for name, values in stored.scales.items()}
    earlier = stored.layout.session < window.begin
    at = np.column_stack(
        [take(stored.slope)[linked.outside_item], take(stored.cutpoint)[linked.outside_item]]
    )
    return Rest(
        held=np.where(linked.held >= 0, position[linked.held], np.nan),
        square=take(linked.square),
        step=scales["step"],
        spread=take(stored.spread)[earlier],
        first=scales["first"],
        discrimination=scales["discrimination"],
        midpoint=scales["midpoint"],
        log_gap=scales["log_gap"],
        outside_at=at,
        outside_pull=expand_outside(window, position[linked.outside], at),
        outside_curve=linked.curve,
    )
