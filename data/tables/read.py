"""Read and check the tables that ship. README.md beside them is the codebook."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd

from data.spec import COMMITMENTS, COVARIATES, ISSUES, UNSURE, CaseSpec
from data.tables.delimited import read_delimited
from data.tables.rules import (
    DataError,
    validate_codes,
    validate_columns,
    validate_complete,
    validate_dates,
    validate_excludes,
    validate_implies,
    validate_intervals,
    validate_known_states,
    validate_not_empty,
    validate_positive_together,
    validate_range,
    validate_tallies,
    validate_unique,
)

TABLES_DIR = Path(__file__).parent

REGIONS = (
    "Africa",
    "Asia-Pacific",
    "Eastern Europe",
    "Latin America and Caribbean",
    "Western Europe and Others",
)
"""Regional groups of the General Assembly."""

# (flag, other): where the flag is 1, the other is 1 too, in any coalition table that has both columns.
_IMPLIED = (
    ("invasion_force", "troops"),
    ("state_dept_18mar", "white_house_list"),
    ("partner_2014", "partner_2017"),
    ("airstrikes_iraq", "military"),
    ("airstrikes_syria", "military"),
    ("train_advise", "military"),
)
_COALITION_DATES = ("troops_start", "troops_end", "joined")
_POLITICAL_ONLY = ("airstrikes_iraq", "airstrikes_syria", "military", "train_advise", "military_aid")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_table(path: Path, required: tuple[str, ...], dates: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a table in any dialect, in which only an empty cell is missing; columns of dates stay text.

    States are in upper case, and ``confidence`` in lower case, however they were written. See
    ``data.tables.delimited`` for the dialects. DataError if the file does not exist, is no table, has no rows
    or lacks a required column.
    """
    table = read_delimited(path, dates)
    validate_columns(table, required, path.name)
    validate_not_empty(table, path.name)
    for column, write in (("iso3", str.upper), ("confidence", str.lower)):
        if column in table.columns and pd.api.types.is_string_dtype(table[column]):
            table[column] = table[column].map(write, na_action="ignore")
    return table


def read_parquet(path: Path, **how: object) -> pd.DataFrame:
    """Read a parquet file, with the options of pandas; DataError if it is damaged or lacks a column."""
    try:
        return pd.read_parquet(path, **how)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: damaged, or not the parquet table that is needed: {error}") from None


def load_states(path: Path = TABLES_DIR / "states.csv") -> pd.DataFrame:
    """Read states.csv: ``iso3, ccode, name, region, subregion, un_from, un_to, note``, one row per state.

    ``un_from`` is the day of admission, or only the year if it was in an autumn before 1990. ``un_to`` is
    the first day without a seat.
    """
    dates = ("un_from", "un_to")
    needed = ("iso3", "ccode", "name", "region", "subregion")
    table = read_table(path, (*needed, *dates), dates)
    validate_complete(table, (*needed, "un_from"), path.name)
    validate_unique(table, ("iso3",), path.name)
    validate_range(table, "ccode", 2, 999, path.name, whole=True)
    validate_codes(table, "region", REGIONS, path.name)
    validate_dates(table, dates, path.name)
    validate_intervals(table, "un_from", "un_to", path.name)
    return table


def load_guarantees(states: pd.DataFrame, path: Path = TABLES_DIR / "guarantees.csv") -> pd.DataFrame:
    """Read guarantees.csv, one row per state and commitment.

    ``start`` is the first day in force, ``end`` the first day no longer in force (empty: open).
    """
    dates = ("start", "end")
    required = ("iso3", "ccode", "commitment", "kind", "formal", *dates, "source", "confidence")
    table = read_table(path, required, dates)
    validate_complete(table, [column for column in required if column != "end"], path.name)
    validate_unique(table, ("iso3", "commitment"), path.name)
    validate_known_states(table, states, path.name)
    validate_codes(table, "kind", COMMITMENTS, path.name)
    validate_codes(table, "formal", (0, 1), path.name)
    validate_codes(table, "confidence", ("high", "medium", "low"), path.name)
    validate_dates(table, dates, path.name)
    validate_intervals(table, "start", "end", path.name)
    return table


def is_member(states: pd.DataFrame, day: str) -> pd.Series:
    """Tell for each state whether it was a UN member on a day (YYYY-MM-DD)."""
    return (states["un_from"] <= day) & (states["un_to"].isna() | (day < states["un_to"]))


def coalition_path(case: CaseSpec) -> Path:
    """Find a case's coalition table; see ``find_table``."""
    return find_table(case.coalition_file)


def find_table(name: str) -> Path:
    """Find a table: the shipped one of that name, else the path itself.

    A bare name is that of a shipped table wherever there is one, so a file in the current folder never takes
    its place. ``./name`` is the file in the current folder.
    """
    shipped = TABLES_DIR / name
    return shipped if Path(name).name == name and shipped.is_file() else Path(name).expanduser()


def locate_given(name: str) -> str:
    """Return the whole path of a table named on the command line, in the current folder, or a shipped name.

    DataError if there is no such file, or if a bare name is both that of a shipped table and of a file in the
    current folder.
    """
    here, is_bare = Path(name).expanduser(), Path(name).name == name
    shipped = is_bare and (TABLES_DIR / name).is_file()
    if shipped and here.is_file():
        raise DataError(
            f"{name}: the project ships a table of this name, and another is in the current folder; write "
            f"./{name} for yours, or {TABLES_DIR / name} for that of the project"
        )
    if shipped:
        return name
    if not here.is_file():
        raise DataError(f"{name}: no such file in {Path.cwd()}")
    return str(here.resolve())


def load_coalition(case: CaseSpec, states: pd.DataFrame) -> pd.DataFrame:
    """Read a case's coalition table: one row per state, with 0/1 columns for each way of taking part.

    States without a row took no part. The columns in ``case.joined`` and ``case.tiers`` must exist.
    """
    path = coalition_path(case)
    flags = dict.fromkeys(
        [*case.joined_columns, *(column for _, columns in case.tiers for column in columns)]
    )
    # In a user's table, an outcome may have the name of a date column.
    dates = tuple(date for date in _COALITION_DATES if date not in flags)
    table = read_table(path, ("iso3", *flags, "source", "confidence"), dates)
    validate_unique(table, ("iso3",), path.name)
    validate_known_states(table, states, path.name)
    validate_codes(table, "confidence", ("high", "medium", "low"), path.name)
    for flag, other in _IMPLIED:
        if {flag, other} <= set(table.columns):
            flags |= dict.fromkeys((flag, other))
    for flag in flags:
        validate_codes(table, flag, (0, 1), path.name)
    for flag, other in _IMPLIED:
        if {flag, other} <= set(table.columns):
            validate_implies(table, flag, other, path.name)
    if {"humanitarian_or_political_only", *_POLITICAL_ONLY} <= set(table.columns):
        validate_excludes(table, "humanitarian_or_political_only", _POLITICAL_ONLY, path.name)
    validate_dates(table, [date for date in dates if date in table.columns], path.name)
    if {"troops_start", "troops_end"} <= set(table.columns):
        validate_intervals(table, "troops_start", "troops_end", path.name)
    return table


def in_force(guarantees: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return the commitments that are in force on a day (YYYY-MM-DD)."""
    begun = guarantees["start"] <= day
    return guarantees[begun & (guarantees["end"].isna() | (day < guarantees["end"]))]


def validate_covariates(table: pd.DataFrame, states: pd.DataFrame, file: str) -> None:
    """Check the keys, states, ranges, standard deviations and ATOP codes of a covariate table."""
    validate_complete(table, ("iso3", "year"), file)
    validate_unique(table, ("iso3", "year"), file)
    validate_known_states(table, states, file)
    for column, covariate in COVARIATES.items():
        validate_range(table, column, covariate.low, covariate.high, file)
    for column, sd in UNSURE.items():
        # A user's own table may lack standard deviations.
        if sd in table:
            validate_positive_together(table, column, sd, file)
    validate_codes(table, "atop_pact", (0, 1, np.nan), file)


def load_covariates(states: pd.DataFrame, path: Path = TABLES_DIR / "covariates.csv") -> pd.DataFrame:
    """Read covariates.csv: one row per state and year, in the units of COVARIATES."""
    table = read_table(path, ("iso3", "year", *COVARIATES, *UNSURE.values(), "atop_pact"))
    validate_covariates(table, states, path.name)
    return table


def load_tallies(states: pd.DataFrame, path: Path = TABLES_DIR / "agenda_tallies.csv") -> pd.DataFrame:
    """Read agenda_tallies.csv: counts of answers by state, session, issue area and US vote."""
    counts = ("no", "abstain", "yes", "absent")
    key = ("iso3", "session", "issue", "us_vote")
    table = read_table(path, (*key, *counts))
    validate_complete(table, (*key, *counts), path.name)
    validate_unique(table, key, path.name)
    validate_known_states(table, states, path.name)
    validate_codes(table, "issue", (*ISSUES, "other"), path.name)
    validate_codes(table, "us_vote", counts, path.name)
    for column in counts:
        validate_range(table, column, 0, 500, path.name, whole=True)
    validate_tallies(table, path.name)
    return table


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a CSV with six significant digits; it appears whole or not at all."""
    part = path.with_suffix(".part")
    table.to_csv(part, index=False, lineterminator="\n", float_format="%.6g")
    os.replace(part, path)
    return path


def table_text(table: pd.DataFrame) -> str:
    """Write a table as Markdown."""
    lines = [list(table.columns), ["---"] * table.shape[1], *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
