"""Find the record of roll calls, and load some of its sessions."""

import os
from dataclasses import replace
from pathlib import Path

from data.tables.read import TABLES_DIR
from data.tables.rules import DataError
from data.votes.cache import cache_dir, load_release
from data.votes.find import NO_RECORD, describe_others, find_later, find_release
from data.votes.releases.dgacm import extend_release
from data.votes.releases.tidy import Progress, Release

VOTES_VARIABLE = "SECURITY_FOR_LEGITIMACY_VOTES"
"""Environment variable with the file or folder of the roll calls."""

FETCH_COMMAND = "uv run sfl data fetch"
"""The command that downloads roll calls. Nothing else does, so no run downloads by surprise."""

SHARED_DIR = TABLES_DIR.parents[2] / "shared" / "data"
"""Folder beside the checkout where roll calls may lie."""


def find_rollcalls(path: Path | str | None = None) -> Path | None:
    """Find a record of roll calls.

    Looks at ``path``, the environment variable SECURITY_FOR_LEGITIMACY_VOTES, ``../shared/data`` beside the
    checkout and the user cache (where ``sfl data fetch`` stores its downloads), in this order. So a download
    never takes the place of tables that worked before, unless it is named.

    Parameters
    ----------
    path : Path or str, optional
        A file that ``data.votes.releases.read.read_release`` reads, or a folder with one.

    Returns
    -------
    Path or None
        The first file, or the folder of a parquet pair; None if there is none.

    Raises
    ------
    DataError
        ``path`` or the variable names a place without a record, or a folder has several of one kind.
    """
    for given, how in ((path, "path"), (os.environ.get(VOTES_VARIABLE), VOTES_VARIABLE)):
        if given:
            found = find_release(Path(given).expanduser())
            if found is None:
                raise DataError(f"{how} = {given}: {NO_RECORD}{describe_others(Path(given).expanduser())}")
            return found
    folders = [folder for folder in (SHARED_DIR, cache_dir()) if folder.is_dir()]
    return next((found for folder in folders if (found := find_release(folder))), None)


def load_record(
    path: Path | str | None = None, sessions: tuple[int, int] = (1, 80), progress: Progress | None = None
) -> Release:
    """Load the roll calls of some sessions from the record that is found.

    If the record ends before the last session and the table of sessions 74-80 lies beside it, in the cache or
    in ``../shared/data``, that table continues it, unless sessions between the two are missing.

    Parameters
    ----------
    path : Path or str, optional
        File or folder; see ``find_rollcalls``.
    sessions : tuple of int
        First and last session, 1 to 80.
    progress : callable, optional
        ``progress(share_done, what)``.

    Returns
    -------
    Release
        Tidy ``rollcalls`` and ``votes`` of those sessions that the record has; ``files`` with the sha256 of
        each file; ``notes`` on the whole record.

    Raises
    ------
    DataError
        No record is found, it is damaged, or it has none of the sessions.
    """
    found = find_rollcalls(path)
    if found is None:
        raise DataError(f"no roll calls found. {ways_to_rollcalls()}")
    first, last = sessions
    copies = cache_dir() / "parsed"
    record = load_release(found, copies, progress)
    end = record.rollcalls["session"].max()
    file = find_later(_folders_beside(found))
    if end < last and file is not None:
        later = load_release(file, copies, progress)
        if later.rollcalls["session"].min() <= end + 1:
            record = extend_release(record, later)
    covered = record.rollcalls["session"]
    if not covered.between(first, last).any():
        raise DataError(
            f"{found}: no roll calls of sessions {first}-{last}; it has {covered.min()}-{covered.max()}"
        )
    return take_sessions(record, first, last)


def take_sessions(record: Release, first: int, last: int) -> Release:
    """Return the roll calls of some sessions; ``notes`` and ``mends`` stay those of the whole record."""
    rollcalls, votes = (
        table[table["session"].between(first, last)].reset_index(drop=True)
        for table in (record.rollcalls, record.votes)
    )
    return replace(record, rollcalls=rollcalls, votes=votes)


def find_state_years(path: Path | str | None = None) -> Path | None:
    """Find state_year.parquet: beside the roll calls, in the user cache or in ``../shared/data``."""
    tables = [folder / "state_year.parquet" for folder in _folders_beside(find_rollcalls(path))]
    return next((table for table in tables if table.is_file()), None)


def _folders_beside(found: Path | None) -> list[Path]:
    """List the folders where files that belong to the roll calls may lie."""
    beside = [] if found is None else [found if found.is_dir() else found.parent]
    return [*beside, SHARED_DIR, cache_dir()]


def ways_to_rollcalls() -> str:
    """Say how to get roll calls; several messages end with it."""
    return (
        f"To download some: {FETCH_COMMAND}. If you have some: set {VOTES_VARIABLE} to the file or folder, "
        "or give it as --votes"
    )
