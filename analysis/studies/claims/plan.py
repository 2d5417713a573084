"""What the claims estimate: each estimate with the fits that it takes, planned before anything is fitted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_stage1, plan_variant
from analysis.store.files import RESULTS
from analysis.store.task import Task
from analysis.studies.claims.estimate import (
    estimate_alone,
    estimate_closeness,
    estimate_formality,
    estimate_goods,
    merge_combat,
)
from analysis.studies.claims.fits import plan_levels, plan_steps, plan_support
from analysis.studies.claims.rows import MAIN_CODING
from analysis.variants.table import find_variants
from analysis.variants.variant import Variant
from data.alliances.spec import ALTERNATIVES, ClaimsSpec
from data.load import (
    add_client_ties,
    find_rollcalls,
    grade_by_closeness,
    grade_by_form,
    load_alliances,
    load_panel,
    load_votes,
)

OTHER_MODELS = (
    "covariates-minimal",
    "covariates-and-troops",
    "pooling-joining-no-regions",
    "pooling-joining-regions-apart",
    "pooling-cases-apart",
    "state-effect-off",
    "priors-coalition-guarantee_scale-halved",
    "priors-coalition-guarantee_scale-doubled",
)
"""Variants with the same votes and states. Claims on goods and the hub are estimated again in each."""


@dataclass(frozen=True)
class Estimate:
    """Rows of one claim: ``compute`` makes them from the results of ``tasks``."""

    claim: str
    tasks: list[Task]
    compute: Callable[[list[xr.DataTree]], list[pd.DataFrame]]


def plan_claims(variant: Variant, votes_path: Path | None = None) -> list[Task]:
    """Return every fit that the claims of a variant need, without making any.

    Among them are the main job's stage 1 and, if its results are missing, its other fits.
    """
    variant.require_plain_stage2("claims")
    inputs = load_inputs(variant, votes_path)
    main = plan_variant(variant, inputs.votes, inputs.panel)
    is_there = (RESULTS / variant.name / "effects.csv").is_file()
    tasks = [*main.stage1.values()] if is_there else main.tasks
    for estimate in list_estimates(inputs.panel, None, variant, votes_path):
        tasks += estimate.tasks
    return list({task.key: task for task in tasks}.values())


def list_estimates(
    panel: xr.Dataset, positions: np.ndarray | None, variant: Variant, votes_path: Path | None
) -> list[Estimate]:
    """List all estimates. Other codings and models are added for the main analysis only.

    Takes the panel of the variant, positions from ``draw_positions`` (planning alone does not need them), the
    variant whose specs are used, and where the roll calls are.
    """
    spec, is_main = ClaimsSpec(), variant.name == "main"
    estimates = _plan_models(panel, positions, variant, MAIN_CODING)
    estimates.append(_plan_formality(panel, positions, spec, variant))
    if is_main:
        for other in find_variants(OTHER_MODELS):
            seen = load_panel(other.data, votes_path)
            estimates += _plan_models(seen, positions, replace(other, run=variant.run), other.name)
    if find_rollcalls(votes_path) is not None:
        granularity = "agenda" if variant.data.granularity == "agenda" else "rollcall"
        codings = {MAIN_CODING: (spec, granularity)}
        if is_main:
            codings |= {"agenda tallies": (spec, "agenda")}
            codings |= {coding: (other, granularity) for coding, other in ALTERNATIVES["unpopular"].items()}
        for coding, (other, granularity) in codings.items():
            estimates.append(_plan_alone(panel, other.alone_below, granularity, variant, votes_path, coding))
    return estimates


def _plan_models(
    panel: xr.Dataset, positions: np.ndarray | None, variant: Variant, coding: str
) -> list[Estimate]:
    closeness = load_alliances("closeness.csv")
    graded, tied = grade_by_closeness(panel, closeness), add_client_ties(panel, closeness)
    merged = merge_combat(panel)
    support = [plan_steps(merged, variant, f"by capability ({coding})")]
    if coding == MAIN_CODING:
        support.append(plan_support(merged, variant, f"by capability ({coding})"))
    alike = replace(variant.coalition, heterogeneity="none")
    hub = [
        plan_levels(graded, alike, variant, f"by distance from the hub ({coding})"),
        plan_levels(tied, alike, variant, f"by ties among clients ({coding})"),
    ]
    return [
        Estimate("goods", support, partial(estimate_goods, merged, variant, coding)),
        Estimate("hierarchy", hub, partial(estimate_closeness, graded, positions, variant, coding)),
    ]


def _plan_formality(
    panel: xr.Dataset, positions: np.ndarray | None, spec: ClaimsSpec, variant: Variant
) -> Estimate:
    graded = grade_by_form(panel, spec)
    # Few states have each level, so they are pooled, and each has one effect on all states.
    pooled = replace(variant.coalition, guarantee_pooling="levels", heterogeneity="none")
    task = plan_levels(graded, pooled, variant, "by form")
    return Estimate("formality", [task], partial(estimate_formality, graded, positions, variant, MAIN_CODING))


def _plan_alone(
    panel: xr.Dataset, below: float, granularity: str, variant: Variant, votes_path: Path | None, coding: str
) -> Estimate:
    selected = {"alone": {"us_side_below": below}, "others": {"us_side_from": below}}
    names = {kind: f"{kind} {below:g}, {granularity}" for kind in selected}
    tasks = []
    for kind, side in selected.items():
        data = replace(variant.data, granularity=granularity, **side)
        for case in data.cases:
            task = plan_stage1(variant, load_votes(data, case, votes_path))
            tasks.append(replace(task, name=f"{task.name}, {names[kind]}"))
    return Estimate("unpopular", tasks, partial(estimate_alone, panel, variant, names, coding))
