"""Find, read, check and prepare: what the analysis calls."""

import json
import os
from pathlib import Path

import pandas as pd
import pooch
import xarray as xr

from data.panel import derive_covariates, prepare_panel
from data.prepare import prepare_agenda_votes, prepare_rollcall_votes, select_rollcalls, tally_agenda
from data.schema import DataError, validate_votes
from data.spec import IRAQ, ISIS, VOTE_FIELDS, CaseSpec, DataSpec
from data.tables import (
    DATA_DIR,
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

VOTES_VARIABLE = "SECURITY_FOR_LEGITIMACY_VOTES"
"""Environment variable with the folder of the roll calls."""

SHARED_DIR = DATA_DIR.parents[1] / "shared" / "data"
"""Folder beside the checkout where roll calls may lie."""

_PAIR = ("rollcalls.parquet", "votes.parquet")

# What the shipped tallies cannot tell apart: these fields must be at their defaults.
_ROLLCALL_FIELDS = set(VOTE_FIELDS) - {"granularity", "window", "abstention", "absence", "min_votes"}


def cache_dir() -> Path:
    """Return the user's cache folder for what is downloaded."""
    return Path(pooch.os_cache("security-for-legitimacy"))


def find_rollcalls(path: Path | str | None = None) -> Path | None:
    """Find the folder with roll calls.

    Looks at ``path``, the environment variable SECURITY_FOR_LEGITIMACY_VOTES, the user cache and
    ``../shared/data`` beside the checkout, in this order.

    Parameters
    ----------
    path : Path or str, optional
        Folder with rollcalls.parquet and votes.parquet.

    Returns
    -------
    Path or None
        The first folder that has them; None if there is none.

    Raises
    ------
    DataError
        A folder was named (by ``path`` or the variable) and does not have them.
    """
    for given, how in ((path, "path"), (os.environ.get(VOTES_VARIABLE), VOTES_VARIABLE)):
        if given:
            if not _has_pair(Path(given)):
                raise DataError(f"{how} = {given}: a folder with {' and '.join(_PAIR)} is needed")
            return Path(given)
    return next((folder for folder in (cache_dir(), SHARED_DIR) if _has_pair(folder)), None)


def _has_pair(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _PAIR)


def load_votes(spec: DataSpec, case: CaseSpec, path: Path | str | None = None) -> xr.Dataset:
    """Load the votes of a case's window.

    Parameters
    ----------
    spec : DataSpec
        Coding choices.
    case : CaseSpec
        Which window.
    path : Path or str, optional
        Folder of the roll calls; see ``find_rollcalls``.

    Returns
    -------
    xr.Dataset
        ``counts`` (item, state, response) int32, >= 0: how often a state gave a response on an item. At
        roll-call granularity 0/1 with responses ``no, abstain, yes``; at agenda granularity counts of
        resolutions with responses ``against, abstain, with`` (the US vote), without the US. Missing is an
        all-zero row.

        Coords: state (iso3) with name, ccode, region; item with session, issue, us_vote, title, at roll-call
        granularity also date, issues, important (1, 0, NaN), match_group; at agenda granularity also
        resolutions.

        Attrs: case, granularity (``rollcall`` or ``agenda``), fallback (why tallies stand in for roll
        calls, else empty), source, sha256 (JSON, by file), left_out (JSON, reason by iso3), spec (JSON),
        votes_spec (JSON, only what bears on these votes); at agenda granularity us_absent (resolutions on
        which the US was absent).

    Raises
    ------
    DataError
        A table breaks a rule, no roll call is left, or the spec asks for what only roll calls can tell and
        none are found.
    """
    states = load_states()
    folder = find_rollcalls(path)
    beyond = _beyond_tallies(spec, case)
    fallback = ""
    if spec.granularity == "finest" and folder is None:
        fallback = (
            f"no roll calls found; using the agenda tallies that ship (set {VOTES_VARIABLE} to a folder)"
        )
    rollcall = spec.granularity == "rollcall" or (spec.granularity == "finest" and folder is not None)
    if folder is None and (rollcall or beyond):
        asked = ["granularity = 'rollcall'"] if rollcall else beyond
        raise DataError(
            f"case {case.name}: {', '.join(asked)} needs roll calls, and none are found. Give a path, or set "
            f"{VOTES_VARIABLE} to a folder with {' and '.join(_PAIR)}"
        )
    if rollcall or beyond:
        items, votes = _read_rollcalls(folder, spec, case)
        if rollcall:
            dataset = prepare_rollcall_votes(items, votes, states, spec, case)
        else:
            dataset = prepare_agenda_votes(tally_agenda(items, votes), states, spec, case)
        files = [folder / name for name in _PAIR]
    else:
        files = [DATA_DIR / "agenda_tallies.csv"]
        dataset = prepare_agenda_votes(load_tallies(states), states, spec, case)
    files.append(DATA_DIR / "states.csv")
    return dataset.assign_attrs(
        case=case.name,
        granularity="rollcall" if rollcall else "agenda",
        fallback=fallback,
        source=" + ".join(file.name for file in files[:-1]),
        sha256=_hashes(files),
        spec=spec.to_json(),
        votes_spec=spec.votes_json(case),
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


def _read_rollcalls(folder: Path, spec: DataSpec, case: CaseSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the chosen roll calls of the window and their votes, checked."""
    sessions = spec.sessions(case)
    within = [("session", ">=", sessions[0]), ("session", "<=", sessions[-1])]
    rollcalls = read_parquet(folder / _PAIR[0], filters=within)
    votes = read_parquet(folder / _PAIR[1], filters=within, columns=["rcid", "session", "iso3", "vote"])
    validate_votes(rollcalls, votes, str(folder))
    return select_rollcalls(rollcalls, spec, case), votes


def load_panel(spec: DataSpec) -> xr.Dataset:
    """Load who joined, and what may explain it, for all cases of the spec.

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
    files = [DATA_DIR / name for name in ("states.csv", "guarantees.csv", "covariates.csv")]
    files += [coalition_path(case) for case in spec.cases]
    further = sorted({case.covariate_year for case in spec.cases} - set(covariates["year"]))
    if further:
        more, file = _further_covariates(states, further)
        covariates = pd.concat([covariates, more], ignore_index=True)
        files.append(file)
    panel = prepare_panel(spec, states, load_guarantees(states), coalitions, covariates)
    return panel.assign_attrs(sha256=_hashes(files))


def _further_covariates(states: pd.DataFrame, years: list[int]) -> tuple[pd.DataFrame, Path]:
    """Covariates of years that do not ship, from the state-year table beside the roll calls."""
    folders = [folder for folder in (find_rollcalls(), SHARED_DIR) if folder is not None]
    file = next((f / "state_year.parquet" for f in folders if (f / "state_year.parquet").is_file()), None)
    if file is None:
        raise DataError(
            f"covariates of {', '.join(map(str, years))} do not ship, and no state_year.parquet "
            f"is found beside the roll calls (set {VOTES_VARIABLE} to a folder that has it)"
        )
    state_year = read_parquet(file)
    unknown = sorted(set(years) - set(state_year["year"]))
    if unknown:
        raise DataError(f"{file.name}: no covariates of {', '.join(map(str, unknown))}")
    table = derive_covariates(state_year, states, tuple(years))
    validate_covariates(table, states, file.name)
    return table, file


def _hashes(files: list[Path]) -> str:
    return json.dumps({file.name: sha256(file) for file in files}, sort_keys=True)
