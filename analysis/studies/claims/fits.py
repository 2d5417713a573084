"""The fits that the claims need beside those of the main job; each is stored and taken up again."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import xarray as xr

from analysis.fitting.fit import fit_tiers, fit_total, stack_draws
from analysis.pipeline.plan import plan_stage1
from analysis.pipeline.run import Report
from analysis.posterior.draws import count_draws
from analysis.posterior.joining import average_over_states, list_groups, predict_joining, weigh_state_effects
from analysis.posterior.positions import draw_alignment
from analysis.store.files import load_or_fit
from analysis.store.keys import hash_dataset
from analysis.store.store import Store, load_or_make
from analysis.variants.sampler import Progress, derive_seed
from analysis.variants.variant import Variant
from data.load import load_votes
from data.spec import DataSpec
from models.alignment import draw_alignment_model
from models.panel import centre_alignment, prepare_panel_data
from models.spec import CoalitionSpec, TierSpec

STAGE2_FIELDS = ["joined", "tier", "included", "guarantee", "covariates_transformed", "region"]


def load_or_fit_step(
    name: str, kind: str, content: dict, fit: Callable[[Progress], xr.DataTree], report: Report
) -> xr.DataTree:
    """One step with its progress: a stored fit, or a new one."""
    progress = report(name)
    tree, _, _ = load_or_fit(kind, content, lambda: fit(progress))
    progress(1.0)
    return tree


def describe_panel(panel: xr.Dataset) -> dict:
    """What a fit of stage 2 depends on in its panel."""
    return {
        "panel": hash_dataset(panel[STAGE2_FIELDS]),
        "levels": panel["guarantee"].attrs["levels"],
        "covariates": [str(name) for name in panel["covariate"].values],
    }


def fit_levels(
    panel: xr.Dataset, spec: CoalitionSpec, variant: Variant, name: str, report: Report
) -> xr.Dataset:
    """The model of joining, without alignment, on a panel with other levels or covariates.

    Returns
    -------
    xr.Dataset
        Posterior along ``sample``, as many draws as the main job keeps.
    """
    run = variant.run
    content = describe_panel(panel) | {
        "coalition": asdict(spec),
        "sampler": asdict(run.total),
        "seed": run.seed,
    }
    tree = load_or_fit_step(
        f"joining, {name}",
        "total",
        content,
        lambda progress: fit_total(
            panel, spec, run.total, seed=derive_seed(run.seed, "claims", name), progress=progress
        ),
        report,
    )
    return keep_draws(tree, variant)


def fit_support(panel: xr.Dataset, spec: TierSpec, variant: Variant, name: str, report: Report) -> xr.Dataset:
    """The ordered tier of support, without alignment, along ``sample``."""
    run = variant.run
    content = describe_panel(panel) | {"tier": asdict(spec), "sampler": asdict(run.total), "seed": run.seed}
    if spec.capability_interaction:
        content["capability"] = hash_dataset(panel[["characteristics"]])
    tree = load_or_fit_step(
        f"tiers of support {name}",
        "tiers",
        content,
        lambda progress: fit_tiers(
            panel, spec, run.total, seed=derive_seed(run.seed, "claims", "tiers"), progress=progress
        ),
        report,
    )
    return keep_draws(tree, variant)


def keep_draws(tree: xr.DataTree, variant: Variant) -> xr.Dataset:
    """A fit's posterior along ``sample``, thinned to what the main job keeps."""
    posterior = tree["posterior"].dataset
    return stack_draws(posterior, min(variant.run.kept_draws, count_draws(posterior)))


def compute_level_effects(posterior: xr.Dataset, panel: xr.Dataset) -> xr.DataArray:
    """Average marginal effect on joining of each level against none.

    Returns
    -------
    xr.DataArray
        (level, case, sample), change in probability, over all included states; the last case is ``pooled``.
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


def draw_positions(
    data: DataSpec, panel: xr.Dataset, variant: Variant, votes_path: Path | None, name: str, report: Report
) -> np.ndarray:
    """Stage 1 on the votes that a spec chooses, in both windows.

    Parameters
    ----------
    data : DataSpec
        Choice of votes.
    panel : xr.Dataset
        States whose positions are wanted.
    variant : Variant
        Priors, sampler, seed and number of draws.
    votes_path : Path or None
        Where roll calls are.
    name : str
        Of these votes, for the progress.
    report : callable

    Returns
    -------
    np.ndarray
        (sample, case, state): alignment, centred within each case.
    """
    stage1 = {}
    for case in data.cases:
        votes = load_votes(data, case, votes_path)
        progress = report(f"ideal points, {case.name}, {name}")
        stage1[case.name] = load_or_make(plan_stage1(variant, votes), {}, Store(), progress=progress)[0]
        progress(1.0)
    # Every draw: the model of alignment has a closed form, so that more of them cost nothing.
    everything = replace(variant, run=replace(variant.run, stage1_draws=variant.run.kept_draws))
    return centre_alignment(panel, draw_alignment(stage1, panel, everything))


def draw_alignment_effects(
    panel: xr.Dataset, positions: np.ndarray, variant: Variant, name: str
) -> xr.DataArray:
    """What each level adds to alignment, exactly, one draw for each draw of the positions.

    Returns
    -------
    xr.DataArray
        (level, case, sample), standard deviations of the states.
    """
    seed = derive_seed(variant.run.seed, "claims", "alignment", name)
    prepared = prepare_panel_data(panel)
    drawn = draw_alignment_model(prepared, positions, variant.alignment, seed)["guarantee_effect"]
    return drawn.reset_coords(drop=True).transpose("level", "case", "sample")
