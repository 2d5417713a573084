"""Ideal points over many sessions: positions follow random walks, repeated resolutions link the sessions.

See models/docs/dynamic.md.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coordinates.dynamic_mode import DynamicStart, estimate_dynamic_start
from models.coordinates.gauge import orient, standardise
from models.coordinates.layout import Layout, prepare_layout, prepare_ragged_votes
from models.coordinates.paths import place_paths
from models.coordinates.start import prepare_direction
from models.ideal_point import place_items
from models.likelihood.graded_response import graded_response_logp
from models.spec import DynamicIdealPointSpec

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
"""Resolutions and their distribution."""


def build_dynamic_ideal_point_model(
    votes: xr.Dataset, spec: DynamicIdealPointSpec, *, start: DynamicStart | None = None
) -> pm.Model:
    """Build the model of states' positions session by session.

    Parameters
    ----------
    votes : xr.Dataset
        Votes at roll-call granularity, see ``data.load.load_votes``: ``counts`` (item, state, response), int,
        0 or 1, with the coordinates ``session``, ``match_group`` and ``us_vote`` (item).
    spec : DynamicIdealPointSpec
        Priors and choices.
    start : DynamicStart, optional
        Where chains begin and where items are centred. Default: estimated from the votes.

    Returns
    -------
    pm.Model
        Saved variables: ``ideal_point`` (position; mean 0, sd 1 over all state-sessions, high = where the US
        votes), ``step_sd`` (state; sd, or Student t scale, of a move from one session to the next),
        ``first_mean`` and ``first_sd``, ``discrimination`` (resolution; logits per sd), ``cutpoint``
        (resolution, threshold; logits). Labels of ``position`` look like ``USA-57``.

    Notes
    -----
    Martin and Quinn (2002), doi:10.1093/pan/10.2.134, for the random walk; Bailey, Strezhnev and Voeten
    (2017), doi:10.1177/0022002715595700, for linking sessions by repeated resolutions.
    """
    layout = prepare_layout(votes)
    start = start or estimate_dynamic_start(votes, layout, spec.session_log_sd_scale)
    moved, first = np.flatnonzero(layout.previous_idx >= 0), np.flatnonzero(layout.previous_idx < 0)
    state, session = votes["state"].values.astype(str), layout.session
    coords = {
        "state": state,
        "session": session,
        "position": [
            f"{state[i]}-{session[t]}" for t, i in zip(layout.session_idx, layout.state_idx, strict=True)
        ],
        "resolution": layout.item,
        "threshold": ["lower", "upper"],
    }
    with pm.Model(coords=coords) as model:
        # Scales of movement: log step_i ~ Normal(step_log_mean, step_log_sd). Paths: flat so far.
        step_log_mean = pm.Normal(
            "raw_step_log_mean", spec.step_log_loc, spec.step_log_scale, initval=start.step_log_mean
        )
        step_log_sd = pm.HalfNormal("step_log_sd", spec.step_log_sd_scale, initval=start.step_log_sd)
        step_log, raw, item_warp = place_paths(
            step_log_mean, step_log_sd, start, layout, spec.warp_gauge_scale
        )
        step_scale = pt.exp(step_log)

        # The random walk: first positions come from one distribution, moves from each state's own.
        first_mean = pm.Normal("raw_first_mean", spec.first_loc, spec.first_loc_scale)
        first_sd = pm.HalfNormal("raw_first_sd", spec.first_sd_scale)
        pm.Potential("first", pm.logp(pm.Normal.dist(first_mean, first_sd), raw[first]).sum())
        move = raw[moved] - raw[layout.previous_idx[moved]]
        move_scale = step_scale[layout.state_idx[moved]] * np.sqrt(layout.elapsed[moved])
        if spec.step == "normal":
            moves = pm.Normal.dist(0, move_scale)
        else:
            moves = pm.StudentT.dist(nu=spec.step_df, mu=0, sigma=move_scale)
        pm.Potential("moves", pm.logp(moves, move).sum())

        # The unit of the scale: positions spread nearly alike in every session. Votes tell how far a session
        # spreads only through resolutions put again: a bloc that votes as one could lie anywhere beyond.
        spread = measure_session_log_sd(raw, layout)
        held = pm.Normal.dist(spread.mean(), spec.session_log_sd_scale)
        pm.Potential("session_spread", pm.logp(held, spread).sum())

        # Resolutions and votes.
        direction = np.bincount(layout.item_idx, prepare_direction(votes), len(layout.item))
        position, location, scale = standardise(raw, spec.gauge_scale)
        discrimination, cutpoint = place_items(start, spec, "resolution", warp=item_warp)
        ragged, how = prepare_ragged_votes(votes, layout).as_shared(), {"implementation": spec.likelihood}
        logp = graded_response_logp(position, discrimination, cutpoint, ragged, **how)
        pm.Potential("votes", logp)
        sign = orient(discrimination, direction, "resolution")
        pm.Deterministic("ideal_point", sign * position, dims="position")
        pm.Deterministic("discrimination", sign * discrimination, dims="resolution")
        # The unit of the raw positions is the sampler's own. Lengths are given in that of the scale.
        pm.Deterministic("step_sd", step_scale / scale, dims="state")
        pm.Deterministic("step_log_mean", step_log_mean - pt.log(scale))
        pm.Deterministic("first_mean", sign * (first_mean - location) / scale)
        pm.Deterministic("first_sd", first_sd / scale)
    return model


def measure_session_log_sd(position, layout: Layout):
    """Log standard deviation (session,) of the positions (position,) of each session."""
    number, session = layout.sat.sum(1), layout.session_idx
    mean = pt.inc_subtensor(pt.zeros(len(number))[session], position) / number
    square = pt.inc_subtensor(pt.zeros(len(number))[session], (position - mean[session]) ** 2) / number
    return pt.log(square) / 2
