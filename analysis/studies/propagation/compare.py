"""One variant under all four ways of carrying stage-1 uncertainty, side by side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import xarray as xr

from analysis.pipeline.run import Report, run_variant
from analysis.posterior.joining import ALL
from analysis.store.files import OUTPUT, atomic_folder, read_tree
from analysis.studies.propagation.figures import plot_ways
from analysis.variants.table import Variant
from analysis.variants.variant import Propagation

PROPAGATION = OUTPUT / "propagation"
CUT = "draws"
BATCHES = 20
"""Parts of a posterior whose means say how far the whole one's may be off."""


def compare_ways(
    variant: Variant, *, votes_path: Path | None = None, report: Report, output: Path = PROPAGATION
) -> Path:
    """Run a variant in every way; fits that the ways share are made once.

    Parameters
    ----------
    variant : Variant
        What to run; its own way does not matter.
    votes_path, report
        As in ``analysis.pipeline.run.run_variant``.
    output : Path
        Folder that takes a folder of the variant's name.

    Returns
    -------
    Path
        The folder with ``propagation.csv`` (see ``tabulate_ways``) and its figure.
    """
    folders = {}
    for way in get_args(Propagation):
        named = replace(variant, name=f"{variant.name}-{way}", propagation=way)
        folders[way] = run_variant(named, votes_path=votes_path, report=report)
    table = tabulate_ways(folders)
    if variant.run.quick:
        table["quick"] = True
    with atomic_folder(output / variant.name) as folder:
        table.to_csv(folder / "propagation.csv", index=False)
        plot_ways(table).savefig(folder / "propagation.png", dpi=150)
    return output / variant.name


def tabulate_ways(folders: dict[str, Path]) -> pd.DataFrame:
    """The effects that need positions, as each way has them.

    Parameters
    ----------
    folders : dict of str to Path
        Results of a run by way; ``plugin`` and ``draws`` among them.

    Returns
    -------
    pd.DataFrame
        ``way, quantity, case, mean, sd, lower, upper, mean_error`` (Monte Carlo), averaged over all states;
        ``stage1_share``: the share of the variance that not knowing the positions brings
        (``analysis.fitting.propagation``); ``beyond_plugin``: by what share the variance exceeds that of ``plugin``;
        ``from_cut, from_cut_error``: the mean less that of ``draws``, in its posterior sds, and the Monte
        Carlo error of that: for ``joint``, whether feedback matters; ``seconds`` of the fit of stage 2.
    """
    tables = []
    for way, folder in folders.items():
        table = pd.read_csv(folder / "effects.csv")
        table = table[(table["group"] == ALL) & ~table["quantity"].str.endswith("_total")]
        effects = read_tree(folder / "coalition.nc")["effects"].dataset
        table["mean_error"] = [
            estimate_error(select_draws(effects, row.quantity, row.case)) for row in table.itertuples()
        ]
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        table["seconds"] = record["seconds"]["joining, direct effect"]
        tables.append(table.assign(way=way).set_index(["quantity", "case"]))
    of = {table["way"].iloc[0]: table for table in tables}
    for way, table in of.items():
        table["beyond_plugin"] = 1 - (of["plugin"]["sd"] / table["sd"]) ** 2
        difference = table["mean"] - of[CUT]["mean"]
        error = np.hypot(table["mean_error"], 0.0 if way == CUT else of[CUT]["mean_error"])
        table["from_cut"] = difference / of[CUT]["sd"]
        table["from_cut_error"] = (0.0 if way == CUT else 1.0) * error / of[CUT]["sd"]
    columns = ["way", "quantity", "case", "mean", "sd", "lower", "upper", "mean_error", "stage1_share"]
    joined = pd.concat(tables).reset_index()
    return joined[[*columns, "beyond_plugin", "from_cut", "from_cut_error", "seconds"]]


def select_draws(effects: xr.Dataset, quantity: str, case: str) -> np.ndarray:
    """Draws (sample,) of one effect, averaged over all states."""
    draws = effects[quantity].sel(case=case)
    return (draws.sel(group=ALL) if "group" in draws.dims else draws).values


def estimate_error(draws: np.ndarray) -> float:
    """Monte Carlo error of the mean of draws kept in the order of refits and chains, by batch means.

    Batches of refits carry the error of few stage-1 draws too, which a count of effective draws would miss.
    """
    means = [batch.mean() for batch in np.array_split(draws, BATCHES)]
    return float(np.std(means, ddof=1) / np.sqrt(BATCHES))
