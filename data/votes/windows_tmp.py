"""The whole record of roll calls as one Dataset: what a model of many sessions takes."""

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import xarray as xr

from data.load import load_record
from data.spec import ISIS, DataSpec
from data.tables.read import load_states
from data.tables.rules import DataError, validate_votes
from data.votes.prepare import prepare_rollcall_votes
from data.votes.releases.tidy import Progress
from data.votes.select import select_rollcalls

PARAGRAPHS_UNTIL = 45
"""Last session whose votes on paragraphs and amendments are taken: as in the published estimates, for until
then they are a good part of what was put to the vote; later they were collected for some sessions only."""

RECORD_SESSIONS = (1, 80)
"""Sessions that can be asked for."""


def load_record_votes(
    sessions: tuple[int, int] = RECORD_SESSIONS,
    path: Path | str | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Load the roll calls of many sessions, repeated resolutions marked.

    Parameters
    ----------
    sessions : tuple of int
        First and last session, 1 to 80. Sessions 74-80 are joined from the table of the UN's own
        machine-readable resolutions where the record ends before them.
    path : Path or str, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    progress : callable, optional
        ``progress(share_done, what)``.

    Returns
    -------
    xr.Dataset
        ``counts`` (item, state, response) int32, 0/1, with the coordinates of ``data.load.load_votes`` at
        roll-call granularity: adopted resolutions, up to session 45 their paragraphs and amendments too, no
        motions, no duplicates, none that divides nobody. Items of one ``match_group`` are one resolution put
        again. Attrs: source, sha256 (JSON, by file), match_source, first_session, last_session (those that
        the record has).

    Raises
    ------
    DataError
        The sessions are not 1 to 80 in order, no record is found, it has none of them, or one between its
        first and last is missing (session 19 took no recorded vote on a resolution).
    """
    first, last = sessions
    if not RECORD_SESSIONS[0] <= first <= last <= RECORD_SESSIONS[1]:
        raise DataError(
            f"sessions {first}-{last}: the first and last of {RECORD_SESSIONS[0]}-{RECORD_SESSIONS[1]}"
        )
    record = load_record(path, sessions, progress)
    validate_votes(record.rollcalls, record.votes, record.name)
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
    votes = prepare_rollcall_votes(items, record.votes, load_states(), DataSpec(), _window(first, last))
    return votes.assign_attrs(
        source=record.name,
        sha256=json.dumps(record.files, sort_keys=True),
        match_source="+".join(sorted(set(items["match_source"].astype(str)))),
        first_session=int(items["session"].min()),
        last_session=int(items["session"].max()),
    )


def _window(first: int, last: int):
    """A case's window with other sessions; nothing else of it bears on votes."""
    # A session ends in September of the year after the one in which it began.
    until = datetime.date(1946 + last, 12, 31)
    return replace(ISIS, name="record", first_session=first, last_session=last, votes_until=until)
