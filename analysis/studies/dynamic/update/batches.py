"""Updates compared with refits on held-back sessions."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.store.files import write_table
from analysis.store.store import load_or_make
from analysis.store.task import Task
from analysis.studies.dynamic.plan import DynamicRun, plan_dynamic
from analysis.variants.sampler import Report, derive_seed

if TYPE_CHECKING:
    from analysis.studies.dynamic.update.run import Updated

TABLE = "dynamic_updates.csv"
GOOD_K = 0.7
"""Pareto k above which the old fit may no longer be used (Vehtari et al. 2024)."""


def compare_draws(updated: xr.Dataset, refit: xr.Dataset, common: np.ndarray) -> pd.DataFrame:
    """Compare two sets of draws, session by session.

    Parameters
    ----------
    updated, refit : xr.Dataset
        ``ideal_point`` (sample, position).
    common : np.ndarray
        Positions over which the draws of both are put on one scale, mean 0 and standard deviation 1: those
        of the fit that was updated.

    Returns
    -------
    pd.DataFrame
        ``session, states, difference`` (root mean square over states of the difference of posterior means, in
        posterior standard deviations of the refit), ``bias`` (mean difference), ``sd_ratio`` (posterior
        standard deviation, update to refit). Finite numbers of draws alone make a difference of the root of
        the sum of both inverse effective sample sizes.
    """
    values, labels = [], refit["position"].values.astype(str)
    for draws in (updated, refit):
        points = draws["ideal_point"].transpose("sample", "position")
        anchor = points.sel(position=common)
        points = (points - anchor.mean("position")) / anchor.std("position")
        values.append(points.sel(position=labels).values)
    (mean, sd), (true, true_sd) = [(part.mean(0), part.std(0)) for part in values]
    session = np.array([int(label.rsplit("-", 1)[1]) for label in labels])
    table = pd.DataFrame({"session": session, "off": (mean - true) / true_sd, "sd_ratio": sd / true_sd})
    grouped = table.groupby("session")
    out = pd.DataFrame(
        {"states": grouped.size(), "difference": grouped["off"].apply(lambda x: np.sqrt((x**2).mean()))}
    )
    return out.assign(bias=grouped["off"].mean(), sd_ratio=grouped["sd_ratio"].mean()).reset_index()


def take_until(votes: xr.Dataset, last: int) -> xr.Dataset:
    """Return the votes up to a session, of states that voted."""
    part = votes.isel(item=votes["session"].values <= last)
    return part.isel(state=part["counts"].values.any((0, 2)))


def plan_batches(run: DynamicRun, votes: xr.Dataset, batches: int) -> dict[int, list[Task]]:
    """Return the tasks of the fits up to each session, by the session, without sampling anything.

    Each of the last ``batches`` sessions is a batch that is held back: one fit more than there are batches.
    """
    sessions = np.unique(votes["session"].values)
    if len(sessions) < batches + 3:
        raise ValueError(
            f"batches = {batches}: at least {batches + 3} sessions are needed, not {len(sessions)}"
        )
    return {
        int(last): plan_dynamic(replace(run, sessions=(run.sessions[0], int(last))), take_until(votes, last))
        for last in sessions[-batches - 1 :]
    }


def run_batches(run: DynamicRun, votes: xr.Dataset, batches: int, output: Path, *, report: Report) -> Path:
    """Update fits by the session after their last, compare with refits, and write ``TABLE``.

    Parameters
    ----------
    run : DynamicRun
    votes : xr.Dataset
        From ``data.load.load_record_votes``.
    batches : int
        Number of sessions that are held back, one at a time, the last ones of the votes.
    output : Path
        Folder.
    report : callable
        Called with the name of each step; returns a function that takes the share done, 0 to 1.

    Returns ``output``.

    Raises
    ------
    ConvergenceError
        If a fit misses a gate.
    """
    # Imported here: a plan loads neither compiler nor sampler.
    from analysis.studies.dynamic.fit import join_pairs
    from analysis.studies.dynamic.update.run import update
    from analysis.studies.dynamic.update.stored import prepare_stored

    fits = {
        last: join_pairs([load_or_make(task, report=report)[0] for task in tasks], run.sampler)
        for last, tasks in plan_batches(run, votes, batches).items()
    }
    rows = []
    for before, last in zip(fits, list(fits)[1:], strict=False):
        old = take_until(votes, before)
        stored = prepare_stored(fits[before]["posterior"].dataset, old, run.model)
        new = votes.isel(item=votes["session"].values == last)
        step = report(f"update by session {last}")
        seed = derive_seed(run.seed, "update", last)
        updated = update(stored, old, new, seed, progress=step)
        rows.append(judge(updated, stack(fits[last]["posterior"].dataset), stored.label, last))
    output.mkdir(parents=True, exist_ok=True)
    write_table(pd.DataFrame(rows).round(3), output / TABLE)
    return output


def judge(updated: "Updated", refit: xr.Dataset, common: np.ndarray, last: int) -> dict[str, object]:
    """Return the row of one batch: the new session, those moved with it, and those held."""
    table = compare_draws(updated.posterior, refit, common)

    def average(part: pd.DataFrame) -> float:
        return float(np.sqrt(np.average(part["difference"] ** 2, weights=part["states"])))

    session = table["session"]
    return {
        "session": last,
        "pareto_k": updated.pareto_k,
        "fit_serves": updated.pareto_k <= GOOD_K,
        "first_session_moved": updated.begin,
        "difference_new": average(table[session == last]),
        "difference_moved": average(table[(session >= updated.begin) & (session < last)]),
        "difference_held": average(table[session < updated.begin]),
        "bias_new": float(table.loc[session == last, "bias"].iloc[0]),
        "sd_ratio_new": float(table.loc[session == last, "sd_ratio"].iloc[0]),
    }
