"""From fits to rows: which contrasts of the draws answer a claim."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.joining import (
    average_over_states,
    list_groups,
    pool_cases,
    predict_joining,
    weigh_state_effects,
)
from analysis.posterior.positions import draw_alignment
from analysis.posterior.tiers import compute_tiers
from analysis.studies.claims.rows import infer, strongest_level
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from data.load import ALLY_OF_CLIENT, INFORMAL_LEVELS
from models.alignment import draw_alignment_model
from models.panel import centre_alignment, prepare_panel_data


def keep_draws(fit: xr.DataTree, variant: Variant) -> xr.Dataset:
    """Return a fit's posterior along ``sample``, with at most as many draws as the main job keeps."""
    return stack(fit["posterior"].dataset, variant.run.kept_draws)


def compute_level_effects(posterior: xr.Dataset, panel: xr.Dataset) -> xr.DataArray:
    """Average marginal effect on joining of each level, compared with none, over all included states.

    Takes draws along ``sample`` of the model of joining without alignment, and the panel of the fit. Returns
    (level, case, sample), change in probability, -1 to 1; the last case is ``pooled``.
    """
    members = list_groups(panel).sel(group=["all"])
    weights = weigh_state_effects(posterior, panel)
    reference, *levels = panel["guarantee"].attrs["levels"]
    without = predict_joining(posterior, panel, reference, weights)
    effects = [
        average_over_states(predict_joining(posterior, panel, level, weights) - without, members)
        .isel(group=0, drop=True)
        .expand_dims(level=[level])
        for level in levels
    ]
    return xr.concat(effects, "level")


def draw_positions(stage1: list[xr.DataTree], panel: xr.Dataset, variant: Variant) -> np.ndarray:
    """Draw the positions of all states of a panel.

    Takes the fits of stage 1 in the order of the panel's cases, the panel, and a variant for the priors of
    stage 1, the seed and the number of draws. Returns (sample, case, state), standard deviations of the
    states, centred within each case.
    """
    by_case = dict(zip(map(str, panel["case"].values), stage1, strict=True))
    # The model of alignment has a closed form, so all draws are used at no cost.
    everything = replace(variant, run=replace(variant.run, stage1_draws=variant.run.kept_draws))
    return centre_alignment(panel, draw_alignment(by_case, panel, everything))


def draw_alignment_effects(
    panel: xr.Dataset, positions: np.ndarray, variant: Variant, name: str
) -> xr.DataArray:
    """Draw the exact effect of each level on alignment, one draw for each draw of the positions.

    Takes a panel, positions from ``draw_positions``, a variant for priors and seed, and a name on which the
    seed depends. Returns (level, case, sample), standard deviations of the states.
    """
    seed = derive_seed(variant.run.seed, "claims", "alignment", name)
    prepared = prepare_panel_data(panel)
    drawn = draw_alignment_model(prepared, positions, variant.alignment, seed)["guarantee_effect"]
    return drawn.reset_coords(drop=True).transpose("level", "case", "sample")


def infer_levels(
    infer_here: Callable,
    joining: xr.DataArray,
    alignment: xr.DataArray,
    name: str,
    others: Iterable[str],
) -> list[pd.DataFrame]:
    """Make rows of the effects of all levels, and of the strongest level minus the mean of some others.

    Takes ``analysis.studies.claims.rows.infer`` with claim and coding given; the effects on joining and on
    alignment (level, case, sample), the strongest level last; and the other levels with a name for them.
    Other levels that no state has are left out. Rows: ``ame_<level>``, ``alignment_<level>``,
    ``pact_less_<name>`` and ``alignment_pact_less_<name>``.
    """
    rows = []
    for prefix, label, unit, effects in (
        ("ame_", "", "points", joining),
        ("alignment_", "alignment_", "sd", alignment),
    ):
        rows += [infer_here(f"{prefix}{v}", effects.sel(level=v), unit) for v in effects["level"].values]
        less = effects.isel(level=-1, drop=True) - average_levels(effects, others)
        rows.append(infer_here(f"{label}pact_less_{name}", less, unit))
    return rows


def average_levels(effects: xr.DataArray, levels: Iterable[str]) -> xr.DataArray:
    """Average effects (level, case, sample) over those of the levels that any state has."""
    return effects.sel(level=effects["level"].isin(list(levels))).mean("level")


def estimate_formality(
    graded: xr.Dataset, positions: np.ndarray, variant: Variant, coding: str, fits: list[xr.DataTree]
) -> list[pd.DataFrame]:
    """Effects on joining and alignment by the form of the tie: treaty levels, designation, access, troops.

    Takes a panel with a level for each form of tie (``data.load.grade_by_form``), positions from
    ``draw_positions``, a variant for priors of alignment, seed and number of draws, the name of the coding,
    and the model of joining fitted to this panel. Returns the rows of ``infer_levels``, and ``informal``:
    mean effect on joining of the informal levels.
    """
    joining = compute_level_effects(keep_draws(fits[0], variant), graded)
    alignment = pool_cases(draw_alignment_effects(graded, positions, variant, "form"))
    infer_here = partial(infer, "formality", coding=coding)
    rows = infer_levels(infer_here, joining, alignment, "informal", INFORMAL_LEVELS)
    return [*rows, infer_here("informal", average_levels(joining, INFORMAL_LEVELS), "points")]


def estimate_closeness(
    graded: xr.Dataset, positions: np.ndarray, variant: Variant, coding: str, fits: list[xr.DataTree]
) -> list[pd.DataFrame]:
    """Effects on joining and alignment by distance from the hub, and of ties among clients.

    Takes what ``estimate_formality`` takes: the panel has a level for allies of clients
    (``data.load.grade_by_closeness``); the second fit has the covariate ``client_ties``. Returns the rows of
    ``infer_levels``, and ``client_ties_slope``: logits of joining for one standard deviation of log(1 + ties
    to clients), the guarantee held constant.
    """
    by_distance, by_ties = (keep_draws(fit, variant) for fit in fits)
    joining = compute_level_effects(by_distance, graded)
    alignment = pool_cases(draw_alignment_effects(graded, positions, variant, "hub"))
    infer_here = partial(infer, "hierarchy", coding=coding)
    rows = infer_levels(infer_here, joining, alignment, ALLY_OF_CLIENT, [ALLY_OF_CLIENT])
    slope = by_ties["covariate_slope"].sel(covariate="client_ties", drop=True).transpose("case", "sample")
    return [*rows, infer_here("client_ties_slope", pool_cases(slope), "logits")]


def estimate_goods(
    panel: xr.Dataset, variant: Variant, coding: str, fits: list[xr.DataTree]
) -> list[pd.DataFrame]:
    """Tier of support by capability, with a pact and without.

    Takes what ``estimate_formality`` takes, without positions; the fit is the model of tiers on the panel.
    Rows: ``tier_<tier>``: probability of each tier for the states of a group as they are, if all had a pact
    (group ``<group>, pact``) or none had one (``<group>, none``); ``at_least_<tier>``: of that tier or a
    higher one; ``adds_<tier>``: ``at_least_<tier>`` with a pact minus without, by group and for ``middle less
    small``; ``guarantee_capability``: change of a pact's effect, in logits, with one standard deviation of
    log capability.
    """
    posterior = keep_draws(fits[0], variant)
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
                    of_group, cell = of_level.sel(group=group), f"{group}, {label}"
                    rows.append(infer_here(f"{name}_{tier}", of_group, "probability", group=cell))
    adds = at_least.sel(level=top, drop=True) - at_least.sel(level=reference, drop=True)
    for tier in tiers["tier"].values[1:]:
        of_tier = adds.sel(tier=tier)
        rows += [infer_here(f"adds_{tier}", of_tier.sel(group=g), "points", group=g) for g in groups]
        less = of_tier.sel(group="middle", drop=True) - of_tier.sel(group="small", drop=True)
        rows.append(infer_here(f"adds_{tier}", less, "points", group="middle less small"))
    slope = posterior["guarantee_capability"].sel(level=top, drop=True)
    return [*rows, infer_here("guarantee_capability", slope, "logits")]


def estimate_alone(
    panel: xr.Dataset, variant: Variant, names: dict[str, str], coding: str, fits: list[xr.DataTree]
) -> list[pd.DataFrame]:
    """Effect of a pact on alignment where the US is nearly alone, and on all other resolutions.

    Takes the arguments of ``estimate_formality`` without positions, and ``names``: the two sets of votes,
    ``alone`` and ``others``, each with a name for its seed. The fits are stage 1 of each case, first on the
    one set, then on the other. Both sets are standardised over the same states, so both effects are in
    standard deviations of the states on those votes. Rows by case and pooled: ``alignment_pact_alone``,
    ``alignment_pact_others`` and ``alignment_pact_alone_less_others``.
    """
    effects, cases = {}, panel.sizes["case"]
    for number, (kind, name) in enumerate(names.items()):
        positions = draw_positions(fits[number * cases : (number + 1) * cases], panel, variant)
        drawn = pool_cases(draw_alignment_effects(panel, positions, variant, name))
        effects[kind] = drawn.sel(level=strongest_level(panel), drop=True)
    keep = min(draws.sizes["sample"] for draws in effects.values())
    effects = {
        kind: draws.isel(sample=slice(keep)).drop_vars("sample", errors="ignore")
        for kind, draws in effects.items()
    }
    effects["alone_less_others"] = effects["alone"] - effects["others"]
    return [
        infer("unpopular", f"alignment_pact_{kind}", draws, "sd", coding=coding)
        for kind, draws in effects.items()
    ]
