"""The graded-response model of many sessions' votes: positions walk, repeated resolutions stay."""

from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.dynamic_start import DynamicStart, estimate_dynamic_start, number_positions
from models.graded_response import Votes, graded_response_logp, prepare_votes
from models.ideal_point import prepare_direction
from models.path_basis import PathBasis, compute_path_basis, unwhiten_paths, whiten_paths
from models.spec import DynamicIdealPointSpec
from models.warp import compute_warp


class Layout(NamedTuple):
    """Where each state-session and each item stands.

    Positions are numbered session by session, within a session in the order of states.

    Attributes
    ----------
    session : np.ndarray
        (session,), int: number of each session that has votes.
    sat : np.ndarray
        (session, state), bool: the state cast a vote in the session, and so has a position in it.
    session_idx, state_idx : np.ndarray
        (position,), int.
    previous_idx : np.ndarray
        (position,), int: the state's position in the last session before in which it voted; -1 if none.
    elapsed : np.ndarray
        (position,), float: sessions since then, 1 where none was missed; 0 for a first position.
    item : np.ndarray
        (item,), int: match groups; all roll calls of one are the same resolution.
    item_idx, row_session_idx : np.ndarray
        (roll call,), int.
    home_idx : np.ndarray
        (item,), int: the session in the middle of those in which the item was put.
    path_order : np.ndarray
        (position,), int: positions state by state, each state's in the order of time.
    path_offset : np.ndarray
        (state + 1,), int: where each state's path begins in ``path_order``.
    """

    session: np.ndarray
    sat: np.ndarray
    session_idx: np.ndarray
    state_idx: np.ndarray
    previous_idx: np.ndarray
    elapsed: np.ndarray
    item: np.ndarray
    item_idx: np.ndarray
    row_session_idx: np.ndarray
    home_idx: np.ndarray
    path_order: np.ndarray
    path_offset: np.ndarray


def prepare_layout(votes: xr.Dataset) -> Layout:
    """Number the state-sessions and the items.

    Parameters
    ----------
    votes : xr.Dataset
        The contract's votes at roll-call granularity, with ``session`` and ``match_group`` (item).

    Returns
    -------
    Layout
    """
    session, row_session_idx = np.unique(votes["session"].values, return_inverse=True)
    cast = votes["counts"].values.any(-1)
    sat = np.stack([cast[row_session_idx == t].any(0) for t in range(len(session))])
    session_idx, state_idx = np.nonzero(sat)
    number = number_positions(sat)
    previous_idx, elapsed = np.full(len(session_idx), -1), np.zeros(len(session_idx))
    for path in number.T:
        path = path[path >= 0]
        previous_idx[path[1:]] = path[:-1]
        elapsed[path[1:]] = np.diff(session[session_idx[path]])
    item, item_idx = np.unique(votes["match_group"].values, return_inverse=True)
    order = np.lexsort((row_session_idx, item_idx))
    begin = np.searchsorted(item_idx[order], np.arange(len(item) + 1))
    path_order = np.lexsort((session_idx, state_idx))
    return Layout(
        session=session,
        sat=sat,
        session_idx=session_idx,
        state_idx=state_idx,
        previous_idx=previous_idx,
        elapsed=elapsed,
        item=item,
        item_idx=item_idx,
        row_session_idx=row_session_idx,
        home_idx=row_session_idx[order][(begin[:-1] + begin[1:]) // 2],
        path_order=path_order,
        path_offset=np.searchsorted(state_idx[path_order], np.arange(sat.shape[1] + 1)),
    )


def prepare_ragged_votes(votes: xr.Dataset, layout: Layout) -> Votes:
    """Lay the votes out for the likelihood: a roll call's row holds just the states of its session."""
    size = layout.sat.sum(1)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    counts = votes["counts"].values
    packed = np.zeros((len(counts), size.max(), 3), dtype=np.int32)
    for t, sat in enumerate(layout.sat):
        rows = layout.row_session_idx == t
        packed[rows, : size[t]] = counts[rows][:, sat]
    rows = layout.row_session_idx
    return prepare_votes(packed, item_idx=layout.item_idx, row_start=start[rows], row_length=size[rows])


def build_dynamic_ideal_point_model(
    votes: xr.Dataset,
    spec: DynamicIdealPointSpec,
    *,
    start: DynamicStart | None = None,
) -> pm.Model:
    """Positions of states session by session, from their ordered votes.

    Parameters
    ----------
    votes : xr.Dataset
        The contract's votes at roll-call granularity: ``counts`` (item, state, response), int, 0 or 1, with
        the coordinates ``session``, ``match_group`` and ``us_vote`` (item).
    spec : DynamicIdealPointSpec
        Priors and choices.
    start : DynamicStart, optional
        Where chains begin and where items are centred; default: estimated from the votes.

    Returns
    -------
    pm.Model
        Deterministics that mean something and are saved: ``ideal_point`` (position; mean 0, sd 1 over all
        state-sessions, high = where the US votes), ``step_sd`` (state; sd, or scale, of a move from one
        session to the next), ``first_mean`` and ``first_sd``, ``discrimination`` (resolution; logits per
        sd), ``cutpoint`` (resolution, threshold; logits). ``position`` labels are ``USA-57``.

    Notes
    -----
    Martin and Quinn (2002), doi:10.1093/pan/10.2.134, for the random walk; Bailey, Strezhnev and Voeten
    (2017), doi:10.1177/0022002715595700, for bridging by repeated resolutions. A path is sampled in the
    coordinates of ``models.path_basis``, which leave the posterior as it is. See models/README.md.
    """
    layout = prepare_layout(votes)
    direction = prepare_direction(votes)
    start = start or estimate_dynamic_start(
        votes["counts"].values, layout.item_idx, layout.row_session_idx, layout.sat, direction
    )
    state_idx, session_idx, home_idx = layout.state_idx, layout.session_idx, layout.home_idx
    path_order, path_state_idx = layout.path_order, state_idx[layout.path_order]
    basis = compute_path_basis(
        start.votes_position[path_order],
        start.information[path_order],
        layout.elapsed[path_order],
        layout.path_offset,
    )
    warp = compute_warp(start.position, session_idx, start.centre, home_idx)
    moved, first = np.flatnonzero(layout.previous_idx >= 0), np.flatnonzero(layout.previous_idx < 0)
    state, session = votes["state"].values.astype(str), layout.session
    coords = {
        "state": state,
        "session": session,
        "position": [f"{state[i]}-{session[t]}" for t, i in zip(session_idx, state_idx, strict=True)],
        "resolution": layout.item,
        "threshold": ["lower", "upper"],
    }
    with pm.Model(coords=coords) as model:
        # How restless states are, and the paths in coordinates that are nearly independent of it.
        step_log_mean = pm.Normal("step_log_mean", spec.step_log_loc, spec.step_log_scale)
        step_log_sd = pm.HalfNormal("step_log_sd", spec.step_log_sd_scale)
        step_log = pm.Normal(
            "step_log",
            step_log_mean,
            step_log_sd,
            dims="state",
            initval=np.full(len(state), spec.step_log_loc),
        )
        step_scale = pt.exp(step_log)
        whitened = pm.Flat(
            "whitened_position",
            dims="position",
            initval=whiten_paths(start.position[path_order], np.exp(spec.step_log_loc), basis),
        )
        # Arrays are data, not constants: large constants could not be kept among compiled code.
        basis_data = PathBasis(*(pm.Data(f"basis_{n}", x) for n, x in zip(basis._fields, basis, strict=True)))
        paths, log_jacobian = unwhiten_paths(whitened, step_scale[path_state_idx], basis_data)
        pm.Potential("paths_jacobian", log_jacobian)
        # What whole sessions do together has coordinates of its own (models.warp). They are redundant, so the
        # paths' own share in it is held near where it starts.
        coefficients = (warp.curve.shape[1], warp.state_shape.shape[1])
        warp_weight = pm.Flat("warp_weight", shape=coefficients, initval=np.zeros(coefficients))
        session_warp = pt.dot(warp.curve, warp_weight)
        state_shape = pm.Data("state_shape", warp.state_shape)
        own_position = paths[np.argsort(path_order)]
        raw_position = own_position + (session_warp[session_idx] * state_shape).sum(-1)
        strayed = (own_position - start.position) / layout.sat.sum(1)[session_idx]
        own_warp = pt.inc_subtensor(pt.zeros_like(session_warp)[session_idx], strayed[:, None] * state_shape)
        own_gauge = pm.Normal.dist(0, spec.warp_gauge_scale)
        pm.Potential("warp_gauge", pm.logp(own_gauge, pt.dot(warp.curve.T, own_warp)).sum())

        # The random walk: first positions are drawn from one distribution, moves from each state's own.
        first_mean = pm.Normal("raw_first_mean", spec.first_loc, spec.first_loc_scale)
        first_sd = pm.HalfNormal("raw_first_sd", spec.first_sd_scale)
        pm.Potential("first", pm.logp(pm.Normal.dist(first_mean, first_sd), raw_position[first]).sum())
        move = raw_position[moved] - raw_position[layout.previous_idx[moved]]
        move_scale = step_scale[state_idx[moved]] * np.sqrt(layout.elapsed[moved])
        if spec.step == "normal":
            moves = pm.Normal.dist(0, move_scale)
        else:
            moves = pm.StudentT.dist(nu=spec.step_df, mu=0, sigma=move_scale)
        pm.Potential("moves", pm.logp(moves, move).sum())

        # Votes do not see location and scale over all: they are held near 0 and 1, then set to them.
        location, scale = raw_position.mean(), raw_position.std()
        gauge = pm.Normal.dist(0, spec.gauge_scale)
        pm.Potential("gauge", pm.logp(gauge, location))
        pm.Potential("gauge_spread", pm.logp(gauge, pt.log(scale)))
        standardised = (raw_position - location) / scale

        # Items: sampled so that they move along with the warp of the session in the middle of those in which
        # they were put, and beside the divide and the better known cutpoint, where place, slope and gap are
        # nearly independent; the priors are on the common scale.
        item_warp = session_warp[home_idx]
        shift = (item_warp * pm.Data("item_shape", warp.item_shape)).sum(-1)
        stretch = pt.exp((item_warp * pm.Data("item_slope", warp.item_slope)).sum(-1))
        discrimination_sd = pm.HalfNormal("discrimination_sd", spec.discrimination_scale)
        relative_discrimination = pm.Normal(
            "relative_discrimination",
            0,
            discrimination_sd * stretch,
            dims="resolution",
            initval=start.discrimination,
        )
        raw_discrimination = relative_discrimination / stretch
        log_gap_mean = pm.Normal("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale)
        log_gap_sd = pm.HalfNormal("log_gap_sd", spec.log_gap_sd_scale)
        gap = pt.exp(pm.Normal("log_gap", log_gap_mean, log_gap_sd, dims="resolution"))
        midpoint_mean = pm.Normal("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale)
        midpoint_sd = pm.HalfNormal("midpoint_sd", spec.midpoint_sd_scale)
        centre = pm.Data("centre", start.centre)
        upper_weight = pm.Data("upper_weight", start.upper_weight)
        beside_midpoint = (centre + shift) * raw_discrimination + (0.5 - upper_weight) * gap
        anchor = pm.Normal(
            "anchor",
            midpoint_mean - beside_midpoint,
            midpoint_sd,
            dims="resolution",
            initval=start.midpoint - start.centre * start.discrimination,
        )
        midpoint = anchor + beside_midpoint
        cutpoint = pm.Deterministic(
            "cutpoint",
            pt.stack([midpoint - gap / 2, midpoint + gap / 2], axis=-1),
            dims=("resolution", "threshold"),
        )

        pm.Potential(
            "votes",
            graded_response_logp(
                standardised,
                raw_discrimination,
                cutpoint,
                prepare_ragged_votes(votes, layout).as_shared(),
                implementation=spec.likelihood,
            ),
        )

        # Mirror image: the upper end is the one at which the US votes.
        towards_us = np.bincount(layout.item_idx, direction, len(layout.item))
        orientation = pt.sign(pt.dot(pm.Data("direction", towards_us), raw_discrimination))
        pm.Deterministic("ideal_point", orientation * standardised, dims="position")
        pm.Deterministic("discrimination", orientation * raw_discrimination, dims="resolution")
        pm.Deterministic("step_sd", pt.exp(step_log) / scale, dims="state")
        pm.Deterministic("first_mean", orientation * (first_mean - location) / scale)
        pm.Deterministic("first_sd", first_sd / scale)
    return model


SAVED_POSITIONS = ["ideal_point", "step_sd", "first_mean", "first_sd", "step_log_mean", "step_log_sd"]
"""Positions and the scales of their movement."""

SAVED_ITEMS = [
    "discrimination",
    "cutpoint",
    "discrimination_sd",
    "midpoint_mean",
    "midpoint_sd",
    "log_gap_mean",
    "log_gap_sd",
]
"""Resolutions, and how they are distributed."""
