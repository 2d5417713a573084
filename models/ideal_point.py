"""Ideal points from ordered votes: the hierarchical graded-response model of one case.

See models/docs/ideal_point.md.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coordinates.gauge import orient, standardise
from models.coordinates.items import ItemWarp, place_discrimination, place_log_gap, place_midpoint
from models.coordinates.regions import place_region_mean
from models.coordinates.start import Start, estimate_start, prepare_direction
from models.likelihood.graded_response import graded_response_logp
from models.likelihood.votes import Votes, prepare_votes
from models.spec import DynamicIdealPointSpec, IdealPointSpec

NO_GAP = 1e-9
"""Gap of items without abstentions, logits: the likelihood needs the cutpoints in order."""

OF_ITEMS = ("raw_discrimination", "gap_part", "anchor")
"""Variables with one number an item: given the rest, those of one item do not depend on another's."""

SAVED = [
    "ideal_point",
    "discrimination",
    "cutpoint",
    "region_mean",
    "region_sd",
    "discrimination_sd",
    "midpoint_mean",
    "midpoint_sd",
    "log_gap_mean",
    "log_gap_sd",
]
"""Variables to save. The raw ones have an arbitrary scale and side, and are not saved."""


def build_ideal_point_model(votes: xr.Dataset, spec: IdealPointSpec) -> pm.Model:
    """Build the model of states' positions, pooled within regions.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``: ``counts`` (item, state, response), int >= 0, with the
        coordinates ``region`` (state) and, where responses are no/abstain/yes, ``us_vote`` (item).
    spec : IdealPointSpec
        Priors and choices.

    Returns
    -------
    pm.Model
        Saved variables: ``ideal_point`` (state; mean 0, sd 1 over the sample, high = where the US votes),
        ``discrimination`` (item; logits per sd), ``cutpoint`` (item, threshold; logits), ``region_mean`` and
        ``region_sd`` (region; on the scale of ``ideal_point``), and the means and sds over items.

    Notes
    -----
    Samejima (1969) graded responses. Positions are standardised within the model, so location and scale are
    definitions. The likelihood is the same for the mirror image; both images give the same saved variables.
    """
    counts = votes["counts"].values
    direction = prepare_direction(votes)
    start = estimate_start(counts, direction)
    regions, region_idx = np.unique(
        votes["region"].values if spec.pooling == "region" else np.full(votes.sizes["state"], "World"),
        return_inverse=True,
    )
    coords = {
        "state": votes["state"].values,
        "item": votes["item"].values,
        "region": regions,
        "threshold": ["lower", "upper"],
    }
    # The spec has been validated, so the model need not check its numbers at every step.
    with pm.Model(coords=coords, check_bounds=False) as model:
        # Arrays are data, not constants: other votes then need no new compilation.
        of_state = pm.Data("region_idx", region_idx, dims="state")

        # States. With one group there is no spread between groups to estimate.
        region_mean_sd = (
            spec.region_mean_scale
            if spec.pooling == "world"
            else pm.HalfNormal("region_mean_sd", spec.region_mean_scale)
        )
        region_mean = place_region_mean(region_mean_sd, start.position, region_idx)
        region_log_sd = pm.Normal("region_log_sd", 0, spec.region_log_sd_scale, dims="region")
        region_sd = pt.exp(region_log_sd)
        within = {"mu": region_mean[of_state], "sigma": region_sd[of_state]}
        if spec.family == "normal":
            raw = pm.Normal("raw_position", **within, dims="state", initval=start.position)
        else:
            raw = pm.StudentT(
                "raw_position", nu=spec.family_df, **within, dims="state", initval=start.position
            )
        how = {"dims": ("state", "item"), "abstentions": counts[..., 1].any()}
        sign, location, scale = place_votes(raw, prepare_votes(counts), direction, start, spec, **how)
        pm.Deterministic("region_mean", sign * (region_mean - location) / scale, dims="region")
        pm.Deterministic("region_sd", region_sd / scale, dims="region")
    return model


def place_votes(
    raw,
    votes: Votes,
    direction: np.ndarray,
    start: Start,
    spec: IdealPointSpec | DynamicIdealPointSpec,
    *,
    dims: tuple[str, str],
    abstentions: bool = True,
    warp: ItemWarp | None = None,
) -> tuple:
    """Add items and votes to the model in context, and report positions with the US at the upper end.

    Parameters
    ----------
    raw : vector (position,)
        Positions of arbitrary location, scale and side.
    votes : Votes
        In the layout of the likelihood.
    direction : np.ndarray
        (item,), float: from ``models.coordinates.start.prepare_direction``, summed over an item's roll calls.
    start : Start or DynamicStart
        Where chains begin and where the items' coordinates are centred.
    spec : IdealPointSpec or DynamicIdealPointSpec
        Priors and the implementation of the likelihood.
    dims : tuple of str
        Names of the dims of positions and of items.
    abstentions : bool
        False: nobody abstained on any item, so the gap cannot be estimated, and the model is binary.
    warp : ItemWarp, optional
        How items move with the sessions; for the dynamic model.

    Returns
    -------
    sign, location, scale : scalar
        1 or -1, so that the US votes at the upper end; mean and standard deviation of ``raw``.
    """
    dim = dims[1]
    position, location, scale = standardise(raw, spec.gauge_scale)

    discrimination_sd = pm.HalfNormal("discrimination_sd", spec.discrimination_scale)
    discrimination = place_discrimination(discrimination_sd, start, dim, warp)
    if abstentions:
        log_gap_mean = pm.Normal("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale)
        log_gap_sd = pm.HalfNormal("log_gap_sd", spec.log_gap_sd_scale)
        gap = pt.exp(place_log_gap(log_gap_mean, log_gap_sd, start, dim))
    else:
        gap = pm.Data("gap", np.full(len(start.centre), NO_GAP), dims=dim)
    midpoint_mean = pm.Normal("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale)
    midpoint_sd = pm.HalfNormal("midpoint_sd", spec.midpoint_sd_scale)
    midpoint = place_midpoint(midpoint_mean, midpoint_sd, discrimination, gap, start, dim, warp)
    cutpoint = pt.stack([midpoint - gap / 2, midpoint + gap / 2], axis=-1)
    pm.Deterministic("cutpoint", cutpoint, dims=(dim, "threshold"))

    how = {"implementation": spec.likelihood}
    logp = graded_response_logp(position, discrimination, cutpoint, votes.as_shared(), **how)
    pm.Potential("votes", logp)

    sign = orient(discrimination, direction, dim)
    pm.Deterministic("ideal_point", sign * position, dims=dims[0])
    pm.Deterministic("discrimination", sign * discrimination, dims=dim)
    return sign, location, scale
