"""From roll calls of an assembly to positions of its members, and a further voter's place among them."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.figures.draw import save_figure
from analysis.posterior.draws import stack
from analysis.posterior.summaries import interval
from analysis.store.files import read_tree, write_json, write_table, write_tree
from analysis.store.keys import git_commit, now, package_versions
from analysis.store.store import load_or_make
from analysis.studies.assembly.figure import plot_members
from analysis.studies.assembly.plan import AssemblyRun, plan_assembly
from analysis.variants.sampler import Report, derive_seed
from models.assembly.matrix import ANSWERS
from models.assembly.placing import place_voter

FIT, RECORD, POSITIONS = "ideal.nc", "ideal.json", "positions.csv"
GOOD_K = 0.7
"""Pareto k up to which a stored fit may be weighted to new answers (Vehtari et al. 2024)."""
PLACING_DRAWS = 4000
"""Draws of the items on which a voter is placed."""


def run_assembly(
    run: AssemblyRun, votes: xr.Dataset, output: Path, *, quick: bool = False, report: Report
) -> Path:
    """Fit, judge and save. If the fit misses a gate, no result is saved.

    Parameters
    ----------
    run : AssemblyRun
    votes : xr.Dataset
        From ``models.assembly.matrix.prepare_matrix``.
    output : Path
        Folder of ``positions.csv``, ``roll_calls.csv``, ``ideal.nc``, ``ideal.json`` and the figure.
    quick : bool
        Mark the figure as one of a short run.
    report : callable
        Called with the name of each step; returns a function that takes the share done, 0 to 1.

    Returns ``output``.

    Raises
    ------
    ConvergenceError
        If the fit misses a gate in every attempt.
    """
    (task,) = plan_assembly(run, votes)
    idata = load_or_make(task, report=report)[0]
    posterior = stack(idata["posterior"].dataset)
    positions = summarize_members(posterior, votes)
    output.mkdir(parents=True, exist_ok=True)
    write_table(positions, output / POSITIONS)
    write_table(summarize_roll_calls(posterior, votes), output / "roll_calls.csv")
    write_tree(idata, output / FIT)
    save_figure(plot_members(positions), output / "positions", quick=quick)
    record = {
        "members": votes.sizes["state"],
        "roll_calls": votes.sizes["item"],
        "answers": int(votes["counts"].sum()),
        "notes": votes.attrs["notes"],
        "spec": asdict(run.model),
        "sampler": asdict(run.sampler),
        "seed": run.seed,
        "quick": quick,
        "finished": now(),
        "commit": git_commit(),
        "versions": package_versions(),
        "convergence": idata.attrs["convergence"],
    }
    write_json(record, output / RECORD)
    return output


def summarize_members(posterior: xr.Dataset, votes: xr.Dataset) -> pd.DataFrame:
    """Return each member's position, highest first.

    Columns: ``member, group, answers`` (number given), ``mean, sd, lower, upper`` in standard deviations of
    the members (90 % interval), ``rank_lower, rank_upper`` (1 is the highest; 90 % interval).
    """
    draws = posterior["ideal_point"].transpose("sample", "state").values
    ranks = (-draws).argsort(1).argsort(1) + 1
    table = pd.DataFrame({"member": votes["state"].values, "group": votes["region"].values})
    table["answers"] = votes["counts"].sum(("item", "response")).values
    table["mean"], table["sd"] = draws.mean(0), draws.std(0)
    table["lower"], table["upper"] = interval(draws, 0)
    table["rank_lower"], table["rank_upper"] = interval(ranks, 0).astype(int)
    return table.sort_values("mean", ascending=False, ignore_index=True)


def summarize_roll_calls(posterior: xr.Dataset, votes: xr.Dataset) -> pd.DataFrame:
    """Return each roll call: answers, discrimination and cutpoints.

    ``discrimination`` (logits per standard deviation; positive: the high end votes yes) has a 90 % interval.
    ``divide`` is the position at which yes and nay are equally likely, empty where a roll call hardly divides
    along the scale. Sorted by the size of the discrimination.
    """
    slope = posterior["discrimination"].transpose("sample", "item").values
    middle = posterior["cutpoint"].mean("threshold").transpose("sample", "item").values
    table = pd.DataFrame({"roll_call": votes["item"].values})
    table[list(ANSWERS)] = votes["counts"].sum("state").values
    table["discrimination"] = slope.mean(0)
    table["lower"], table["upper"] = interval(slope, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        divide = np.median(middle / slope, 0)
    table["divide"] = np.where((table["lower"] > 0) | (table["upper"] < 0), divide, np.nan)
    return table.iloc[np.argsort(-np.abs(slope.mean(0)))].reset_index(drop=True)


def load_items(fit: Path) -> xr.Dataset:
    """Load draws of the items of a stored fit: ``discrimination`` and ``cutpoint``, by ``item`` as text.

    ``fit`` is ``ideal.nc``, or the positions of a case. ValueError if it is no such fit.
    """
    posterior = stack(read_tree(fit)["posterior"].dataset)
    if not {"discrimination", "cutpoint"} <= set(posterior.data_vars):
        raise ValueError(f"{fit}: no fit of stage 1; it has {', '.join(map(str, posterior.data_vars))}")
    step = max(1, posterior.sizes["sample"] // PLACING_DRAWS)
    items = posterior[["discrimination", "cutpoint"]].isel(sample=slice(None, None, step))
    return items.assign_coords(item=items["item"].astype(str))


def place_voters(answers: pd.DataFrame, items: xr.Dataset, seed: int = 1789) -> pd.DataFrame:
    """Place voters on the roll calls of a stored fit, without fitting it again.

    Each draw of the roll calls is weighted by how probable it makes the voter's answers (Pareto-smoothed), so
    that the result is the posterior given old and new answers; only the definition of the scale (mean 0 and
    standard deviation 1 over the members of the fit) leaves the new voter out.

    Parameters
    ----------
    answers : pd.DataFrame
        Voters by roll calls of the fit; see ``data.assembly.read_assembly``.
    items : xr.Dataset
        From ``load_items``.
    seed : int

    Returns
    -------
    pd.DataFrame
        ``voter, answers, mean, sd, lower, upper, pareto_k``; positions in standard deviations of the members.

    Raises
    ------
    ValueError
        If a voter answered none of the roll calls.
    """
    from arviz_stats.base import array_stats

    from analysis.posterior.priors import summarize_weighted

    chosen = items.sel(item=list(answers.columns))
    slope = chosen["discrimination"].transpose("sample", "item").values
    cutpoint = chosen["cutpoint"].transpose("sample", "item", "threshold").values
    code = {answer: k for k, answer in enumerate(ANSWERS)}
    rows = []
    for voter, given in answers.iterrows():
        answer = np.array([code.get(each, -1) for each in given])
        if not (answer >= 0).any():
            raise ValueError(f"{voter}: answered none of the roll calls of the fit")
        placed = place_voter(answer, slope, cutpoint, 0.0, 1.0, derive_seed(seed, "place", voter))
        log_weight, pareto_k = array_stats.psislw(-placed.log_evidence)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        mean, lower, upper = summarize_weighted(placed.position, weight)
        sd = np.sqrt(weight @ (placed.position - mean) ** 2)
        rows.append((voter, int((answer >= 0).sum()), mean, sd, lower, upper, float(pareto_k)))
    columns = ["voter", "answers", "mean", "sd", "lower", "upper", "pareto_k"]
    return pd.DataFrame(rows, columns=columns)
