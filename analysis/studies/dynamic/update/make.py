"""What ``sfl update`` does: read a file of new roll calls, update a stored fit, and write tables."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.summaries import interval
from analysis.store.files import write_json, write_table
from analysis.store.keys import git_commit, now
from analysis.studies.dynamic.summary import COLUMNS, FIRST_YEAR, summarize
from analysis.studies.dynamic.update.batches import GOOD_K
from analysis.studies.dynamic.update.run import Updated, update
from analysis.studies.dynamic.update.stored import Stored, load_posterior, prepare_stored, read_spec
from data.load import DataError, describe_state, load_record_votes, read_assembly

ANSWERS = ("nay", "abstain", "yes")
POSITIONS, ROLL_CALLS, RECORD = "update_positions.csv", "update_roll_calls.csv", "update.json"


def read_new_votes(
    file: Path, session: int, again: dict[str, int], codes: str | None, old: xr.Dataset
) -> tuple[xr.Dataset, list[str]]:
    """Read new roll calls: states as rows, roll calls as columns.

    Parameters
    ----------
    file : Path
        See ``data.assembly.read_assembly``; states by ISO code, Correlates of War number or name.
    session : int
        In which they were taken.
    again : dict of str to int
        Columns that put a resolution of the record again, and the number (rcid) of one of its roll calls.
    codes : str, optional
        What the cells mean.
    old : xr.Dataset
        Votes of the fit.

    Returns
    -------
    votes : xr.Dataset
        ``counts`` (item, state, response) with ``session`` and ``match_group``; items are column names.
    notes : list of str
        How the file was read.

    Raises
    ------
    DataError
        If the file cannot be read, names a state that is unknown or there twice, or has no divided roll call,
        or a column or roll call of ``again`` does not exist.
    """
    read = read_assembly(file, codes=codes)
    states = [describe_state(str(name)) for name in read.answers.index]
    if twice := sorted({state for state in states if states.count(state) > 1}):
        raise DataError(f"{file}: {', '.join(twice)} has more than one row")
    code = {answer: k for k, answer in enumerate(ANSWERS)}
    answer = np.array([[code.get(each, -1) for each in row] for row in read.answers.values]).T
    divided = np.array([len(set(row[row >= 0])) > 1 for row in answer])
    names, notes = read.answers.columns.to_numpy(dtype=str), list(read.notes)
    if not divided.all():
        notes.append(f"roll calls on which nobody differed, left out: {', '.join(names[~divided])}")
    if not divided.any():
        raise DataError(f"{file}: nobody differed on any roll call, so that they tell nothing of positions")
    group_of = dict(zip(old["item"].values.tolist(), old["match_group"].values.tolist(), strict=True))
    again = {name.lower(): rcid for name, rcid in again.items()}
    for name, rcid in again.items():
        if name not in names:
            raise DataError(f"{file}: no roll call {name!r}; there are {', '.join(names)}")
        if rcid not in group_of:
            raise DataError(f"{name}: the fit has no roll call {rcid}; unanimous ones have no part in it")
    groups = max(group_of.values()) + 1 + np.arange(len(names))
    for k, name in enumerate(names):
        groups[k] = group_of[again[name]] if name in again else groups[k]
    names, answer, groups = names[divided], answer[divided], groups[divided]
    counts = np.stack([answer == each for each in range(3)], -1).astype(np.int32)
    coords = {"item": names, "state": states, "session": ("item", np.full(len(names), session))}
    votes = xr.Dataset(
        {"counts": (("item", "state", "response"), counts)}, coords | {"match_group": ("item", groups)}
    )
    return votes.isel(state=counts.any((0, 2))), notes


def summarize_shifts(updated: Updated, stored: Stored) -> pd.DataFrame:
    """Return the positions of the sessions that were moved, before and after.

    Columns: ``state, session, year``; ``mean, sd, lower, upper`` given all votes, in standard deviations of
    the fit's state-sessions; ``before_mean, before_sd`` in the fit, empty if the position is new; ``shift``:
    the difference in standard deviations of the fit. Largest shifts first, new positions before them.
    """
    posterior = updated.posterior
    label = posterior["position"].values.astype(str)
    state, session = np.array([each.rsplit("-", 1) for each in label]).T
    session = session.astype(int)
    moved = session >= updated.begin
    table = pd.DataFrame({"state": state, "session": session, "year": FIRST_YEAR + session})[moved]
    table[list(COLUMNS)] = summarize(posterior["ideal_point"].values[:, moved])
    before = pd.DataFrame(
        {"before_mean": stored.position.mean(0), "before_sd": stored.position.std(0)}, stored.label
    ).reindex(label[moved])
    table[list(before)] = before.to_numpy()
    table["shift"] = (table["mean"] - table["before_mean"]) / table["before_sd"]
    order = table["shift"].abs().fillna(np.inf).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def summarize_new_items(updated: Updated, new: xr.Dataset) -> pd.DataFrame:
    """Return the new roll calls: answers, and how they divide.

    ``discrimination, lower, upper``: logits per standard deviation of state-sessions, positive if those near
    the US say yes; ``divide``: the position at which yes and nay are equally likely.
    """
    item = updated.posterior.sel(resolution=new["match_group"].values)
    slope, middle = item["discrimination"].values, item["cutpoint"].mean("threshold").values
    table = pd.DataFrame({"roll_call": new["item"].values})
    table[list(ANSWERS)] = new["counts"].sum("state").values
    table["discrimination"], (table["lower"], table["upper"]) = slope.mean(0), interval(slope, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        table["divide"] = np.median(middle / slope, 0)
    return table


def make_update(
    file: Path,
    *,
    session: int | None,
    again: dict[str, int],
    codes: str | None,
    on: Path | None,
    votes_path: Path | None,
    output: Path,
    seed: int = 1789,
    progress: Callable[[float], None] | None = None,
) -> Path:
    """Update a stored fit by the roll calls in a file; write ``POSITIONS``, ``ROLL_CALLS`` and ``RECORD``.

    Parameters
    ----------
    file, again, codes
        As in ``read_new_votes``.
    session : int, optional
        Session of the new roll calls; the last one of the fit by default.
    on : Path, optional
        Folder of ``sfl dynamic``.
    votes_path : Path, optional
        File or folder of the roll calls of the fit.
    output : Path
    seed : int
    progress : callable, optional
        Called with the share done.

    Returns ``output``.

    Raises
    ------
    DataError
        If there is no fit with draws, the roll calls are not its own, or the file cannot be used.
    """
    home, posterior = load_posterior(on)
    sessions, spec = read_spec(home)
    old = load_record_votes(sessions, votes_path)
    stored = prepare_stored(posterior, old, spec)
    session = session or int(stored.layout.session[-1])
    new, notes = read_new_votes(file, session, again, codes, old)
    try:
        updated = update(stored, old, new, seed, progress=progress)
    except ValueError as error:
        raise DataError(str(error)) from None
    output.mkdir(parents=True, exist_ok=True)
    write_table(summarize_shifts(updated, stored).round(3), output / POSITIONS)
    write_table(summarize_new_items(updated, new).round(3), output / ROLL_CALLS)
    record = {
        "file": file.name,
        "session": session,
        "roll_calls": new.sizes["item"],
        "states": new.sizes["state"],
        "notes": notes,
        "pareto_k": round(updated.pareto_k, 3),
        "fit_serves": updated.pareto_k <= GOOD_K,
        "first_session_moved": updated.begin,
        "considered": {str(lag): round(k, 3) for lag, k in updated.considered.items()},
        "accepted": round(updated.accepted, 3),
        "draws": updated.posterior.sizes["sample"],
        "finished": now(),
        "commit": git_commit(),
    }
    write_json(record, output / RECORD)
    return output
