"""The claims' posteriors: which model, on what, and which contrast of its draws."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.run import Report
from analysis.posterior.joining import pool_cases
from analysis.posterior.tiers import compute_tiers
from analysis.studies.claims.fits import (
    compute_level_effects,
    draw_alignment_effects,
    draw_positions,
    fit_levels,
    fit_support,
)
from analysis.studies.claims.rows import MAIN_CODING, infer
from analysis.variants.table import Variant
from data.alliances.spec import ClaimsSpec
from data.load import (
    ALLY_OF_CLIENT,
    INFORMAL_LEVELS,
    add_client_ties,
    grade_by_closeness,
    grade_by_form,
    load_alliances,
)
from models.spec import TierSpec


def strongest_level(panel: xr.Dataset) -> str:
    """The highest guarantee level of a panel: the pact, in the main coding."""
    return panel["guarantee"].attrs["levels"][-1]


def estimate_formality(
    panel: xr.Dataset, spec: ClaimsSpec, variant: Variant, report: Report, coding: str = MAIN_CODING
) -> list[pd.DataFrame]:
    """Joining by the form of the tie: treaty levels, designation, access, troops; levels partially pooled.

    Returns
    -------
    list of pd.DataFrame
        ``ame_<level>``; ``informal``: the mean effect of the informal levels that any state has;
        ``pact_less_informal``: what comes with the written form, both cases and pooled.
    """
    graded = grade_by_form(panel, spec)
    pooled = replace(variant.coalition, guarantee_pooling="levels")
    effects = compute_level_effects(
        fit_levels(graded, pooled, variant, f"by form ({coding})", report), graded
    )
    informal, less = contrast_forms(effects, graded)
    infer_here = partial(infer, "formality", unit="points", coding=coding)
    rows = [infer_here(f"ame_{v}", effects.sel(level=v)) for v in effects["level"].values]
    return [*rows, infer_here("informal", informal), infer_here("pact_less_informal", less)]


def contrast_forms(effects: xr.DataArray, graded: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean effect of the informal levels that any state has, and the pact's less it."""
    informal = effects.sel(level=effects["level"].isin(INFORMAL_LEVELS)).mean("level")
    return informal, effects.sel(level=strongest_level(graded), drop=True) - informal


def estimate_formal_alignment(
    panel: xr.Dataset,
    positions: np.ndarray,
    spec: ClaimsSpec,
    variant: Variant,
    coding: str = MAIN_CODING,
) -> list[pd.DataFrame]:
    """Alignment by the form of the tie, from the exact model: ``alignment_<level>``, and the contrast."""
    graded = grade_by_form(panel, spec)
    effects = pool_cases(draw_alignment_effects(graded, positions, variant, "form"))
    _, less = contrast_forms(effects, graded)
    infer_here = partial(infer, "formality", unit="sd", coding=coding)
    rows = [infer_here(f"alignment_{v}", effects.sel(level=v)) for v in effects["level"].values]
    return [*rows, infer_here("alignment_pact_less_informal", less)]


def estimate_closeness(
    panel: xr.Dataset,
    positions: np.ndarray,
    variant: Variant,
    report: Report,
    coding: str = MAIN_CODING,
) -> list[pd.DataFrame]:
    """Joining and alignment by distance from the hub, and by ties among clients.

    Returns
    -------
    list of pd.DataFrame
        ``ame_<level>``, ``alignment_<level>`` (levels: ally_of_client and those of the panel),
        ``pact_less_ally_of_client`` and ``alignment_pact_less_ally_of_client``; ``client_ties_slope``: logits
        of joining for one standard deviation of log(1 + ties to clients), the guarantee held.
    """
    closeness = load_alliances("closeness.csv")
    graded = grade_by_closeness(panel, closeness)
    posterior = fit_levels(graded, variant.coalition, variant, f"by distance from the hub ({coding})", report)
    found = {
        ("ame", "", "points"): compute_level_effects(posterior, graded),
        ("alignment", "alignment_", "sd"): pool_cases(
            draw_alignment_effects(graded, positions, variant, "hub")
        ),
    }
    rows = []
    infer_here = partial(infer, "hierarchy", coding=coding)
    for (name, prefix, unit), effects in found.items():
        rows += [infer_here(f"{name}_{v}", effects.sel(level=v), unit) for v in effects["level"].values]
        top = effects.sel(level=strongest_level(graded), drop=True)
        less = top - effects.sel(level=ALLY_OF_CLIENT, drop=True)
        rows.append(infer_here(f"{prefix}pact_less_ally_of_client", less, unit))
    tied = add_client_ties(panel, closeness)
    posterior = fit_levels(tied, variant.coalition, variant, f"by ties among clients ({coding})", report)
    slope = posterior["covariate_slope"].sel(covariate="client_ties", drop=True).transpose("case", "sample")
    rows.append(infer_here("client_ties_slope", pool_cases(slope), "logits"))
    return rows


def estimate_goods(
    panel: xr.Dataset, variant: Variant, report: Report, coding: str = MAIN_CODING
) -> list[pd.DataFrame]:
    """The tier of support by capability, with a pact and without.

    Returns
    -------
    list of pd.DataFrame
        ``tier_<tier>``: probability of each tier for the states of a group as they are, had all a pact
        (group ``<group>, pact``) or none (``<group>, none``); ``at_least_<tier>``: of that tier or a higher
        one; ``adds_<tier>``: the second with a pact less without, by group, and ``middle less small``;
        ``guarantee_capability``: what a standard deviation of log capability adds to a pact's effect.
    """
    spec = TierSpec(predictor=variant.coalition, capability_interaction=True)
    posterior = fit_support(panel, spec, variant, f"by capability ({coding})", report)
    tiers = compute_tiers(posterior, panel, panel["capability_group"])
    top, reference = strongest_level(panel), panel["guarantee"].attrs["levels"][0]
    at_least = tiers.isel(tier=slice(None, None, -1)).cumsum("tier").isel(tier=slice(None, None, -1))
    at_least = at_least.assign_coords(tier=tiers["tier"])
    groups = panel["capability_group"].attrs["levels"]
    rows = []
    infer_here = partial(infer, "goods", coding=coding)
    for tier in tiers["tier"].values[1:]:
        for name, draws in (("tier", tiers), ("at_least", at_least)):
            for level, label in ((top, "pact"), (reference, "none")):
                of_level = draws.sel(tier=tier, level=level)
                for group in groups:
                    cell = f"{group}, {label}"
                    rows.append(
                        infer_here(f"{name}_{tier}", of_level.sel(group=group), "probability", group=cell)
                    )
    adds = at_least.sel(level=top, drop=True) - at_least.sel(level=reference, drop=True)
    for tier in tiers["tier"].values[1:]:
        of_tier = adds.sel(tier=tier)
        rows += [infer_here(f"adds_{tier}", of_tier.sel(group=g), "points", group=g) for g in groups]
        less = of_tier.sel(group="middle", drop=True) - of_tier.sel(group="small", drop=True)
        rows.append(infer_here(f"adds_{tier}", less, "points", group="middle less small"))
    slope = posterior["guarantee_capability"].sel(level=top, drop=True)
    rows.append(infer_here("guarantee_capability", slope, "logits"))
    return rows


def estimate_alone(
    panel: xr.Dataset,
    spec: ClaimsSpec,
    variant: Variant,
    votes_path: Path | None,
    report: Report,
    *,
    granularity: str,
    coding: str = MAIN_CODING,
) -> list[pd.DataFrame]:
    """What a pact adds to alignment where the US stands nearly alone, and on all other resolutions.

    Each set of votes has a stage 1 of its own, standardised over the same states, so that both effects are in
    standard deviations of the states on those votes.

    Returns
    -------
    list of pd.DataFrame
        ``alignment_pact_alone``, ``alignment_pact_others`` and ``alignment_pact_alone_less_others``, by case
        and pooled.
    """
    chosen = {
        "alone": replace(variant.data, granularity=granularity, us_side_below=spec.alone_below),
        "others": replace(variant.data, granularity=granularity, us_side_from=spec.alone_below),
    }
    effects = {}
    for name, data in chosen.items():
        label = f"{name} {spec.alone_below:g}, {granularity}"
        positions = draw_positions(data, panel, variant, votes_path, label, report)
        drawn = pool_cases(draw_alignment_effects(panel, positions, variant, label))
        effects[name] = drawn.sel(level=strongest_level(panel), drop=True)
    keep = min(draws.sizes["sample"] for draws in effects.values())
    effects = {
        name: draws.isel(sample=slice(keep)).drop_vars("sample", errors="ignore")
        for name, draws in effects.items()
    }
    effects["alone_less_others"] = effects["alone"] - effects["others"]
    return [
        infer("unpopular", f"alignment_pact_{name}", draws, "sd", coding=coding)
        for name, draws in effects.items()
    ]


def take_effects(effects: pd.DataFrame, panel: xr.Dataset) -> pd.DataFrame:
    """The main job's effect of a pact on joining, per case and their difference, as rows of ``unpopular``."""
    quantity = f"ame_{strongest_level(panel)}_total"
    rows = effects[(effects["quantity"] == quantity) & (effects["group"] == "all")]
    rows = rows.rename(columns={"case": "when", "prob_positive": "prob"}).drop(columns="quantity")
    keys = {"claim": "unpopular", "quantity": "ame_pact_total", "coding": MAIN_CODING}
    return rows.assign(**keys, kind="posterior", unit="points")
