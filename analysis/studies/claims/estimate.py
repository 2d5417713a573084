"""From fits to rows: which contrasts of the draws answer a claim."""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.make import draw_alignment_to_gates
from analysis.posterior.draws import stack
from analysis.posterior.joining import (
    ALL,
    OVERLAP,
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
from data.spec import TIERS
from models.exposure import BY_CAPABILITY
from models.panel import centre_alignment, prepare_panel_data


def keep_draws(fit: xr.DataTree, variant: Variant) -> xr.Dataset:
    """Return a fit's posterior along ``sample``, with at most as many draws as the main job keeps."""
    return stack(fit["posterior"].dataset, variant.run.kept_draws)


def compute_level_effects(posterior: xr.Dataset, panel: xr.Dataset) -> xr.DataArray:
    """Average marginal effect on joining of each level, compared with none, over the states in overlap.

    Takes draws along ``sample`` of the model of joining without alignment, and the panel of the fit. Returns
    (level, case, sample), change in probability, -1 to 1; the last case is ``pooled``.
    """
    members = list_groups(panel).sel(group=[OVERLAP])
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
    drawn = centre_alignment(panel, draw_alignment(by_case, panel, variant))
    # Several draws of an effect at each draw of the positions, as in the main job.
    return np.tile(drawn, (max(1, variant.run.kept_draws // len(drawn)), *[1] * (drawn.ndim - 1)))


def draw_alignment_effects(
    panel: xr.Dataset, positions: np.ndarray, variant: Variant, name: str
) -> xr.DataArray:
    """Draw the effect of each level on alignment, one draw for each draw of the positions.

    Takes a panel, positions from ``draw_positions``, a variant for priors and seed, and a name on which the
    seed depends. Returns (level, case, sample), standard deviations of the states. Raises ConvergenceError if
    the model of alignment misses a gate.
    """
    seed = derive_seed(variant.run.seed, "claims", "alignment", name)
    prepared = prepare_panel_data(panel)
    drawn = draw_alignment_to_gates(prepared, positions, variant.alignment, seed)["guarantee_effect"]
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
    for prefix, label, unit, group, effects in (
        ("ame_", "", "points", OVERLAP, joining),
        ("alignment_", "alignment_", "sd", ALL, alignment),
    ):
        for level in effects["level"].values:
            rows.append(infer_here(f"{prefix}{level}", effects.sel(level=level), unit, group=group))
        less = effects.isel(level=-1, drop=True) - average_levels(effects, others)
        rows.append(infer_here(f"{label}pact_less_{name}", less, unit, group=group))
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
    informal = average_levels(joining, INFORMAL_LEVELS)
    return [*rows, infer_here("informal", informal, "points", group=OVERLAP)]


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


def merge_combat(panel: xr.Dataset) -> xr.Dataset:
    """Count combat as soldiers: too few states fought for a step of its own."""
    tier = panel["tier"]
    return panel.assign(tier=tier.clip(max=TIERS.index("military")).assign_attrs(tier.attrs))


def estimate_goods(
    panel: xr.Dataset, variant: Variant, coding: str, fits: list[xr.DataTree]
) -> list[pd.DataFrame]:
    """Names and soldiers by capability, with a pact and without.

    Takes what ``estimate_formality`` takes, without positions; the first fit is the model of steps on the
    panel of ``merge_combat``, and the second, if there is one, the model with proportional odds.
    Rows: ``at_least_<tier>``: probability of that tier or a higher one for the states of a group as they are,
    if all had a pact (group ``<group>, pact``) or none had one (``<group>, none``); ``adds_<tier>``: the
    former minus the latter; ``capability_change_<tier>``: change of a pact's effect on the step to that tier,
    in logits per standard deviation of log capability; ``capability_change_military_less_political``;
    ``guarantee_capability``: the same change for both steps together, with proportional odds.
    """
    posterior = keep_draws(fits[0], variant)
    in_overlap = list_groups(panel).sel(group=OVERLAP, drop=True)
    tiers = compute_tiers(posterior, panel, panel["capability_group"].where(in_overlap, ""))
    top, reference = strongest_level(panel), panel["guarantee"].attrs["levels"][0]
    at_least = tiers.isel(tier=slice(None, None, -1)).cumsum("tier").isel(tier=slice(None, None, -1))
    at_least = at_least.assign_coords(tier=tiers["tier"])
    groups = panel["capability_group"].attrs["levels"]
    rows = []
    infer_here = partial(infer, "goods", coding=coding)
    for tier in tiers["tier"].values[1:]:
        for group in groups:
            of_group = at_least.sel(tier=tier, group=group, drop=True)
            given = {
                "pact": of_group.sel(level=top, drop=True),
                "none": of_group.sel(level=reference, drop=True),
            }
            for label, draws in given.items():
                cell = f"{group}, {label}"
                rows.append(infer_here(f"at_least_{tier}", draws, "probability", group=cell))
            adds = given["pact"] - given["none"]
            rows.append(infer_here(f"adds_{tier}", adds, "points", group=group))
    change = compute_changes(posterior, top)
    rows += [infer_here(f"capability_change_{name}", draws, "logits") for name, draws in change.items()]
    for proportional in fits[1:]:
        slope = keep_draws(proportional, variant)[BY_CAPABILITY].sel(level=top, drop=True)
        rows.append(infer_here(BY_CAPABILITY, slope, "logits"))
    return rows


def compute_changes(posterior: xr.Dataset, level: str) -> dict[str, xr.DataArray]:
    """Return the change of a level's effect with capability in each step, and the second less the first.

    Takes draws of the model of steps along ``sample``. Returns (case, sample) by the tier that the step leads
    to, logits per standard deviation of log capability; the last case is ``pooled``.
    """
    change = posterior[BY_CAPABILITY].sel(level=level, drop=True).transpose("step", "case", "sample")
    by_step = {str(step): pool_cases(change.sel(step=step, drop=True)) for step in change["step"].values}
    (first, low), (second, high) = by_step.items()
    return by_step | {f"{second}_less_{first}": high - low}


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
