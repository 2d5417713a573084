"""Read and check the tables of acts: acts, further votes, corrections, guarantees, state-years."""

from functools import cache
from pathlib import Path

import pandas as pd

from data.acts.spec import CORRECTIONS, POWERS, ActsSpec
from data.tables.read import load_states, read_table
from data.tables.rules import (
    DataError,
    validate_codes,
    validate_complete,
    validate_dates,
    validate_intervals,
    validate_known_states,
    validate_unique,
)

ACTS_DIR = Path(__file__).parent
LAST_YEAR = 2018
"""Last year of state_years.csv. Later acts take its covariates, and its pacts with the changes since."""

ANSWERS = ("no", "abstain", "yes")
_REQUIRED = (
    *("act", "label", "power", "date_of_act", "announced", "vote_date", "session", "rcid", "symbol"),
    *("supportive_vote", "kind", "military", "target", "target_subregion", "act_of", "core", "borderline"),
    *("repeat_of", "votes_by_state"),
)


def name_row(table: pd.DataFrame, row: int, file: str) -> str:
    """Name a row as an editor shows it: file, line and act."""
    return f"{file}, line {row + 2} ({table['act'].iloc[row]})"


def read_acts(spec: ActsSpec) -> pd.DataFrame:
    """Read the table of acts and take those that the spec asks for.

    Returns
    -------
    pd.DataFrame
        The columns of acts.csv, and ``row``: how ``name_row`` names it in messages. Sorted by date of the
        vote.

    Raises
    ------
    DataError
        A column, code or date is wrong, an act comes after the vote on it, or no act is left.
    """
    path = ACTS_DIR / spec.table if (ACTS_DIR / spec.table).is_file() else Path(spec.table).expanduser()
    table = read_table(path, _REQUIRED, ("date_of_act", "vote_date"))
    file = path.name
    validate_complete(table, ("act", "power", "vote_date", "session", "rcid", "supportive_vote"), file)
    validate_unique(table, ("act",), file)
    validate_codes(table, "power", POWERS, file)
    validate_codes(table, "supportive_vote", ANSWERS, file)
    for flag in ("announced", "military", "core", "borderline"):
        validate_codes(table, flag, (0, 1), file)
    validate_dates(table, ("date_of_act", "vote_date"), file)
    # Dates may lack day or month: they are compared as far as both are known.
    for row, (act, vote, announced) in enumerate(
        zip(table["date_of_act"], table["vote_date"], table["announced"], strict=True)
    ):
        known = 0 if pd.isna(act) else min(len(act), len(vote))
        if known and act[:known] > vote[:known] and not announced:
            raise DataError(
                f"{name_row(table, row, file)}: the act ({act}) comes after the vote on it ({vote}). An act "
                "that had been announced by then needs announced = 1"
            )
    table = table.assign(row=[name_row(table, row, file) for row in range(len(table))])
    year = table["vote_date"].str[:4].astype(int)
    keep = table["power"].isin(spec.powers) & year.between(spec.since, spec.until)
    if spec.acts != "all":
        keep &= (table["core"] == 1) | (table["borderline"] == 1)
    if spec.acts == "military":
        keep &= table["military"] == 1
    if not spec.repeats:
        keep &= table["repeat_of"].isna()
    if not spec.borderline:
        keep &= table["borderline"] == 0
    unknown = [name for name in spec.acts_out if name not in set(table["act"])]
    if unknown:
        raise DataError(f"acts_out: {file} has no act {', '.join(unknown)}")
    keep &= ~table["act"].isin(spec.acts_out)
    if not keep.any():
        raise DataError(f"{file}: no act is left under {spec.to_json()}")
    return table[keep].sort_values(["vote_date", "act"], ignore_index=True)


def read_more_votes() -> pd.DataFrame:
    """Read more_votes.csv: further votes on the acts, which are no ordinary votes."""
    path = ACTS_DIR / "more_votes.csv"
    table = read_table(path, ("act", "power", "rcid", "symbol", "supportive_vote"))
    validate_codes(table, "power", POWERS, path.name)
    return table


def read_corrections(spec: ActsSpec) -> pd.DataFrame:
    """Read the cells of vote_corrections.csv that the spec applies: ``rcid, iso3, official_vote``."""
    path = ACTS_DIR / "vote_corrections.csv"
    table = read_table(path, ("rcid", "symbol", "iso3", "vote_in_data", "official_vote"))
    validate_known_states(table, load_states(), path.name)
    validate_codes(table, "official_vote", ANSWERS, path.name)
    cell = table["symbol"] + "/" + table["iso3"]
    if sorted(cell) != sorted(CORRECTIONS):
        raise DataError(f"{path.name}: its cells are not those of data.acts.spec.CORRECTIONS")
    return table[cell.isin(spec.corrections)]


@cache
def read_state_years() -> pd.DataFrame:
    """Read state_years.csv, one row per member and year; see ``data.acts.build``."""
    path = ACTS_DIR / "state_years.csv"
    table = read_table(path, ("iso3", "year", "pact_usa", "pact_rus", "gdp_per_capita"))
    validate_unique(table, ("iso3", "year"), path.name)
    validate_known_states(table, load_states(), path.name)
    return table.set_index(["iso3", "year"]).sort_index()


@cache
def read_changes() -> pd.DataFrame:
    """Read guarantees_since_2019.csv: changes after the last year of state_years.csv."""
    path = ACTS_DIR / "guarantees_since_2019.csv"
    table = read_table(path, ("power", "iso3", "change", "date", "commitment", "pact"), ("date",))
    validate_codes(table, "power", POWERS, path.name)
    validate_known_states(table, load_states(), path.name)
    validate_dates(table, ("date",), path.name)
    return table


@cache
def read_paper() -> pd.DataFrame:
    """Read paper_treaties.csv: pacts that were in force on paper only, with the reason."""
    path = ACTS_DIR / "paper_treaties.csv"
    table = read_table(path, ("power", "iso3", "start", "end", "reason"), ("start", "end"))
    validate_codes(table, "power", POWERS, path.name)
    validate_intervals(table, "start", "end", path.name)
    return table
