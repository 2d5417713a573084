"""Correct votes that are known to be wrong in published records.

``DataSpec.corrections`` says which. ``agreed``: cells for which two sources agree: the official total shows
one vote more, and one state alone can have cast it. ``all``: also pairs of states that have each other's
votes in a session, which the record itself shows. With both, a state that was no member is never absent.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.rules import list_first
from data.votes.checks.doubts import find_exchanges, find_phantoms, read_sessions
from data.votes.releases.states import iso3_of, seats
from data.votes.releases.tidy import VOTES, Release, count_answers

CELLS = Path(__file__).with_name("corrections.csv")
"""Single cells: symbol, state, the vote in the record and the official one, with source and reason."""
EXCHANGES = Path(__file__).with_name("exchanges.csv")
"""Pairs of states that have each other's votes in a session: in some resolutions or, if empty, in all."""
LEAST_GAPS = 5
"""Roll calls of a session in which one vote is missing, from which the state can be told."""


@cache
def load_corrections() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Load the cells and the exchanged pairs that are known to be wrong."""
    return pd.read_csv(CELLS), pd.read_csv(EXCHANGES, keep_default_na=False)


def correct_release(release: Release, level: str) -> Release:
    """Return a record with its known errors corrected; ``mends`` says what was done.

    Parameters
    ----------
    release : Release
    level : {"agreed", "all", "none"}
        As in ``DataSpec.corrections``.

    Returns
    -------
    Release
        An error is corrected only where the record still has it.
    """
    if level == "none":
        return release
    phantom = find_phantoms(release.votes)
    votes = release.votes[~phantom].reset_index(drop=True)
    mends = []
    if phantom.any():
        counted = release.votes[phantom].groupby("iso3", observed=True).size()
        shown = ", ".join(f"{iso3} ({n})" for iso3, n in counted.items())
        mends.append(f"{phantom.sum()} absences of states that were no members then left out: {shown}")
    steps = [_fill_gaps, _correct_cells] + [_exchange] * (level == "all")
    for step in steps:
        votes, told = step(votes, release)
        mends += told
    if not mends:
        return release
    rollcalls = count_answers(release.rollcalls, votes)
    return replace(release, rollcalls=rollcalls, votes=votes, mends=(*release.mends, *mends))


def _set(votes: pd.DataFrame, rows: np.ndarray, codes: np.ndarray) -> pd.DataFrame:
    """Return the votes with other answers in some rows."""
    code = votes["vote"].cat.codes.to_numpy(copy=True)
    code[rows] = codes
    return votes.assign(vote=pd.Categorical.from_codes(code, dtype=VOTES))


def _find_rows(votes: pd.DataFrame, rcid: int, iso3: str) -> np.ndarray:
    start, end = np.searchsorted(votes["rcid"].to_numpy(), [rcid, rcid + 1])
    if start == end or votes["rcid"].iloc[start] != rcid:
        start, end = 0, len(votes)
    rows = np.arange(start, end)
    part = votes.iloc[rows]
    return rows[((part["rcid"] == rcid) & (part["iso3"] == iso3)).to_numpy()]


def _correct_cells(votes: pd.DataFrame, release: Release) -> tuple[pd.DataFrame, list[str]]:
    """Correct the single cells of ``corrections.csv`` where the record still has the wrong vote."""
    whole = _take_whole(release.rollcalls)
    done = []
    for row in load_corrections()[0].itertuples():
        rcid = whole.get(row.symbol)
        rows = np.zeros(0, dtype=int) if rcid is None else _find_rows(votes, rcid, row.iso3)
        if len(rows) == 1 and votes["vote"].iloc[rows[0]] == row.given:
            votes = _set(votes, rows, VOTES.categories.get_loc(row.value))
            done.append(f"{row.iso3} on {row.symbol}: {row.value}, not {row.given}")
    return votes, [f"{len(done)} votes corrected by official totals: {list_first(done, 10)}"] if done else []


def _take_whole(rollcalls: pd.DataFrame) -> dict[str, int]:
    """Return the number of each whole resolution by its symbol, or what the publisher has in its place.

    Symbols that occur twice are left out.
    """
    plain = rollcalls[~(rollcalls["is_para_or_amend"] | rollcalls["is_procedural"])]
    plain = plain[plain["dup_of_rcid"].isna()]
    plain = plain.assign(symbol=plain["symbol"].fillna(plain["unres"])).dropna(subset="symbol")
    plain = plain.drop_duplicates("symbol", keep=False)
    return dict(zip(plain["symbol"], plain["rcid"].astype(int), strict=True))


def _fill_gaps(votes: pd.DataFrame, release: Release) -> tuple[pd.DataFrame, list[str]]:
    """Give a missing vote to the one state that lacks a vote wherever the published totals show one more."""
    found = find_missing_votes(release, votes)
    if found.empty:
        return votes, []
    names, told, added = iso3_of(), [], []
    place = votes.reset_index().set_index(["rcid", "ccode"])["index"]
    for (session, ccode), cells in found.groupby(["session", "ccode"]):
        for row in cells.itertuples():
            code = VOTES.categories.get_loc(row.value)
            if (row.rcid, ccode) in place.index:
                votes = _set(votes, np.array([place[(row.rcid, ccode)]]), code)
            else:
                added.append((row.rcid, session, ccode, names[ccode], code))
        told.append(f"{names[ccode]} in session {session} ({len(cells)})")
    if added:
        more = pd.DataFrame(added, columns=["rcid", "session", "ccode", "iso3", "code"])
        more["vote"] = pd.Categorical.from_codes(more.pop("code"), dtype=VOTES)
        more["iso3"] = pd.Categorical(more["iso3"], dtype=votes["iso3"].dtype)
        votes = pd.concat([votes, more.astype({c: votes[c].dtype for c in ("rcid", "session", "ccode")})])
        votes = votes.sort_values(["rcid", "ccode"], kind="stable", ignore_index=True)
    return votes, [
        f"{len(found)} votes that the published totals show and the table lacks, given to the one state "
        f"without a vote in all of them: {', '.join(told)}"
    ]


def find_missing_votes(release: Release, votes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Find the state whose votes are missing where the totals of a session show one vote more than the table.

    Returns
    -------
    pd.DataFrame
        ``session ccode rcid value``. Empty unless, in at least ``LEAST_GAPS`` roll calls of a session, one
        and only one member has no vote in all of them.
    """
    votes = release.votes if votes is None else votes
    empty = pd.DataFrame(columns=["session", "ccode", "rcid", "value"])
    answers = ["yes", "abstain", "no"]
    if release.gaps.empty or not set(answers) <= set(release.gaps):
        return empty
    one_more = (release.gaps[answers].isin([0, 1]).all(axis=1)) & (release.gaps[answers].sum(axis=1) == 1)
    gaps = release.gaps[one_more].merge(release.rollcalls[["rcid", "session"]], on="rcid")
    parts = []
    for session, rows in gaps.groupby("session"):
        if len(rows) < LEAST_GAPS:
            continue
        cells = votes[votes["rcid"].isin(rows["rcid"]) & (votes["vote"] != "absent")]
        voted = np.zeros(1000, dtype=bool)
        voted[cells["ccode"].unique()] = True
        silent = np.flatnonzero(seats(np.array([session]))[0] & ~voted)
        if len(silent) == 1:
            value = rows[answers].idxmax(axis=1).to_numpy()
            parts.append(
                pd.DataFrame(
                    {"session": session, "ccode": silent[0], "rcid": rows["rcid"].to_numpy(), "value": value}
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else empty


def _exchange(votes: pd.DataFrame, release: Release) -> tuple[pd.DataFrame, list[str]]:
    """Give the pairs of ``exchanges.csv`` their own votes back where the record still shows the exchange."""
    known = load_corrections()[1]
    sessions = read_sessions(replace(release, votes=votes), set(known["session"]))
    whole = _take_whole(release.rollcalls)
    names, done = iso3_of(), []
    for row in known.itertuples():
        if row.session not in sessions:
            continue
        pairs = [{names[i], names[j]} for i, j, _ in find_exchanges(row.session, sessions)]
        if {row.iso3, row.other} not in pairs:
            continue
        inside = votes["session"].to_numpy() == row.session
        if row.symbols:
            inside &= votes["rcid"].isin([whole.get(symbol, -1) for symbol in row.symbols.split()]).to_numpy()
        first, second = (
            np.flatnonzero(inside & (votes["iso3"] == iso3).to_numpy()) for iso3 in (row.iso3, row.other)
        )
        # Only roll calls in which both have a row.
        rcid = votes["rcid"].to_numpy()
        first, second = first[np.isin(rcid[first], rcid[second])], second[np.isin(rcid[second], rcid[first])]
        code = votes["vote"].cat.codes.to_numpy()
        votes = _set(votes, np.r_[first, second], np.r_[code[second], code[first]])
        done.append(f"{row.iso3} and {row.other} in session {row.session} ({len(first)} roll calls)")
    return votes, [f"votes of pairs of states exchanged back: {', '.join(done)}"] if done else []
