"""Find, read, check and prepare: what the analysis calls."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import xarray as xr

from data.panel.prepare import derive_covariates, prepare_panel
from data.spec import IRAQ, ISIS, VOTE_FIELDS, CaseSpec, DataSpec
from data.tables.read import (
    TABLES_DIR,
    coalition_path,
    load_coalition,
    load_covariates,
    load_guarantees,
    load_states,
    load_tallies,
    read_parquet,
    sha256,
    validate_covariates,
)
from data.tables.rules import DataError, validate_votes
from data.votes.cache import cache_dir, load_release
from data.votes.prepare import prepare_agenda_votes, prepare_rollcall_votes, tally_agenda
from data.votes.releases import Release, extend_release
from data.votes.releases.find import NO_RECORD, find_later, find_release
from data.votes.releases.tidy import Progress
from data.votes.select import select_rollcalls

VOTES_VARIABLE = "SECURITY_FOR_LEGITIMACY_VOTES"
"""Environment variable with the file or folder of the roll calls."""

FETCH_COMMAND = "python -m analysis data fetch"
"""What downloads roll calls; nothing else does, so that no run surprises anybody with a download."""

SHARED_DIR = TABLES_DIR.parents[2] / "shared" / "data"
"""Folder beside the checkout where roll calls may lie."""

# What the shipped tallies cannot tell apart: these fields must be at their defaults.
_ROLLCALL_FIELDS = set(VOTE_FIELDS) - {"granularity", "window", "abstention", "absence", "min_votes"}

_ORIGIN = ("issue_source", "match_source")


def find_rollcalls(path: Path | str | None = None) -> Path | None:
    """Find a record of roll calls.

    Looks at ``path``, the environment variable SECURITY_FOR_LEGITIMACY_VOTES, the user cache (where ``data
    fetch`` puts what it downloads) and ``../shared/data`` beside the checkout, in this order.

    Parameters
    ----------
    path : Path or str, optional
        A file of any kind that ``data.votes.releases.read_release`` reads, or a folder with one.

    Returns
    -------
    Path or None
        The first file, or folder of a parquet pair; None if there is none.

    Raises
    ------
    DataError
        A place was named (by ``path`` or the variable) and has none, or a folder has several of one kind.
    """
    for given, how in ((path, "path"), (os.environ.get(VOTES_VARIABLE), VOTES_VARIABLE)):
        if given:
            found = find_release(Path(given).expanduser())
            if found is None:
                raise DataError(f"{how} = {given}: {NO_RECORD}")
            return found
    folders = [folder for folder in (cache_dir(), SHARED_DIR) if folder.is_dir()]
    return next((found for folder in folders if (found := find_release(folder))), None)


def load_record(
    path: Path | str | None = None, sessions: tuple[int, int] = (1, 80), progress: Progress | None = None
) -> Release:
    """Load the roll calls of some sessions, from whatever record is found.

    Where the record ends before the last session asked for, and the table of sessions 74-80 lies beside it,
    in the cache or in ``../shared/data``, that continues it, unless sessions between the two are missing.

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
        Tidy ``rollcalls`` and ``votes`` of these sessions, as far as the record has them; ``files`` with the
        sha256 of each file; ``notes`` on the whole record.

    Raises
    ------
    DataError
        No record is found, it is damaged, or it has none of the sessions.
    """
    found = find_rollcalls(path)
    if found is None:
        raise DataError(f"no roll calls found. {_ways()}")
    first, last = sessions
    copies = cache_dir() / "parsed"
    record = load_release(found, copies, progress)
    end = record.rollcalls["session"].max()
    file = find_later([found if found.is_dir() else found.parent, cache_dir(), SHARED_DIR])
    if end < last and file is not None:
        later = load_release(file, copies, progress)
        if later.rollcalls["session"].min() <= end + 1:
            record = extend_release(record, later)
    covered = record.rollcalls["session"]
    if not covered.between(first, last).any():
        raise DataError(
            f"{found}: no roll calls of sessions {first}-{last}; it has {covered.min()}-{covered.max()}"
        )
    rollcalls, votes = (
        table[table["session"].between(first, last)].reset_index(drop=True)
        for table in (record.rollcalls, record.votes)
    )
    return replace(record, rollcalls=rollcalls, votes=votes)


def load_votes(
    spec: DataSpec, case: CaseSpec, path: Path | str | None = None, progress: Progress | None = None
) -> xr.Dataset:
    """Load the votes of a case's window.

    Parameters
    ----------
    spec : DataSpec
        Coding choices.
    case : CaseSpec
        Which window.
    path : Path or str, optional
        File or folder of the roll calls; see ``find_rollcalls``.
    progress : callable, optional
        ``progress(share_done, what)``, for records that take seconds to read.

    Returns
    -------
    xr.Dataset
        ``counts`` (item, state, response) int32, >= 0: how often a state gave a response on an item. At
        roll-call granularity 0/1 with responses ``no, abstain, yes``; at agenda granularity counts of
        resolutions with responses ``against, abstain, with`` (the US vote), without the US. Missing is an
        all-zero row.

        Coords: state (iso3) with name, ccode, region; item with session, issue, us_vote, title, at roll-call
        granularity also date, issues, important (1, 0, NaN), match_group; at agenda granularity also
        resolutions. ``issue`` and ``issues`` are ``unknown`` where the record neither codes nor describes.

        Attrs: case, granularity (``rollcall`` or ``agenda``), fallback (why tallies stand in for roll
        calls, else empty), source, sha256 (JSON, by file), issue_source and match_source (where issue areas
        and repeated resolutions come from: ``coded`` by the publisher, ``derived`` from words, ``none``;
        several joined by ``+``),
        notes (JSON, oddities of the record), left_out (JSON, reason by iso3), spec (JSON), votes_spec (JSON,
        only what bears on these votes); at agenda granularity us_absent (resolutions on which the US was
        absent).

    Raises
    ------
    DataError
        A table breaks a rule, no roll call is left, the record lacks a session of the window or what the spec
        asks for (importance, issue areas, dates), or the spec asks for what only roll calls can tell and none
        are found.
    """
    states = load_states()
    found = find_rollcalls(path)
    beyond = _beyond_tallies(spec, case)
    fallback = ""
    if spec.granularity == "finest" and found is None:
        fallback = f"no roll calls found; using the agenda tallies that ship. {_ways()}"
    rollcall = spec.granularity == "rollcall" or (spec.granularity == "finest" and found is not None)
    if found is None and (rollcall or beyond):
        asked = ["granularity = 'rollcall'"] if rollcall else beyond
        raise DataError(
            f"case {case.name}: {', '.join(asked)} needs roll calls, and none are found. {_ways()}"
        )
    if rollcall or beyond:
        record = _load_window(found, spec, case, progress)
        items = select_rollcalls(record.rollcalls, spec, case)
        if rollcall:
            dataset = prepare_rollcall_votes(items, record.votes, states, spec, case)
        else:
            dataset = prepare_agenda_votes(tally_agenda(items, record.votes), states, spec, case)
        hashes, notes = record.files, record.notes
        origin = {name: "+".join(sorted(set(items[name].astype(str)))) for name in _ORIGIN}
    else:
        hashes, notes = {"agenda_tallies.csv": sha256(TABLES_DIR / "agenda_tallies.csv")}, ()
        dataset = prepare_agenda_votes(load_tallies(states), states, spec, case)
        origin = dict.fromkeys(_ORIGIN, "coded")
    return dataset.assign_attrs(
        case=case.name,
        granularity="rollcall" if rollcall else "agenda",
        fallback=fallback,
        source=" + ".join(hashes),
        sha256=json.dumps(hashes | {"states.csv": sha256(TABLES_DIR / "states.csv")}, sort_keys=True),
        notes=json.dumps(notes),
        spec=spec.to_json(),
        votes_spec=spec.votes_json(case),
        **origin,
    )


def _ways() -> str:
    return (
        f"To get some: {FETCH_COMMAND}. Those that you have: set {VOTES_VARIABLE} to the file or folder, or "
        "give it as --votes"
    )


def _beyond_tallies(spec: DataSpec, case: CaseSpec) -> list[str]:
    """List what the spec asks for that the shipped tallies do not hold."""
    plain = DataSpec()
    beyond = [
        f"{f} = {getattr(spec, f)!r}"
        for f in sorted(_ROLLCALL_FIELDS)
        if getattr(spec, f) != getattr(plain, f)
    ]
    shipped = any(
        set(spec.sessions(case)) <= set(range(c.first_session, c.last_session + 1))
        and case.votes_until == c.votes_until
        for c in (IRAQ, ISIS)
    )
    if not shipped:
        sessions = spec.sessions(case)
        beyond.append(f"sessions {sessions[0]}-{sessions[-1]} until {case.votes_until}")
    return beyond


def _load_window(found: Path, spec: DataSpec, case: CaseSpec, progress: Progress | None) -> Release:
    """Load the sessions of a case's window, each of which must be there, with their votes checked."""
    sessions = spec.sessions(case)
    record = load_record(found, (sessions[0], sessions[-1]), progress)
    missing = sorted(set(sessions) - set(record.rollcalls["session"]))
    if missing:
        raise DataError(
            f"case {case.name}: {found} has no roll calls of sessions {', '.join(map(str, missing))}"
        )
    validate_votes(record.rollcalls, record.votes, str(found))
    return record


def load_panel(spec: DataSpec, path: Path | str | None = None) -> xr.Dataset:
    """Load who joined, and what may explain it, for all cases of the spec.

    Parameters
    ----------
    spec : DataSpec
        Coding choices.
    path : Path or str, optional
        File or folder of the roll calls, beside which state_year.parquet is looked for first; see
        ``find_rollcalls``.

    Returns
    -------
    xr.Dataset
        Over (case, state), states being the union of UN members at the cases' cut-offs less those excluded:
        ``included`` (bool); ``joined`` (float 0/1, NaN where not included); ``tier`` (float 0..3, names in
        ``attrs["levels"]``); ``guarantee`` (str, levels in rising order in ``attrs["levels"]``, empty where
        not included); ``commitments`` (str, all kinds in force joined by ``+``). Over (case, state,
        covariate): ``covariates`` in natural units (coord ``unit``) and ``covariates_transformed`` (coord
        ``transform``); unknown values are NaN and listed in ``attrs["missing_covariates"]`` (JSON: case,
        covariate, iso3s). Over (case, state, characteristic): ``characteristics``, every column of
        covariates.csv in natural units, whether or not a covariate (to group or describe states).

        Coords: case with label; state (iso3) with name, ccode, region. Attrs: sha256 (JSON, by file),
        left_out (JSON: case, iso3, reason), spec (JSON).

    Raises
    ------
    DataError
        A table breaks a rule, a recode or a state left out has no effect, or a case's covariate year is
        neither in covariates.csv nor in a state_year.parquet beside the roll calls.
    """
    states = load_states()
    coalitions = {case.name: load_coalition(case, states) for case in spec.cases}
    covariates = load_covariates(states)
    files = [TABLES_DIR / name for name in ("states.csv", "guarantees.csv", "covariates.csv")]
    files += [coalition_path(case) for case in spec.cases]
    further = sorted({case.covariate_year for case in spec.cases} - set(covariates["year"]))
    if further:
        more, file = _further_covariates(states, further, path)
        covariates = pd.concat([covariates, more], ignore_index=True)
        files.append(file)
    panel = prepare_panel(spec, states, load_guarantees(states), coalitions, covariates)
    return panel.assign_attrs(sha256=_hashes(files))


def _further_covariates(
    states: pd.DataFrame, years: list[int], path: Path | str | None
) -> tuple[pd.DataFrame, Path]:
    """Covariates of years that do not ship, from the state-year table beside the roll calls."""
    found = find_rollcalls(path)
    beside = [] if found is None else [found if found.is_dir() else found.parent]
    tables = [folder / "state_year.parquet" for folder in (*beside, cache_dir(), SHARED_DIR)]
    file = next((table for table in tables if table.is_file()), None)
    if file is None:
        raise DataError(
            f"covariates of {', '.join(map(str, years))} do not ship, and no state_year.parquet "
            f"is found beside the roll calls, in {cache_dir()} or in ../shared/data"
        )
    state_year = read_parquet(file)
    unknown = sorted(set(years) - set(state_year["year"]))
    if unknown:
        have = f"{state_year['year'].min()}-{state_year['year'].max()}"
        raise DataError(f"{file}: no covariates of {', '.join(map(str, unknown))}; it has {have}")
    table = derive_covariates(state_year, states, tuple(years))
    validate_covariates(table, states, file.name)
    return table, file


def _hashes(files: list[Path]) -> str:
    return json.dumps({file.name: sha256(file) for file in files}, sort_keys=True)
