"""Covariates of any year from 1990 to 2018, taken from the state-year table."""

from pathlib import Path

import numpy as np
import pandas as pd

from data.spec import COVARIATES, MEMBERSHIPS, UNSURE
from data.tables.blocs import list_members
from data.tables.read import TABLES_DIR, is_member, read_parquet, read_table, validate_covariates
from data.tables.rules import DataError
from data.votes.record import find_state_years

CORRECTIONS_FILE = TABLES_DIR / "corrections.csv"
"""Cells of state_year.parquet that are wrong: ``given`` there, ``value`` in truth, with source and reason."""


def correct_state_years(state_year: pd.DataFrame) -> pd.DataFrame:
    """Put right the cells that ``corrections.csv`` names; one that differs from ``given`` stays as it is.

    A newer source may have been put right already, so only the known wrong value is replaced.
    """
    table = state_year.copy()
    columns = ("ccode", "year", "column", "given", "value")
    for row in read_table(CORRECTIONS_FILE, columns).itertuples():
        cell = (table["ccode"] == row.ccode) & (table["year"] == row.year)
        wrong = cell & np.isclose(table[row.column].astype(float), row.given, rtol=0, atol=1)
        table.loc[wrong, row.column] = row.value
    return table


def derive_covariates(state_year: pd.DataFrame, states: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    """Take the covariates of some years from state_year.parquet, one row per state and year, 1990-2018.

    Cells known to be wrong are put right first (``correct_state_years``).

    Returns
    -------
    pd.DataFrame
        ``iso3, year``, the columns of COVARIATES in their units, those of UNSURE (standard deviations in the
        same units), and ``atop_pact`` (0/1), sorted. One row per year and UN member at its end.
    """
    state_year, parts = correct_state_years(state_year), []
    for year in years:
        seated = states[is_member(states, f"{year}-12-31")]
        rows = state_year[state_year["year"] == year].drop_duplicates("ccode").set_index("ccode")
        rows = rows.reindex(seated["ccode"])
        part = {"iso3": seated["iso3"].to_numpy(), "year": year}
        part |= {name: rows[c.source].to_numpy(float) * c.scale for name, c in COVARIATES.items()}
        for name, column in UNSURE.items():
            part[column] = rows[COVARIATES[name].sd_source].to_numpy(float) * COVARIATES[name].scale
        part["atop_pact"] = rows["us_defense_pact_atop"].to_numpy(float)
        parts.append(pd.DataFrame(part))
    return pd.concat(parts).sort_values(["iso3", "year"], ignore_index=True)


def add_memberships(covariates: pd.DataFrame, blocs: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of MEMBERSHIPS, 0 or 1: who belonged to the bloc at the end of a row's year.

    ``blocs`` are from ``data.tables.blocs.load_blocs``.
    """
    members = {year: list_members(blocs, f"{year}-12-31") for year in covariates["year"].unique()}
    rows = list(zip(covariates["iso3"], covariates["year"], strict=True))
    return covariates.assign(
        **{
            name: [float(iso3 in members[year][bloc]) for iso3, year in rows]
            for name, bloc in MEMBERSHIPS.items()
        }
    )


def load_further_covariates(
    states: pd.DataFrame, years: list[int], path: Path | str | None
) -> tuple[pd.DataFrame, Path]:
    """Load the covariates of years that do not ship; returns the table and the file that has them."""
    file = find_state_years(path)
    if file is None:
        raise DataError(
            f"covariates of {', '.join(map(str, years))} do not ship, and no state_year.parquet "
            "is found beside the roll calls, in the user cache or in ../shared/data; give a table of your "
            "own as covariate_file of the case (data/YOUR_OWN_CASE.md lists its columns)"
        )
    state_year = read_parquet(file)
    unknown = sorted(set(years) - set(state_year["year"]))
    if unknown:
        have = f"{state_year['year'].min()}-{state_year['year'].max()}"
        raise DataError(f"{file}: no covariates of {', '.join(map(str, unknown))}; it has {have}")
    table = derive_covariates(state_year, states, tuple(years))
    validate_covariates(table, states, file.name)
    return table, file
