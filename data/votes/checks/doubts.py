"""Doubts about single states in a record: leaps, exchanged votes, absences that are none.

Each check compares a state with itself in the sessions around, or with the states that vote most like it
there, so it needs no second source and runs on any release. A doubt is shown, not mended: governments change
too. ``data.votes.corrections`` mends where two sources agree.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.votes.releases.states import iso3_of, seats
from data.votes.releases.tidy import Release

NEAREST = 9
"""States with which a state is compared: those that voted most like it in the sessions around."""
LEAST_COMMON = 8
"""Roll calls that two states must have voted on for their agreement to count."""
LEAST_LEAP = 0.15
"""Fall of the agreement with the nearest states of the session before, of 1, that counts as a leap."""
LEAST_EXCHANGED = 8
"""Roll calls with the other's expected vote on both sides that count as an exchange."""
PHANTOMS = {652: (13, 15), 850: (19, 20)}
"""Sessions of no membership: Syria within the United Arab Republic, Indonesia after its withdrawal."""

_LEAST_VOTES = 20
_AGREED = 0.75
"""Share of the nearest states that must vote alike for a vote to be expected."""


@dataclass(frozen=True)
class _Session:
    """Votes of a session: codes (state, roll call), 3 for no vote, and the agreement of states (0 to 1)."""

    ccode: np.ndarray
    rcid: np.ndarray
    code: np.ndarray
    agreement: np.ndarray


def find_doubts(release: Release, only: set[int] | None = None) -> pd.DataFrame:
    """List the doubts about single states, in all sessions or in some.

    Returns
    -------
    pd.DataFrame
        ``kind session iso3 n text``: the kind (exchange, leap, absences, silent, phantom), the roll calls
        concerned, and a sentence. Sorted by kind and session.
    """
    sessions = read_sessions(release, only)
    asked = sorted(sessions if only is None else only & set(sessions))
    rows = [
        *(row for one in asked for row in _tell_exchanges(one, sessions)),
        *(row for one in asked for row in _tell_leaps(one, sessions)),
        *_tell_absences(release.votes),
        *_tell_phantoms(release.votes),
    ]
    doubts = pd.DataFrame(rows, columns=["kind", "session", "iso3", "n", "text"])
    return doubts[doubts["session"].isin(asked)].reset_index(drop=True)


def read_sessions(release: Release, only: set[int] | None = None) -> dict[int, _Session]:
    """Return the votes of each session as arrays; with ``only``, of those sessions and the ones beside."""
    votes = release.votes
    wanted = sorted(votes["session"].unique())
    if only is not None:
        wanted = [one for one in wanted if only & {one - 1, one, one + 1}]
    found = {}
    for one in wanted:
        cells = votes[votes["session"] == one]
        keys = pd.MultiIndex.from_arrays([cells["ccode"], cells["rcid"]])
        table = pd.Series(cells["vote"].cat.codes.to_numpy(), index=keys).unstack(fill_value=3)
        code = table.to_numpy()
        found[int(one)] = _Session(
            table.index.to_numpy(), table.columns.to_numpy(), code, _measure_agreement(code)
        )
    return found


def _measure_agreement(code: np.ndarray) -> np.ndarray:
    """Return 1 less the mean distance of two states' votes (0 to 1); NaN for few common roll calls."""
    voted = (code < 3).astype(float)
    common, distance = voted @ voted.T, np.zeros((len(code), len(code)))
    for cut in (0.5, 1.5):
        high, low = ((code > cut) & (code < 3)).astype(float), (code < cut).astype(float)
        distance += high @ low.T + low @ high.T
    with np.errstate(divide="ignore", invalid="ignore"):
        agreement = 1 - distance / (2 * common)
    agreement[common < LEAST_COMMON] = np.nan
    np.fill_diagonal(agreement, np.nan)
    return agreement


def _take(session: _Session, ccode: np.ndarray) -> np.ndarray:
    """Return the agreement of some states, NaN for those that are not there."""
    place = pd.Index(session.ccode).get_indexer(ccode)
    taken = np.full((len(ccode), len(ccode)), np.nan)
    there = np.flatnonzero(place >= 0)
    taken[np.ix_(there, there)] = session.agreement[np.ix_(place[there], place[there])]
    return taken


def _expect(one: int, sessions: dict[int, _Session]) -> np.ndarray | None:
    """Return the vote that the nearest states cast (state, roll call), -1 where they do not agree."""
    beside = [_take(sessions[s], sessions[one].ccode) for s in (one - 1, one + 1) if s in sessions]
    if len(beside) < 2:
        # Of two sessions nobody can say which has the error.
        return None
    known = np.isfinite(beside)
    near = np.where(known, beside, 0).sum(0) / np.maximum(known.sum(0), 1)
    near[~known.any(0)] = -1
    code = sessions[one].code
    expected = np.full(code.shape, -1)
    for state in np.flatnonzero((near >= 0).sum(1) >= NEAREST):
        like = code[np.argsort(-near[state], kind="stable")[:NEAREST]]
        counts = np.stack([(like == answer).sum(0) for answer in range(3)])
        clear = (counts.sum(0) >= 4) & (counts.max(0) >= _AGREED * counts.sum(0))
        expected[state] = np.where(clear, counts.argmax(0), -1)
    return expected


def find_exchanges(one: int, sessions: dict[int, _Session]) -> list[tuple[int, int, np.ndarray]]:
    """Find pairs of states that have each other's votes in a session.

    Returns
    -------
    list of (ccode, ccode, rcid array)
        The roll calls in which each has the vote that the other's nearest states cast, and not its own. They
        are at least ``LEAST_EXCHANGED``, and nearly all on which the two are expected to differ, or about
        half of all in which each leaves its nearest states.
    """
    expected = _expect(one, sessions)
    if expected is None:
        return []
    code, size = sessions[one].code, len(sessions[one].code)
    crossed, kept = np.zeros((size, size)), np.zeros((size, size))
    for a in range(3):
        for b in set(range(3)) - {a}:
            crossed += ((code == a) & (expected == b)).astype(float) @ (
                (code == b) & (expected == a)
            ).T.astype(float)
            kept += ((code == a) & (expected == a)).astype(float) @ ((code == b) & (expected == b)).T.astype(
                float
            )
    strayed = ((code != expected) & (expected >= 0) & (code < 3)).sum(1)
    found = []
    for i, j in np.argwhere(np.triu(crossed, 1) >= LEAST_EXCHANGED):
        if crossed[i, j] >= 0.9 * (crossed[i, j] + kept[i, j]) or (
            crossed[i, j] >= 0.45 * max(strayed[i], strayed[j])
        ):
            where = (code[i] == expected[j]) & (code[j] == expected[i]) & (expected[i] != expected[j])
            where &= (expected[i] >= 0) & (expected[j] >= 0)
            pair = (int(sessions[one].ccode[i]), int(sessions[one].ccode[j]))
            found.append((*pair, sessions[one].rcid[where]))
    return found


def _tell_exchanges(one: int, sessions: dict[int, _Session]) -> list[tuple]:
    names = iso3_of()
    return [
        ("exchange", one, f"{names[i]}+{names[j]}", len(rcid),
         f"{names[i]} and {names[j]} seem to have each other's votes in session {one}: in {len(rcid)} roll "
         "calls each votes as the other's usual company does")
        for i, j, rcid in find_exchanges(one, sessions)
    ]  # fmt: skip


def _tell_leaps(one: int, sessions: dict[int, _Session]) -> list[tuple]:
    """Find states that left their nearest states of the session before, beyond what those did themselves."""
    if one - 1 not in sessions:
        return []
    now, names, rows = sessions[one], iso3_of(), []
    before = _take(sessions[one - 1], now.ccode)
    votes = (now.code < 3).sum(1)
    for state in np.flatnonzero((np.isfinite(before).sum(1) > NEAREST) & (votes >= _LEAST_VOTES)):
        near = np.argsort(-np.nan_to_num(before[state], nan=-1), kind="stable")[:NEAREST]
        if np.isfinite(now.agreement[state, near]).sum() < NEAREST // 2:
            continue
        own = np.nanmean(before[state, near]) - np.nanmean(now.agreement[state, near])
        theirs = [table[np.ix_(near, near)] for table in (before, now.agreement)]
        leap = own - (np.nanmean(theirs[0]) - np.nanmean(theirs[1]))
        if leap >= LEAST_LEAP:
            name = names[int(now.ccode[state])]
            rows.append(("leap", one, name, int(votes[state]),
                         f"{name} leaps in session {one}: its agreement with the states that voted most like "
                         f"it before falls by {leap:.2f} of 1"))  # fmt: skip
    return rows


def _tell_absences(votes: pd.DataFrame) -> list[tuple]:
    """Find sessions with no vote at all, and those with far more absences than the ones around."""
    marked = votes[["ccode", "session"]].assign(absent=(votes["vote"] == "absent").to_numpy())
    counted = marked.groupby(["ccode", "session"])["absent"].agg(n="size", absent="sum")
    counted = counted[counted["n"] >= 10].reset_index()
    # A state that joined or left within the session lacks the rest of it.
    counted = counted[seats(counted["session"].to_numpy(), counted["ccode"].to_numpy(), whole=True)]
    share = counted.set_index(["ccode", "session"])["absent"] / counted.set_index(["ccode", "session"])["n"]
    names, rows = iso3_of(), []
    for row in counted.itertuples():
        now = row.absent / row.n
        around = [share.get((row.ccode, row.session + step), np.nan) for step in (-1, 1)]
        name = names[row.ccode]
        if row.absent == row.n and not _is_phantom(row.ccode, row.session):
            rows.append(("silent", row.session, name, row.n,
                         f"{name} cast no vote in session {row.session}"))  # fmt: skip
        elif (
            not _is_phantom(row.ccode, row.session)
            and now >= 0.5
            and np.nanmax([*around, -1]) >= 0
            and np.nanmax(around) <= 0.15
        ):
            rows.append(("absences", row.session, name, row.absent,
                         f"{name} is absent in {now:.0%} of session {row.session}, in the sessions around in "
                         f"at most {np.nanmax(around):.0%}: votes may be missing"))  # fmt: skip
    return rows


def _is_phantom(ccode: int, session: int) -> bool:
    first, last = PHANTOMS.get(ccode, (1, 0))
    return first <= session <= last


def find_phantoms(votes: pd.DataFrame) -> np.ndarray:
    """Mark absences of states in sessions in which they were no members."""
    marked = np.zeros(len(votes), dtype=bool)
    for ccode, (first, last) in PHANTOMS.items():
        marked |= ((votes["ccode"] == ccode) & votes["session"].between(first, last)).to_numpy()
    return marked & (votes["vote"] == "absent").to_numpy()


def _tell_phantoms(votes: pd.DataFrame) -> list[tuple]:
    cells = votes[find_phantoms(votes)].groupby(["ccode", "session"]).size()
    names = iso3_of()
    return [
        ("phantom", session, names[ccode], n,
         f"{names[ccode]} is listed as absent in session {session} ({n} roll calls), but was no member then")
        for (ccode, session), n in cells.items()
    ]  # fmt: skip
