"""Load acts, ordinary votes and the votes before each act."""

import datetime
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import xarray as xr

from data.acts.prepare import prepare_acts
from data.acts.spec import ActsSpec
from data.acts.tables import ACTS_DIR, read_acts
from data.acts.votes import draw_ordinary, find_votes, take_votes
from data.spec import ISIS, DataSpec
from data.tables.once import hash_file, read_states
from data.tables.rules import DataError
from data.votes.prepare import prepare_rollcall_votes
from data.votes.record import SHARED_DIR, find_rollcalls, load_record, ways_to_rollcalls
from data.votes.releases.tidy import Progress, Release
from data.votes.select import select_rollcalls

PARAGRAPHS_UNTIL = 45
"""Last session whose votes on paragraphs count before an act; see ``data.votes.windows``."""


@dataclass(frozen=True, eq=False)
class ActsData:
    """Acts, ordinary votes that are as divided, and the votes before.

    Attributes
    ----------
    acts, ordinary : xr.Dataset
        See ``data.acts.prepare.prepare_acts``.
    windows : dict of int to xr.Dataset
        Votes of the sessions before, as from ``data.load.load_votes``, by their last session. Acts of
        neighbouring sessions share a window: ``window`` (act) names it.
    notes : tuple of str
        Acts left out, each with the reason.
    """

    acts: xr.Dataset
    ordinary: xr.Dataset
    windows: dict[int, xr.Dataset]
    notes: tuple[str, ...]


def load_acts(spec: ActsSpec, path: Path | str | None = None, progress: Progress | None = None) -> ActsData:
    """Load the acts that a spec asks for, with votes from the record of roll calls that is found.

    Parameters
    ----------
    spec : ActsSpec
    path : Path or str, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    progress : callable, optional
        ``progress(share_done, what)``.

    Raises
    ------
    DataError
        No roll calls are found, or a row of the acts is wrong. The message says what is missing, or names
        the row.
    """
    acts = read_acts(spec)
    found = find_rollcalls(path)
    if found is None:
        raise DataError(
            f"the votes on {len(acts)} acts are missing: the coded acts, pacts and covariates ship, "
            f"roll calls do not. {ways_to_rollcalls()}"
        )
    record = load_record(path, progress=progress)
    folder = found if found.is_dir() else found.parent
    folders = [folder, folder / "acts", SHARED_DIR, SHARED_DIR / "acts"]
    answers, notes = find_votes(acts, record, folders, spec)
    acts = acts[acts["act"].isin(answers["act"])].reset_index(drop=True)
    check_powers(acts, answers)
    session = acts["act"].map(answers.groupby("act")["session"].first())
    # The last whole window that ends before the session of the act.
    last = (session - 1) // spec.sessions_before * spec.sessions_before
    acts = acts.assign(of=acts["act"], session=session, window=last)
    drawn = draw_ordinary(acts, answers, record, spec)
    ordinary = drawn.merge(acts.drop(columns=["act", "rcid", "supportive_vote"]), on="of")
    votes = pd.concat([take_votes(record, row.rcid).assign(act=row.act) for row in drawn.itertuples()])
    attrs = {
        "source": record.name,
        "sha256": json.dumps(
            record.files | {file.name: hash_file(file) for file in sorted(ACTS_DIR.glob("*.csv"))}
        ),
    }
    sat = find_who_sat(pd.concat([answers, votes]), record)
    return ActsData(
        acts=prepare_acts(acts, answers, sat, spec).assign_attrs(attrs),
        ordinary=prepare_acts(ordinary, votes, sat, spec).assign_attrs(attrs),
        windows={int(end): load_window(int(end), record, spec) for end in sorted(last.unique())},
        notes=tuple(notes),
    )


def check_powers(acts: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Raise DataError for an act on whose vote its power is no member of the record."""
    voters = answers.groupby("act")["iso3"].agg(set)
    for act in acts.itertuples():
        if act.power not in voters[act.act]:
            raise DataError(
                f"{act.row}: the record has no vote of {act.power}, the acting power, on rcid {act.rcid}"
            )


def find_who_sat(answers: pd.DataFrame, record: Release) -> pd.Series:
    """Return by (act, iso3) whether the state cast a vote in the session of the act."""
    cast = record.votes[record.votes["vote"] != "absent"]
    there = set(zip(cast["session"].astype(int), cast["iso3"].astype(str), strict=True))
    key = zip(answers["session"].astype(int), answers["iso3"].replace("YUG", "SRB"), strict=True)
    index = pd.MultiIndex.from_frame(answers[["act", "iso3"]])
    return pd.Series([pair in there for pair in key], index)


def load_window(last: int, record: Release, spec: ActsSpec) -> xr.Dataset:
    """Build the votes of the sessions up to the last one before an act, in the form that stage 1 takes.

    Raises DataError if the record lacks them all.
    """
    first = max(1, last - spec.sessions_before + 1)
    window = replace(
        ISIS,
        name=f"sessions {first}-{last}",
        first_session=first,
        last_session=last,
        # A session ends in September of the year after the one in which it began.
        votes_until=datetime.date(1946 + last, 12, 31),
    )
    coding = DataSpec(paragraph_votes=last <= PARAGRAPHS_UNTIL)
    items = select_rollcalls(record.rollcalls, coding, window)
    votes = prepare_rollcall_votes(items, record.votes, read_states(), coding, window)
    return votes.assign_attrs(case=window.name, sha256=json.dumps(record.files))
