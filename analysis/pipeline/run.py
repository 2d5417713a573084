"""The two stages in order: from votes to an answer with its uncertainty."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.figures.draw import save_figures
from analysis.figures.run import draw_run
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.make import make_effects
from analysis.pipeline.plan import Plan, plan_variant
from analysis.posterior.effects import Effects
from analysis.posterior.positions import states_without_votes, summarize_ideal_points
from analysis.store.files import RESULTS, atomic_folder, write_tree
from analysis.store.keys import git_commit, hash_dataset, now, package_versions
from analysis.store.store import Store, load_or_make
from analysis.variants.sampler import Progress
from analysis.variants.variant import Variant
from models.spec import SpecError

US = "USA"
Report = Callable[[str], Progress]
"""Called with the name of a step as it begins; gives what is told the share done."""


def run_variant(variant: Variant, *, votes_path: Path | None = None, report: Report) -> Path:
    """Run both stages of a variant and save all that comes out.

    Parameters
    ----------
    variant : Variant
        What to run.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    report : callable
        Told of each step and its progress.

    Returns
    -------
    Path
        The folder of the results.

    Raises
    ------
    DataError
        If an input table breaks a rule.
    ConvergenceError
        If a fit misses a gate; nothing is saved but the fits before it, which a rerun takes up again.
    """
    kept, refits = variant.run.kept_draws, variant.run.stage1_draws
    if variant.propagation == "draws" and kept < 2 * refits:
        # Before the first fit, not after the last.
        raise SpecError(f"RunSpec.kept_draws = {kept}: at least twice stage1_draws = {refits}")
    # The commit of the code that runs, not of what the checkout has become by the end.
    record = {"variant": variant.to_dict(), "quick": variant.run.quick, "started": now()}
    record["commit"] = git_commit()
    reading = report("votes")
    inputs = load_inputs(variant, votes_path, reading)
    reading(1.0)
    plan = plan_variant(variant, inputs.votes, inputs.panel)
    fits, record["convergence"], record["seconds"] = make_fits(plan, report)
    stage1 = {case: fits[task.key] for case, task in plan.stage1.items()}
    total, direct = fits[plan.total.key], fits[plan.direct.key]
    effects = make_effects(inputs.panel, [total, direct, *stage1.values()], variant)
    positions = pd.concat(
        [
            summarize_ideal_points(tree["posterior"].dataset, case, variant.reference, yardstick(votes))
            for tree, (case, votes) in zip(stage1.values(), inputs.votes.items(), strict=True)
        ],
        ignore_index=True,
    )
    record |= {"finished": now(), "versions": package_versions(), "seed": variant.run.seed}
    record |= {"votes": {case: _describe_votes(votes) for case, votes in inputs.votes.items()}}
    record["panel"] = {k: v for k, v in inputs.panel.attrs.items() if k != "spec"}
    record["panel"]["content"] = plan.total.content["panel"]
    record["positions_from_region"] = states_without_votes(stage1, inputs.panel)
    record["keys"] = {task.name: task.key for task in plan.tasks}
    with atomic_folder(RESULTS / variant.name) as folder:
        for case, tree in stage1.items():
            tree.attrs["quick"] = int(variant.run.quick)
            write_tree(tree, folder / f"ideal_point_{case}.nc")
        write_tree(join_stage2(plan, total, direct, effects), folder / "coalition.nc")
        for frame, name in ((positions, "ideal_points.csv"), (effects.table, "effects.csv")):
            # A table may leave its folder; the mark goes with it.
            frame = frame.assign(quick=True) if variant.run.quick else frame
            frame.to_csv(folder / name, index=False)
        (folder / "run.json").write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")
        drawn = draw_run(positions, effects.table, inputs.panel)
        save_figures(folder, drawn, quick=variant.run.quick)
    return RESULTS / variant.name


def make_fits(plan: Plan, report: Report) -> tuple[dict[str, xr.DataTree], dict, dict]:
    """Make or read all fits of a plan.

    Returns
    -------
    fits : dict of str to xr.DataTree
        By key.
    convergence, seconds : dict
        By the name of the fit: file, whether it was reused, figures; seconds that it took.
    """
    store, fits, convergence, seconds = Store(), {}, {}, {}
    for task in (*plan.stage1.values(), plan.total, plan.direct):
        progress = report(task.name)
        _, reused = load_or_make(task, store, made=fits, progress=progress)
        progress(1.0)
        figures = fits[task.key].attrs["convergence"]
        convergence[task.name] = {"file": store.path(task.key).name, "reused": reused, **figures}
        seconds[task.name] = store.find(task)["seconds"]
    return fits, convergence, seconds


def join_stage2(plan: Plan, total: xr.DataTree, direct: xr.DataTree, effects: Effects) -> xr.DataTree:
    """What ``coalition.nc`` holds: posteriors of stage 2, effects as draws, the panel, the models' texts."""
    panel = plan.total.data
    tree = xr.DataTree.from_dict(
        {
            "total/posterior": total["posterior"].dataset,
            "total/sample_stats": total["sample_stats"].dataset,
            "direct/posterior": direct["posterior"].dataset,
            "alignment/posterior": effects.mediator,
            "effects": effects.draws,
            "panel": panel.assign_attrs(spec=plan.variant.data.to_json()),
        }
    )
    tree.attrs = {
        "quick": int(plan.variant.run.quick),
        "model_total": total.attrs["model"],
        "model_direct": direct.attrs["model"],
    }
    return tree


def _describe_votes(votes: xr.Dataset) -> dict:
    described = {k: v for k, v in votes.attrs.items() if k not in ("spec", "votes_spec")}
    sizes = {"items": votes.sizes["item"], "states": votes.sizes["state"]}
    return described | sizes | {"content": hash_dataset(votes)}


def yardstick(votes: xr.Dataset) -> str | None:
    """The state that the responses are counted against, if they are counted against one."""
    return US if votes["response"].values[-1] == "with" else None
