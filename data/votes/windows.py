"""Load the votes of a case's window, and of the whole record."""

import datetime
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import xarray as xr

from data.spec import IRAQ, ISIS, VOTE_FIELDS, CaseSpec, DataSpec
from data.tables.once import STATES, hash_file, read_states
from data.tables.read import TABLES_DIR, load_tallies
from data.tables.rules import DataError
from data.votes.checks.doubts import find_doubts
from data.votes.corrections import correct_release
from data.votes.find import list_files
from data.votes.prepare import prepare_agenda_votes, prepare_rollcall_votes, tally_agenda
from data.votes.record import find_rollcalls, load_record, take_sessions, ways_to_rollcalls
from data.votes.releases.tidy import Progress, Release
from data.votes.select import select_rollcalls

# The shipped tallies hold only the defaults of these fields.
_ROLLCALL_FIELDS = set(VOTE_FIELDS) - {"granularity", "window", "abstention", "absence", "min_votes"}

_ORIGIN = ("issue_source", "match_source")


def load_votes(
    spec: DataSpec, case: CaseSpec, path: Path | str | None = None, progress: Progress | None = None
) -> xr.Dataset:
    """Load the votes of a case's window.

    Parameters
    ----------
    spec : DataSpec
        Coding choices.
    case : CaseSpec
        The case whose window is loaded.
    path : Path or str, optional
        File or folder of the roll calls; see ``find_rollcalls``.
    progress : callable, optional
        ``progress(share_done, what)``, for records that take seconds to read.

    Returns
    -------
    xr.Dataset
        ``counts`` (item, state, response) int32, >= 0: how often a state gave a response on an item. Missing
        is an all-zero row. Roll calls also have ``presence`` (item, state), int8: 1 voted, 0 absent, -1 had
        no choice, for want of membership or because it cast no vote in the whole session.

        At roll-call granularity an item is a roll call, counts are 0/1, and responses are ``no, abstain,
        yes``. At agenda granularity an item is a cell of the agenda, counts are resolutions, and responses
        are ``against, abstain, with`` the US vote; the US is left out.

        Coords: state (iso3) with name, ccode, region; item with session, issue, us_vote, title. Roll calls
        also have date, issues, important (1, 0, NaN) and match_group; cells have resolutions. ``issue`` and
        ``issues`` are ``unknown`` if the record has neither issue areas nor words to derive them from.

        Attrs: case; granularity (``rollcall`` or ``agenda``); fallback (why tallies replace roll calls, else
        empty); source; sha256 (JSON, by file); issue_source and match_source (``coded`` by the publisher,
        ``derived`` from words or ``none``, joined by ``+``); mends and notes (JSON, what was mended in the
        record and what is odd); left_out (JSON, reason by iso3); spec (JSON); votes_spec (JSON, only what
        affects these votes); at agenda granularity us_absent (resolutions on which the US was absent).

    Raises
    ------
    DataError
        A table breaks a rule, no roll call is left, the record lacks a session or what the spec needs
        (importance, issue areas, dates), or the spec needs roll calls and none are found.
    """
    states = read_states()
    found = find_rollcalls(path)
    beyond = list_beyond_tallies(spec, case)
    fallback = ""
    if spec.granularity == "finest" and found is None:
        fallback = f"no roll calls found; using the shipped agenda tallies. {ways_to_rollcalls()}"
    rollcall = spec.granularity == "rollcall" or (spec.granularity == "finest" and found is not None)
    if found is None and (rollcall or beyond):
        asked = ["granularity = 'rollcall'"] if rollcall else beyond
        raise DataError(
            f"case {case.name}: {', '.join(asked)} needs roll calls, and none are found. "
            f"{ways_to_rollcalls()}"
        )
    if rollcall or beyond:
        record = _load_window(found, spec, case, progress)
        items = select_rollcalls(record.rollcalls, spec, case)
        if rollcall:
            dataset = prepare_rollcall_votes(items, record.votes, states, spec, case)
        else:
            dataset = prepare_agenda_votes(tally_agenda(items, record.votes), states, spec, case)
        hashes, mends, notes = record.files, record.mends, record.notes
        origin = {name: "+".join(sorted(set(items[name].astype(str)))) for name in _ORIGIN}
    else:
        hashes, mends, notes = {"agenda_tallies.csv": hash_file(TABLES_DIR / "agenda_tallies.csv")}, (), ()
        dataset = prepare_agenda_votes(load_tallies(states), states, spec, case)
        origin = dict.fromkeys(_ORIGIN, "coded")
    return dataset.assign_attrs(
        case=case.name,
        granularity="rollcall" if rollcall else "agenda",
        fallback=fallback,
        source=" + ".join(hashes),
        sha256=json.dumps(hashes | {"states.csv": hash_file(STATES)}, sort_keys=True),
        mends=json.dumps(mends),
        notes=json.dumps(notes),
        spec=spec.to_json(),
        votes_spec=spec.votes_json(case),
        **origin,
    )


def list_beyond_tallies(spec: DataSpec, case: CaseSpec) -> list[str]:
    """List what the spec asks for and the shipped tallies do not hold."""
    given = [(field, getattr(spec, field)) for field in sorted(_ROLLCALL_FIELDS)]
    beyond = [f"{field} = {value!r}" for field, value in given if value != getattr(DataSpec(), field)]
    sessions = spec.sessions(case)
    shipped = any(
        set(sessions) <= set(range(c.first_session, c.last_session + 1)) and case.votes_until == c.votes_until
        for c in (IRAQ, ISIS)
    )
    if not shipped:
        beyond.append(f"sessions {sessions[0]}-{sessions[-1]} until {case.votes_until}")
    return beyond


def _load_window(found: Path, spec: DataSpec, case: CaseSpec, progress: Progress | None) -> Release:
    """Load the sessions of a case's window; the record must have all of them."""
    sessions = spec.sessions(case)
    # Votes of the sessions beside the window show which states have each other's votes.
    record = load_record(
        found, (max(1, sessions[0] - 1), min(RECORD_SESSIONS[1], sessions[-1] + 1)), progress
    )
    record = take_sessions(correct_release(record, spec.corrections), sessions[0], sessions[-1])
    missing = sorted(set(sessions) - set(record.rollcalls["session"]))
    if missing:
        raise DataError(
            f"case {case.name}: {found} has no roll calls of sessions {', '.join(map(str, missing))}"
        )
    return record


def load_doubts(spec: DataSpec, path: Path | str | None = None) -> list[str]:
    """List the doubts of ``sfl data check`` about states in the windows of all cases.

    Empty without roll calls. States that never vote are not listed: ``left_out`` of the votes names them.
    """
    found = find_rollcalls(path)
    if found is None or spec.granularity == "agenda":
        return []
    sessions = frozenset(one for case in spec.cases for one in spec.sessions(case))
    stamp = tuple((str(file), file.stat().st_mtime_ns) for file in list_files(found))
    return list(_find_doubts(found, stamp, sessions, spec.corrections))


@cache
def _find_doubts(found: Path, stamp: tuple, sessions: frozenset[int], corrections: str) -> tuple[str, ...]:
    record = load_record(found, (max(1, min(sessions) - 1), min(RECORD_SESSIONS[1], max(sessions) + 1)))
    doubts = find_doubts(correct_release(record, corrections), set(sessions))
    return tuple(doubts.loc[doubts["kind"] != "silent", "text"])


PARAGRAPHS_UNTIL = 45
"""Last session whose votes on paragraphs and amendments count, as in the published estimates.

Until then they are a good part of all votes; later they were collected for some sessions only.
"""

RECORD_SESSIONS = (1, 80)
"""First and last session of the whole record."""


def load_record_votes(
    sessions: tuple[int, int] = RECORD_SESSIONS,
    path: Path | str | None = None,
    progress: Progress | None = None,
    corrections: str = "none",
) -> xr.Dataset:
    """Load the roll calls of many sessions, with repeated resolutions marked.

    Parameters
    ----------
    sessions : tuple of int
        First and last session, 1 to 80.
    path, progress
        As in ``load_votes``.
    corrections : {"agreed", "all", "none"}
        As in ``DataSpec``; the published paths of positions are those of the record as published.

    Returns
    -------
    xr.Dataset
        ``counts`` (item, state, response) int32, 0/1, with the coordinates of ``load_votes`` at roll-call
        granularity. Items are adopted resolutions and, up to session 45, votes on their paragraphs and
        amendments; motions, duplicates and unanimous votes are left out. Items of one ``match_group`` are
        the same resolution in several sessions. Attrs: source, sha256 (JSON, by file), match_source,
        first_session, last_session (those that the record has).

    Raises
    ------
    DataError
        The sessions are not 1 to 80 in order, no record is found, or it has none of them.
    """
    first, last = sessions
    if not RECORD_SESSIONS[0] <= first <= last <= RECORD_SESSIONS[1]:
        raise DataError(
            f"sessions {first}-{last}: give the first and the last, within "
            f"{RECORD_SESSIONS[0]}-{RECORD_SESSIONS[1]}"
        )
    record = correct_release(load_record(path, sessions, progress), corrections)
    parts = [
        select_rollcalls(record.rollcalls, spec, window)
        for begin, end, spec in (
            (first, min(last, PARAGRAPHS_UNTIL), DataSpec(paragraph_votes=True)),
            (max(first, PARAGRAPHS_UNTIL + 1), last, DataSpec()),
        )
        if record.rollcalls["session"].between(begin, end).any()
        for window in [_window(begin, end)]
    ]
    items = pd.concat(parts, ignore_index=True)
    votes = prepare_rollcall_votes(items, record.votes, read_states(), DataSpec(), _window(first, last))
    return votes.assign_attrs(
        source=record.name,
        sha256=json.dumps(record.files, sort_keys=True),
        match_source="+".join(sorted(set(items["match_source"].astype(str)))),
        first_session=int(items["session"].min()),
        last_session=int(items["session"].max()),
    )


def _window(first: int, last: int) -> CaseSpec:
    """Return a case with other sessions; votes depend on nothing else of it."""
    # A session ends in September of the year after the one in which it began.
    until = datetime.date(1946 + last, 12, 31)
    return replace(ISIS, name="record", first_session=first, last_session=last, votes_until=until)
