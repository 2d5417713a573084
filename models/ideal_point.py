"""Ideal points from ordered votes: the hierarchical graded-response model of one case.

See models/docs/ideal_point.md.
"""

from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coordinates.gauge import orient, remove_overlap, standardise
from models.coordinates.items import ItemWarp, place_discrimination, place_log_gap, place_midpoint
from models.coordinates.regions import place_position, place_region_mean
from models.coordinates.start import Start, estimate_second_start, estimate_start, prepare_direction
from models.likelihood import absences
from models.likelihood.repeated.answers import Answers, answers_logp, prepare_answers
from models.spec import DynamicIdealPointSpec, IdealPointSpec, SpecError

NO_GAP = 1e-9
"""Gap of items without abstentions, logits: the likelihood needs the cutpoints in order."""

OF_ITEMS = ("raw_discrimination", "gap_part", "anchor", "second_raw_discrimination", *absences.OF_ITEMS)
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
    "inertia",
    "testlet_sd",
    "second_ideal_point",
    "second_discrimination",
    "second_region_mean",
    "second_region_sd",
    *absences.SAVED,
]
"""Variables to save, where the model has them. The raw ones have an arbitrary scale and side."""


class Axis(NamedTuple):
    """Positions on one axis.

    Attributes
    ----------
    position : vector (state,)
        Standardised: mean 0, sd 1.
    region_mean, region_sd : vector (region,)
        Of the positions, on the same scale.
    discrimination : vector (item,)
        Logits per sd.
    """

    position: Any
    region_mean: Any
    region_sd: Any
    discrimination: Any


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
        ``region_sd`` (region; on the scale of ``ideal_point``), and the means and sds over items. With two
        dimensions, ``second_ideal_point`` and so on for the second axis. ``inertia`` (0 to 1) or
        ``testlet_sd`` (logits), where resolutions are put again; those of absence, if modelled.

    Raises
    ------
    SpecError
        If the votes cannot be fitted as the spec says; see ``check_votes``.

    Notes
    -----
    Samejima (1969) graded responses. Positions are standardised within the model, so location and scale are
    definitions. The likelihood is the same for the mirror image; both images give the same saved variables.
    Of two axes, the first is the one on which items discriminate more.
    """
    check_votes(votes, spec)
    counts = votes["counts"].values
    answers = prepare_answers(votes, spec.repeats, spec.repeat_correlation, on_axes=spec.dimensions > 1)
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
        pm.Data("region_idx", region_idx, dims="state")
        states = place_states(spec, start.position, region_idx, start.position_error)
        discrimination, cutpoint = place_items(start, spec, "item", abstentions=counts[..., 1].any())
        axes, directions = [Axis(*states, discrimination)], [direction]
        if spec.dimensions == 2:
            position, slope = estimate_second_start(counts, start)
            states = place_states(spec, position, region_idx, first=axes[0].position, prefix="second_")
            axes.append(Axis(*states, place_second_discrimination(spec, slope)))
            directions.append(slope)
        strength = place_repeats(spec, answers)
        stacked = axes[0] if len(axes) == 1 else Axis(*map(pt.stack, zip(*axes, strict=True)))
        how = {"implementation": spec.likelihood}
        logp = answers_logp(stacked.position, stacked.discrimination, cutpoint, answers, strength, **how)
        pm.Potential("votes", logp)
        if spec.absence == "modelled":
            pm.Potential("absences", absences.place_absences(votes, spec, axes[0], cutpoint))
        report_axes(axes, directions)
    return model


def check_votes(votes: xr.Dataset, spec: IdealPointSpec) -> None:
    """Raise SpecError if the votes do not have what the spec asks for, naming the choice and what to do."""
    absences.check_absences(votes, spec)
    tallies = bool((votes["counts"].values.sum(-1) > 1).any())
    given = f"IdealPointSpec.repeats = {spec.repeats!r}"
    if spec.repeats in ("testlet", "tempered") and tallies:
        raise SpecError(
            f"{given} needs single roll calls: tallies do not show which answers are to one resolution; "
            "allowed: 'inertia', 'apart'"
        )
    if spec.repeats != "apart" and not tallies and "match_group" not in votes.coords:
        raise SpecError(
            f"{given} needs to know which roll calls put the same resolution, and these votes do not say; "
            "allowed: 'apart'"
        )
    if (
        spec.repeats in ("testlet", "tempered")
        and np.unique(votes["match_group"]).size == votes.sizes["item"]
    ):
        raise SpecError(f"{given}: no resolution is put again in these votes; allowed: 'inertia', 'apart'")
    issues = np.unique(votes["issue"].values) if "issue" in votes.coords else []
    if spec.dimensions == 2 and len(issues) == 1 and issues[0] != "unknown":
        raise SpecError(
            f"IdealPointSpec.dimensions = 2 needs votes on several issue areas; all "
            f"{votes.sizes['item']} are on {issues[0]!r}; allowed: 1"
        )


def place_states(
    spec: IdealPointSpec,
    start: np.ndarray,
    region_idx: np.ndarray,
    error: np.ndarray | None = None,
    first=None,
    prefix: str = "",
) -> tuple:
    """Add the states' positions on one axis to the model in context.

    Parameters
    ----------
    spec : IdealPointSpec
    start : np.ndarray
        (state,), float: rough positions, sd 1.
    region_idx : np.ndarray
        (state,), int: number of each state's region.
    error : np.ndarray, optional
        (state,), float: rough errors of the positions. Default: 0, each state is sampled at its place.
    first : vector (state,), optional
        Standardised positions on the first axis, with which those on a second must not be correlated.
    prefix : str
        Of the names of the variables.

    Returns
    -------
    position, region_mean, region_sd
        As in ``Axis``.
    """
    of_state = pm.modelcontext(None)["region_idx"]
    # With one group there is no spread between groups to estimate.
    region_mean_sd = (
        spec.region_mean_scale
        if spec.pooling == "world"
        else pm.HalfNormal(f"{prefix}region_mean_sd", spec.region_mean_scale)
    )
    region_mean = place_region_mean(region_mean_sd, start, region_idx, prefix)
    if first is None:
        region_sd = pt.exp(pm.Normal("region_log_sd", 0, spec.region_log_sd_scale, dims="region"))
    else:
        # Votes tell little of a second axis: with spreads of their own, whole regions would fall together.
        region_sd = pt.ones_like(region_mean)
    error = np.zeros_like(start) if error is None else error
    df = spec.family_df if spec.family == "student_t" else None
    of_region = region_mean[of_state], region_sd[of_state]
    raw = place_position(f"{prefix}position", *of_region, start, error, df)
    if first is not None:
        raw = remove_overlap(raw, first, spec.gauge_scale)
    position, location, scale = standardise(raw, spec.gauge_scale, prefix)
    return position, (region_mean - location) / scale, region_sd / scale


def place_items(
    start: Start,
    spec: IdealPointSpec | DynamicIdealPointSpec,
    dim: str,
    *,
    abstentions: bool = True,
    warp: ItemWarp | None = None,
) -> tuple:
    """Add the items to the model in context, and report their cutpoints.

    Parameters
    ----------
    start : Start or DynamicStart
        Where chains begin and where the items' coordinates are centred.
    spec : IdealPointSpec or DynamicIdealPointSpec
        Priors.
    dim : str
        Name of the items' dim.
    abstentions : bool
        False: nobody abstained on any item, so the gap cannot be estimated, and the model is binary.
    warp : ItemWarp, optional
        How items move with the sessions; for the dynamic model.

    Returns
    -------
    discrimination : vector (item,)
        Logits per sd, of the side of the raw positions.
    cutpoint : matrix (item, 2)
        Logits.
    """
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
    return discrimination, pm.Deterministic("cutpoint", cutpoint, dims=(dim, "threshold"))


def place_second_discrimination(spec: IdealPointSpec, start: np.ndarray):
    """Discriminations (item,) on a second axis ~ Normal(0, sd).

    Their spread differs from that on the first axis. This, and independence of the two, tells the axes apart:
    turned axes would have correlated slopes of like spread.
    """
    sd = pm.HalfNormal("second_discrimination_sd", spec.discrimination_scale)
    return pm.Normal("second_raw_discrimination", 0, sd, dims="item", initval=start)


def place_repeats(spec: IdealPointSpec, answers: Answers):
    """Add how alike answers to a resolution put again are; None where nothing is put again."""
    if spec.repeats == "inertia" and (answers.again is not None or answers.changed):
        logit = pm.Normal("inertia_logit", spec.inertia_loc, spec.inertia_scale)
        return pm.Deterministic("inertia", pt.sigmoid(logit))
    if spec.repeats == "testlet" and answers.again is not None:
        return pm.HalfNormal("testlet_sd", spec.testlet_scale)
    return None


def report_axes(axes: list[Axis], directions: list[np.ndarray]) -> None:
    """Report positions with the US at the upper end; of two axes, first the one that divides more votes.

    ``directions`` (item,) give each axis its side: how the US voted, or the rough slopes on a second axis.
    """
    if len(axes) == 2:
        first, second = axes
        strongest_last = (second.discrimination**2).sum() > (first.discrimination**2).sum()
        pairs = list(zip(first, second, strict=True))
        axes = [
            Axis(*(pt.switch(strongest_last, b, a) for a, b in pairs)),
            Axis(*(pt.switch(strongest_last, a, b) for a, b in pairs)),
        ]
    for prefix, axis, direction in zip(("", "second_"), axes, directions, strict=False):
        sign = orient(axis.discrimination, direction, "item", prefix)
        pm.Deterministic(f"{prefix}ideal_point", sign * axis.position, dims="state")
        pm.Deterministic(f"{prefix}discrimination", sign * axis.discrimination, dims="item")
        pm.Deterministic(f"{prefix}region_mean", sign * axis.region_mean, dims="region")
        pm.Deterministic(f"{prefix}region_sd", axis.region_sd, dims="region")
