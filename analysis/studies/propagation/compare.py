"""One variant under all four ways to propagate stage-1 uncertainty, side by side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import xarray as xr

from analysis.figures.draw import save_figure
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_variant
from analysis.pipeline.run import run_variant
from analysis.posterior.words import take_headline
from analysis.store.files import OUTPUT, atomic_folder, read_tree
from analysis.store.task import Task
from analysis.studies.propagation.figures import plot_ways
from analysis.variants.sampler import Report
from analysis.variants.variant import Propagation, Variant

PROPAGATION = OUTPUT / "propagation"
CUT = "draws"
BATCHES = 20
"""Number of batches from which the Monte Carlo error of a mean is estimated."""


def list_ways(variant: Variant) -> dict[str, Variant]:
    """Return the variant under each way of propagation."""
    ways = get_args(Propagation)
    return {way: replace(variant, name=f"{variant.name}-{way}", propagation=way) for way in ways}


def plan_ways(variant: Variant, votes_path: Path | None) -> list[Task]:
    """List the fits of all ways, each once, without fitting anything."""
    inputs = load_inputs(variant, votes_path)
    tasks = {}
    for of_way in list_ways(variant).values():
        plan = plan_variant(of_way, inputs.votes, inputs.panel)
        tasks |= {task.key: task for task in (*plan.stage1.values(), plan.total, plan.direct)}
    return list(tasks.values())


def compare_ways(
    variant: Variant, *, votes_path: Path | None = None, report: Report, output: Path = PROPAGATION
) -> Path:
    """Run a variant in every way. Fits that the ways share are made once.

    Parameters
    ----------
    variant : Variant
        Its own way of propagation is replaced by each of the four.
    votes_path, report
        See ``analysis.pipeline.run.run_variant``.
    output : Path
        A folder with the name of the variant is made in it.

    Returns
    -------
    Path
        The folder with ``propagation.csv`` (see ``tabulate_ways``) and its figure.
    """
    folders = {
        way: run_variant(of_way, votes_path=votes_path, report=report)
        for way, of_way in list_ways(variant).items()
    }
    table = tabulate_ways(folders)
    if variant.run.quick:
        table["quick"] = True
    with atomic_folder(output / variant.name) as folder:
        table.to_csv(folder / "propagation.csv", index=False)
        save_figure(plot_ways(table), folder / "propagation", quick=variant.run.quick, dpi=150)
    return output / variant.name


def tabulate_ways(folders: dict[str, Path]) -> pd.DataFrame:
    """Compare the effects that need positions between ways, averaged over all states.

    Takes the folder of results by way; ``plugin`` and ``draws`` must be among them. Returns ``way, quantity,
    case, mean, sd, lower, upper, mean_error`` (Monte Carlo error of the mean). ``stage1_share``: share of the
    variance that is due to uncertain positions (see ``analysis.posterior.variance``). ``beyond_plugin``:
    share of the variance that ``plugin`` does not have. ``from_cut``, ``from_cut_error``: difference of the
    mean from that of ``draws`` and its Monte Carlo error, in posterior sds of ``draws``; for ``joint`` this
    is the feedback of stage 2 on positions. ``seconds``: time of the direct fit of stage 2.
    """
    tables = []
    for way, folder in folders.items():
        table = pd.read_csv(folder / "effects.csv")
        table = take_headline(table[~table["quantity"].str.endswith("_total")])
        effects = read_tree(folder / "coalition.nc")["posterior"].dataset
        table["mean_error"] = [
            estimate_error(select_draws(effects, row.quantity, row.case, row.group))
            for row in table.itertuples()
        ]
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        table["seconds"] = record["seconds"]["joining, direct effect"]
        tables.append(table.assign(way=way).set_index(["quantity", "case"]))
    of = {table["way"].iloc[0]: table for table in tables}
    for way, table in of.items():
        table["beyond_plugin"] = 1 - (of["plugin"]["sd"] / table["sd"]) ** 2
        difference = table["mean"] - of[CUT]["mean"]
        error = 0.0 if way == CUT else np.hypot(table["mean_error"], of[CUT]["mean_error"])
        table["from_cut"] = difference / of[CUT]["sd"]
        table["from_cut_error"] = error / of[CUT]["sd"]
    columns = ["way", "quantity", "case", "mean", "sd", "lower", "upper", "mean_error", "stage1_share"]
    joined = pd.concat(tables).reset_index()
    return joined[[*columns, "beyond_plugin", "from_cut", "from_cut_error", "seconds"]]


def select_draws(effects: xr.Dataset, quantity: str, case: str, group: str) -> np.ndarray:
    """Return the draws of one effect, averaged over a group of states, chain by chain: (sample,)."""
    draws = effects[quantity].sel(case=case)
    chosen = draws.sel(group=group) if "group" in draws.dims else draws
    return chosen.transpose("chain", "draw").values.ravel()


def estimate_error(draws: np.ndarray) -> float:
    """Estimate the Monte Carlo error of a mean by batch means.

    Draws (sample,) must be in the order of refits and chains. Batches of refits then include the error of
    using few stage-1 draws, which an effective sample size would miss.
    """
    means = [batch.mean() for batch in np.array_split(draws, BATCHES)]
    return float(np.std(means, ddof=1) / np.sqrt(BATCHES))
