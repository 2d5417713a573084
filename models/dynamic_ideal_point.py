"""The graded-response model of many sessions' votes: positions walk, repeated resolutions stay."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coordinates.dynamic_mode import DynamicStart, estimate_dynamic_start
from models.coordinates.layout import prepare_layout, prepare_ragged_votes
from models.coordinates.walks import Walks, prepare_walks, unwhiten_walks, weigh_scales, whiten_walks
from models.coordinates.warp import compute_warp
from models.ideal_point import prepare_direction
from models.likelihood.graded_response import graded_response_logp
from models.spec import DynamicIdealPointSpec


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
    coordinates of ``models.coordinates.walks``, which leave the posterior as it is. See models/README.md.
    """
    layout = prepare_layout(votes)
    direction = prepare_direction(votes)
    start = start or estimate_dynamic_start(votes, layout)
    state_idx, session_idx, home_idx = layout.state_idx, layout.session_idx, layout.home_idx
    walks = prepare_walks(
        state_idx, layout.previous_idx, layout.elapsed, start.information, start.votes_position
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
        # A state whose votes tell its scale is sampled as it is, another relative to the rest.
        typical, spread = start.step_log.mean(), max(start.step_log.std(), 0.1)
        centring = weigh_scales(walks, np.exp(start.step_log), spread)
        step_log_mean = pm.Normal("step_log_mean", spec.step_log_loc, spec.step_log_scale, initval=typical)
        step_log_sd = pm.HalfNormal("step_log_sd", spec.step_log_sd_scale, initval=spread)
        own_scale = pm.Data("centring", centring)
        step_partial = pm.Normal(
            "step_partial",
            own_scale * step_log_mean,
            step_log_sd**own_scale,
            dims="state",
            initval=centring * typical + (start.step_log - typical) * spread ** (centring - 1),
        )
        step_log = step_log_mean + step_log_sd ** (1 - own_scale) * (step_partial - own_scale * step_log_mean)
        step_scale = pt.exp(step_log)
        whitened = pm.Flat(
            "whitened_position",
            dims="position",
            initval=whiten_walks(start.position, np.exp(-2 * start.step_log), walks),
        )
        # Arrays are data, not constants: large constants could not be kept among compiled code.
        walks_data = Walks(*(pm.Data(f"walks_{n}", x) for n, x in zip(walks._fields, walks, strict=True)))
        # What whole sessions do together has coordinates of its own (models.coordinates.warp): votes see it only relative
        # to items, which follow. They say again what the paths say, to which they are held.
        coefficients = (warp.curve.shape[1], warp.state_shape.shape[1])
        warp_weight = pm.Flat("warp_weight", shape=coefficients, initval=np.zeros(coefficients))
        session_warp = pt.dot(warp.curve, warp_weight)
        state_shape = pm.Data("state_shape", warp.state_shape)
        shift = (session_warp[session_idx] * state_shape).sum(-1)
        raw_position, log_jacobian = unwhiten_walks(whitened, pt.exp(-2 * step_log), shift, walks_data)
        pm.Potential("paths_jacobian", log_jacobian)
        strayed = (raw_position - start.position) / layout.sat.sum(1)[session_idx]
        share = pt.inc_subtensor(pt.zeros_like(session_warp)[session_idx], strayed[:, None] * state_shape)
        held = pm.Normal.dist(pt.dot(warp.curve.T, share), spec.warp_gauge_scale)
        pm.Potential("warp_gauge", pm.logp(held, warp_weight).sum())

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
        gap = pt.exp(pm.Normal("log_gap", log_gap_mean, log_gap_sd, dims="resolution", initval=start.log_gap))
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
