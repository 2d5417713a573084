"""The main job: both stages in order, from votes to an answer with its uncertainty."""

from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.figures.draw import save_figures
from analysis.figures.run import draw_run
from analysis.pipeline.inputs import Inputs, load_inputs
from analysis.pipeline.make import make_effects
from analysis.pipeline.notes import gather_notes, write_readme
from analysis.pipeline.plan import Plan, plan_variant
from analysis.pipeline.trees import build_trees, name_resolutions
from analysis.posterior.draws import stack
from analysis.posterior.effects import Effects
from analysis.posterior.groups.differences import compare_groups, describe_interactions
from analysis.posterior.groups.overlap import describe_overlap
from analysis.posterior.positions import states_without_votes, summarize_positions
from analysis.posterior.predictions.by_state import predict_by_state
from analysis.posterior.priors import measure_prior
from analysis.posterior.weighting import weigh_panel
from analysis.posterior.words import take_headline
from analysis.store.files import RESULTS, atomic_folder, write_json, write_tree
from analysis.store.keys import git_commit, hash_dataset, now, package_versions
from analysis.store.store import Store, load_or_make
from analysis.variants.sampler import Report, derive_seed
from analysis.variants.variant import Variant
from models.spec import SpecError

DRAWN = ("ideal_points", "effects", "overlap")
"""Tables that the figures show."""


def run_variant(variant: Variant, *, votes_path: Path | None = None, report: Report) -> Path:
    """Run both stages of a variant and save all results.

    Parameters
    ----------
    variant : Variant
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    report : callable
        Takes the name of each step as it begins; returns a function that takes the share done, 0 to 1.

    Returns
    -------
    Path
        Folder of the results.

    Raises
    ------
    DataError
        If an input table breaks a rule.
    SpecError
        If too few draws are kept.
    ConvergenceError
        If a fit misses a gate. Only the fits before it are stored; a rerun uses them.
    """
    check_kept_draws(variant)
    record = begin_record(variant)
    reading = report("votes")
    inputs = load_inputs(variant, votes_path, reading)
    notes = gather_notes(variant, inputs, votes_path)
    reading(1.0)
    plan = plan_variant(variant, inputs.votes, inputs.panel)
    made, of_fits = make_fits(plan, report)
    stage1 = {name: made[task.key] for name, task in plan.stage1.items()}
    total, direct = made[plan.total.key], made[plan.direct.key]
    computing = report("effects")
    effects = make_effects(inputs.panel, [total, direct, *stage1.values()], variant)
    computing(0.6)
    tables = {
        "ideal_points": summarize_positions(stage1, inputs.votes, variant.reference),
        "effects": effects.table,
        "overlap": describe_overlap(inputs.panel),
        "weighting": weigh_panel(inputs.panel, variant.run.seed, variant.coalition.missing),
        **describe_prior(total, effects, inputs.panel, variant),
        **describe_heterogeneity(total, inputs.panel, variant),
        "predictions_by_state": predict_by_state(
            stack(total["posterior"].dataset, variant.run.kept_draws), inputs.panel, variant.coalition
        ),
    }
    computing(1.0)
    record = record | of_fits | describe_results(plan, inputs, stage1)
    record["notes"] = [note.to_dict() for note in notes]
    named = Inputs(name_resolutions(inputs.votes, votes_path), inputs.panel)
    trees = build_trees(plan, named, made, effects, report("files for ArviZ"))
    quick = variant.run.quick
    with atomic_folder(RESULTS / variant.name) as folder:
        for name, tree in trees.items():
            tree.attrs["quick"] = int(quick)
            write_tree(tree, folder / f"{name}.nc")
        for name, table in tables.items():
            marked = table.assign(quick=True) if quick else table
            marked.to_csv(folder / f"{name}.csv", index=False)
        write_json(record, folder / "run.json")
        write_readme(folder, variant, notes)
        drawing = report("figures")
        save_figures(folder, draw_run(*(tables[name] for name in DRAWN), inputs.panel), quick=quick)
        drawing(1.0)
    return RESULTS / variant.name


def describe_heterogeneity(
    total: xr.DataTree, panel: xr.Dataset, variant: Variant
) -> dict[str, pd.DataFrame]:
    """Return tables of the differences between groups and of the interactions; none without interactions."""
    if variant.coalition.heterogeneity == "none":
        return {}
    posterior = stack(total["posterior"].dataset, variant.run.kept_draws)
    seed = derive_seed(variant.run.seed, "prior of interactions")
    return {
        "differences": compare_groups(posterior, panel, variant.coalition.link),
        "interactions": describe_interactions(posterior, variant.coalition, seed),
    }


def describe_prior(
    total: xr.DataTree, effects: Effects, panel: xr.Dataset, variant: Variant
) -> dict[str, pd.DataFrame]:
    """Return the table of how far the guarantee's prior moves the headline; none where levels are pooled."""
    if variant.coalition.guarantee_pooling != "apart":
        return {}
    quantity = f"ame_{panel['guarantee'].attrs['levels'][-1]}_total"
    headline = take_headline(effects.table[effects.table["quantity"] == quantity])
    draws = effects.draws[quantity].sel(group=headline["group"].iloc[0], drop=True)
    posterior = stack(total["posterior"].dataset, draws.sizes["sample"])
    return {"prior_sensitivity": measure_prior(draws, posterior, variant.coalition)}


def check_kept_draws(variant: Variant) -> None:
    """Refuse a variant that keeps too few draws of each refit, before its first fit."""
    kept, refits = variant.run.kept_draws, variant.run.stage1_draws
    if variant.propagation == "draws" and kept < 2 * refits:
        raise SpecError(f"RunSpec.kept_draws = {kept}: at least twice stage1_draws = {refits}")


def make_fits(plan: Plan, report: Report) -> tuple[dict[str, xr.DataTree], dict[str, dict]]:
    """Make or read all fits of a plan.

    Returns
    -------
    made : dict of str to xr.DataTree
        Fits by key.
    record : dict
        ``convergence`` and ``seconds`` by the name of the fit, for the record of the run.
    """
    store, made, convergence, seconds = Store(), {}, {}, {}
    for task in (*plan.stage1.values(), plan.total, plan.direct):
        fit, reused = load_or_make(task, store, made=made, report=report)
        file = store.path(task.key).name
        convergence[task.name] = {"file": file, "reused": reused, **fit.attrs["convergence"]}
        seconds[task.name] = store.find(task)["seconds"]
    return made, {"convergence": convergence, "seconds": seconds}


def begin_record(variant: Variant) -> dict:
    """Return what is known of a run before it starts: the variant, the time, the commit of its code."""
    # Ask for the commit now: by the end of the run the checkout may have changed.
    begun = {"variant": variant.to_dict(), "quick": variant.run.quick, "started": now()}
    return begun | {"commit": git_commit()}


def describe_results(plan: Plan, inputs: Inputs, stage1: dict[str, xr.DataTree]) -> dict:
    """Return what is known of a run after its fits: versions, hashes of the data, keys."""
    panel = {k: v for k, v in inputs.panel.attrs.items() if k != "spec"}
    return {
        "finished": now(),
        "versions": package_versions(),
        "seed": plan.variant.run.seed,
        "votes": {case: _describe_votes(votes) for case, votes in inputs.votes.items()},
        "panel": panel | {"content": plan.total.content["panel"]},
        "positions_from_region": states_without_votes(stage1, inputs.panel),
        "keys": {task.name: task.key for task in plan.tasks},
    }


def _describe_votes(votes: xr.Dataset) -> dict:
    described = {k: v for k, v in votes.attrs.items() if k not in ("spec", "votes_spec")}
    sizes = {"items": votes.sizes["item"], "states": votes.sizes["state"]}
    return described | sizes | {"content": hash_dataset(votes)}
