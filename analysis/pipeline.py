"""The two stages in order: from votes to an answer with its uncertainty."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effects import compute_effects
from analysis.figures import save_figures
from analysis.fit import Progress, count_draws, derive_seed, fit_ideal_points, fit_total, stack_draws
from analysis.positions import compute_alignment, find_imputed, pair_positions, summarize_ideal_points
from analysis.propagation import fit_propagated
from analysis.results import (
    RESULTS,
    atomic_folder,
    git_commit,
    hash_dataset,
    load_or_fit,
    now,
    package_versions,
    write_tree,
)
from analysis.summaries import summarize_effects
from analysis.variants import Variant
from data.load import load_panel, load_votes
from models.alignment import draw_alignment_model
from models.ideal_point import predict_positions

US = "USA"
MODELLED = ("joined", "included", "guarantee", "dose", "covariates_transformed", "region")
"""What the models of stage 2 see of a panel."""
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
    # The commit of the code that runs, not of what the checkout has become by the end.
    seconds, fits, started, commit = {}, {}, now(), git_commit()

    def step(name: str, kind: str, content: dict, fit: Callable[[Progress], xr.DataTree]) -> xr.DataTree:
        begin, progress = time.perf_counter(), report(name)
        tree, path, reused = load_or_fit(kind, content, lambda: fit(progress))
        progress(1.0)
        seconds[name] = round(time.perf_counter() - begin, 2)
        fits[name] = {"file": path.name, "reused": reused, **tree.attrs["convergence"]}
        return tree

    spec, run = variant.data, variant.run
    reading = report("votes")
    votes = {
        case.name: load_votes(spec, case, votes_path, lambda share, _: reading(share)) for case in spec.cases
    }
    reading(1.0)
    panel = load_panel(spec, votes_path)

    stage1 = {
        case: step(
            f"ideal points, {case}",
            "ideal_point",
            stage1_content(variant, votes[case]),
            lambda progress, case=case: fit_ideal_points(
                votes[case],
                variant.ideal_point,
                run.ideal_point,
                seed=derive_seed(run.seed, "ideal_point", case),
                progress=progress,
            ),
        )
        for case in votes
    }
    shared = {
        "panel": hash_dataset(panel[[name for name in MODELLED if name in panel.variables]]),
        "levels": panel["guarantee"].attrs["levels"],
        "coalition": asdict(variant.coalition),
        "seed": run.seed,
    }
    total = step(
        "joining, total effect",
        "total",
        {**shared, "sampler": asdict(run.total)},
        lambda progress: fit_total(
            panel, variant.coalition, run.total, seed=derive_seed(run.seed, "total"), progress=progress
        ),
    )
    alignment = draw_alignment(stage1, panel, variant)
    direct = step(
        "joining, direct effect",
        "direct",
        {
            **shared,
            "propagation": variant.propagation,
            "samplers": [asdict(run.refit), asdict(run.single)],
            "kept": run.kept_draws,
            "alignment": hash_dataset(alignment.to_dataset(name="alignment")),
            # Of the votes themselves only the joint model sees more than the draws made from them.
            "votes": {case: stage1_content(variant, votes[case]) for case in votes}
            if variant.propagation == "joint"
            else None,
        },
        lambda progress: fit_propagated(
            variant.propagation,
            panel,
            alignment,
            variant.coalition,
            refit=run.refit,
            single=run.single,
            seed=derive_seed(run.seed, "direct"),
            votes=votes,
            ideal_point=variant.ideal_point,
            keep=run.kept_draws,
            progress=progress,
        ),
    )
    # Equally many draws of both, or a quantity of one would have gaps where only the other has draws.
    every_draw = [tree["posterior"].dataset for tree in (total, direct)]
    keep = min(run.kept_draws, *(count_draws(posterior) for posterior in every_draw))
    posteriors = [stack_draws(posterior, keep) for posterior in every_draw]
    # Refit by refit: one draw of the positions feeds both the model of alignment and that of joining.
    mediator = draw_alignment_model(
        panel,
        pair_positions(posteriors[1], panel, alignment),
        variant.alignment,
        derive_seed(run.seed, "alignment given guarantee"),
        find_imputed(posteriors[1]),
    )
    effects = compute_effects(*posteriors, mediator, panel)
    ideal_points = pd.concat(
        [
            summarize_ideal_points(
                stage1[case]["posterior"].dataset, case, variant.reference, yardstick(votes[case])
            )
            for case in votes
        ],
        ignore_index=True,
    )
    table = summarize_effects(effects, posteriors[1].coords.get("refit"), variant.propagation)
    record = {
        "variant": variant.to_dict(),
        "quick": run.quick,
        "started": started,
        "finished": now(),
        "commit": commit,
        "versions": package_versions(),
        "seed": run.seed,
        "seconds": seconds,
        "convergence": fits,
        "votes": {
            case: {k: v for k, v in dataset.attrs.items() if k not in ("spec", "votes_spec")}
            | {
                "items": dataset.sizes["item"],
                "states": dataset.sizes["state"],
                "content": hash_dataset(dataset),
            }
            for case, dataset in votes.items()
        },
        "panel": {k: v for k, v in panel.attrs.items() if k != "spec"} | {"content": shared["panel"]},
        "positions_from_region": states_without_votes(stage1, panel),
    }
    coalition = xr.DataTree.from_dict(
        {
            "total/posterior": total["posterior"].dataset,
            "total/sample_stats": total["sample_stats"].dataset,
            "direct/posterior": direct["posterior"].dataset,
            "alignment/posterior": mediator,
            "effects": effects,
            "panel": panel.assign_attrs(spec=spec.to_json()),
        }
    )
    coalition.attrs = {
        "quick": int(run.quick),
        "model_total": total.attrs["model"],
        "model_direct": direct.attrs["model"],
    }
    with atomic_folder(RESULTS / variant.name) as folder:
        for case in votes:
            write_tree(_marked(stage1[case], run.quick), folder / f"ideal_point_{case}.nc")
        write_tree(coalition, folder / "coalition.nc")
        for frame, name in ((ideal_points, "ideal_points.csv"), (table, "effects.csv")):
            # A table may leave its folder; the mark goes with it.
            (frame.assign(quick=True) if run.quick else frame).to_csv(folder / name, index=False)
        (folder / "run.json").write_text(json.dumps(record, indent=2, default=str) + "\n", encoding="utf-8")
        save_figures(folder, ideal_points, table, panel, quick=run.quick)
    return RESULTS / variant.name


def _marked(tree: xr.DataTree, quick: bool) -> xr.DataTree:
    tree.attrs["quick"] = int(quick)
    return tree


def stage1_content(variant: Variant, votes: xr.Dataset) -> dict:
    """All that a fit of stage 1 depends on besides the code: what it is stored under."""
    return {
        "votes": hash_dataset(votes),
        "case": votes.attrs["case"],
        "spec": asdict(variant.ideal_point),
        "sampler": asdict(variant.run.ideal_point),
        "seed": variant.run.seed,
    }


def yardstick(votes: xr.Dataset) -> str | None:
    """The state that the responses are counted against, if they are counted against one."""
    return US if votes["response"].values[-1] == "with" else None


def states_without_votes(stage1: dict[str, xr.DataTree], panel: xr.Dataset) -> dict[str, list[str]]:
    """States of the panel that have no position of their own, by case."""
    included = {case: panel["state"].values[panel["included"].sel(case=case).values] for case in stage1}
    return {
        case: sorted(set(map(str, included[case])) - set(map(str, tree["posterior"]["state"].values)))
        for case, tree in stage1.items()
    }


def draw_alignment(stage1: dict[str, xr.DataTree], panel: xr.Dataset, variant: Variant) -> xr.DataArray:
    """Joint draws of all states' alignment for the refits of stage 2.

    States that cast no vote in the window get, in each draw, a position drawn from their region's
    distribution in that draw: the hierarchical model's own answer, with all its uncertainty.

    Parameters
    ----------
    stage1 : dict of str to xr.DataTree
        Fit of each case.
    panel : xr.Dataset
        The contract's panel.
    variant : Variant
        Number of draws, seed, reference.

    Returns
    -------
    xr.DataArray
        (refit, case, state), float, standard deviations; NaN where a state is not in a case.
    """
    missing = states_without_votes(stage1, panel)
    by_case = []
    for case, tree in stage1.items():
        seed = derive_seed(variant.run.seed, "alignment", case)
        posterior = tree["posterior"].dataset[["ideal_point", "region_mean", "region_sd"]]
        stacked = posterior.stack(sample=("chain", "draw")).drop_vars(("sample", "chain", "draw"))
        order = np.random.default_rng(seed).permutation(stacked.sizes["sample"])
        # All draws at once cost nothing more where stage 2 is fitted once.
        used = variant.run.stage1_draws if variant.propagation == "draws" else len(order)
        draws = stacked.isel(sample=order[:used])
        position = draws["ideal_point"].transpose("sample", "state")
        if missing[case]:
            regions = panel["region"].sel(state=missing[case]).values
            unseen = predict_positions(draws, regions, variant.ideal_point, seed)
            unseen = xr.DataArray(unseen, dims=("sample", "state"), coords={"state": missing[case]})
            position = xr.concat([position, unseen], "state")
        us = US if US not in posterior["state"].values else None
        by_case.append(compute_alignment(position, variant.reference, us).reindex(state=panel["state"]))
    joined = xr.concat(by_case, pd.Index(list(stage1), name="case"))
    return joined.rename(sample="refit").transpose("refit", "case", "state").where(panel["included"])
