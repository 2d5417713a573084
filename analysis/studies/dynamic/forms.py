"""Parallel forms: positions from every other resolution, against positions from those between."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.summaries import INTERVAL, NORMAL_ERRORS
from analysis.store.files import write_table
from analysis.store.store import load_or_make
from analysis.store.task import Task
from analysis.studies.dynamic.plan import DynamicRun, plan_dynamic
from analysis.variants.sampler import Report

FORMS = ("odd", "even")
TABLE = "dynamic_forms.csv"
LEAST_VOTES = 5
"""Votes in each form without which a position is not compared: it is hardly more than the walk's."""


def split_votes(votes: xr.Dataset, *, repeats: bool = True) -> dict[str, xr.Dataset]:
    """Split votes into two forms, roll call by roll call in each session.

    With ``repeats`` all roll calls of a resolution go where its first one goes, so that both forms keep their
    chains of resolutions put again. Without, every roll call is a resolution of its own, and only the walk
    links sessions.
    """
    group = votes["match_group"].values
    if repeats:
        _, first, of = np.unique(group, return_index=True, return_inverse=True)
        # Resolutions are numbered by their first roll call, so that neighbours go apart.
        side = np.argsort(np.argsort(first))[of] % 2
    else:
        votes = votes.assign_coords(match_group=("item", np.arange(votes.sizes["item"])))
        side = np.arange(votes.sizes["item"]) % 2
    parts = {name: votes.isel(item=side == k) for k, name in enumerate(FORMS)}
    return {name: part.isel(state=part["counts"].values.any((0, 2))) for name, part in parts.items()}


def compare_forms(odd: xr.Dataset, even: xr.Dataset, votes: dict[str, xr.Dataset]) -> pd.DataFrame:
    """Compare the posteriors of two forms by session.

    Both are put on one scale over the positions that they share. If the intervals are right, the difference
    of two means is normal with the sum of both variances: no vote is in both.

    Parameters
    ----------
    odd, even : xr.Dataset
        ``ideal_point`` (sample, position).
    votes : dict of str to xr.Dataset
        From ``split_votes``.

    Returns
    -------
    pd.DataFrame
        ``session, states, correlation, coverage`` (share of states whose difference lies within the 90 %
        interval), ``spread`` (root mean square of the standardised difference; 1 if intervals are right).
        The last row, with session 0, is for all sessions.
    """
    enough = [
        {
            f"{state}-{t}"
            for t, cast in count_votes(part).items()
            for state, n in cast.items()
            if n >= LEAST_VOTES
        }
        for part in votes.values()
    ]
    shared = [
        label
        for label in odd["position"].values.astype(str)
        if label in enough[0] & enough[1] and label in set(even["position"].values.astype(str))
    ]
    means, variances = [], []
    for draws in (odd, even):
        points = draws["ideal_point"].transpose("sample", "position").sel(position=shared)
        points = (points - points.mean("position")) / points.std("position")
        means.append(points.mean("sample").values)
        variances.append(points.var("sample").values)
    table = pd.DataFrame({"session": [int(label.rsplit("-", 1)[1]) for label in shared]})
    table["odd"], table["even"] = means
    table["off"] = (means[0] - means[1]) / np.sqrt(sum(variances))
    rows = [(t, *score(part)) for t, part in table.groupby("session")]
    return pd.DataFrame(
        [*rows, (0, *score(table))], columns=["session", "states", "correlation", "coverage", "spread"]
    )


def score(table: pd.DataFrame) -> tuple[int, float, float, float]:
    """Return number, correlation, coverage and spread of some positions of two forms."""
    off = table["off"]
    covered = (off.abs() < NORMAL_ERRORS).mean()
    return len(table), table["odd"].corr(table["even"]), covered, float(np.sqrt((off**2).mean()))


def count_votes(votes: xr.Dataset) -> dict[int, dict[str, int]]:
    """Count the votes of each state in each session."""
    cast = pd.DataFrame(votes["counts"].values.any(-1), columns=votes["state"].values)
    return cast.groupby(votes["session"].values).sum().T.to_dict()


def plan_forms(run: DynamicRun, votes: xr.Dataset, *, repeats: bool = True) -> dict[str, list[Task]]:
    """Return the tasks of both forms, without sampling anything."""
    return {name: plan_dynamic(run, part) for name, part in split_votes(votes, repeats=repeats).items()}


def run_forms(
    run: DynamicRun, votes: xr.Dataset, output: Path, *, repeats: bool = True, report: Report
) -> Path:
    """Fit both forms, judge each, compare them, and write ``TABLE``.

    Parameters
    ----------
    run : DynamicRun
    votes : xr.Dataset
        From ``data.load.load_record_votes``.
    output : Path
        Folder.
    repeats : bool
        See ``split_votes``.
    report : callable
        Called with the name of each step; returns a function that takes the share done, 0 to 1.

    Returns ``output``.

    Raises
    ------
    ConvergenceError
        If a form misses a gate.
    """
    from analysis.studies.dynamic.fit import join_pairs

    plans = plan_forms(run, votes, repeats=repeats)
    fits = [
        stack(
            join_pairs([load_or_make(task, report=report)[0] for task in tasks], run.sampler)[
                "posterior"
            ].dataset
        )
        for tasks in plans.values()
    ]
    table = compare_forms(*fits, split_votes(votes, repeats=repeats))
    output.mkdir(parents=True, exist_ok=True)
    write_table(table.assign(repeats=repeats, interval=INTERVAL).round(3), output / TABLE)
    return output
