"""The tables that a case of one's own brings: covariates of its year, and guarantees in force on its day."""

from pathlib import Path

import numpy as np
import pandas as pd

from data.spec import COVARIATES, MEMBERSHIPS, UNSURE, CaseSpec, DataSpec
from data.tables.once import read_guarantees, read_own_guarantees
from data.tables.read import find_table, read_table, validate_covariates
from data.tables.rules import DataError

FIRST_DAY, LAST_DAY = "1990-01-01", "2019-06-30"
"""Days for which guarantees.csv lists every commitment: those of 1990-2018; the next began in July 2019."""


def load_own_covariates(case: CaseSpec, spec: DataSpec, states: pd.DataFrame) -> tuple[pd.DataFrame, Path]:
    """Read the covariate table that a case names.

    Parameters
    ----------
    case : CaseSpec
        ``covariate_file``: ``iso3``, the covariates of the spec, and ``capability``, which groups states. All
        other columns of covariates.csv may be left out. Without a column ``year``, all rows are of the case's
        covariate year.
    spec : DataSpec
        Which covariates the models take.
    states : pd.DataFrame
        states.csv.

    Returns
    -------
    table : pd.DataFrame
        As covariates.csv, the case's year alone.
    file : Path

    Raises
    ------
    DataError
        The file is no table, lacks a column or the case's year, or breaks a rule of covariates.csv.
    """
    file = find_table(case.covariate_file)
    needed = [name for name, _ in spec.covariates if name not in MEMBERSHIPS]
    table = read_table(file, tuple(dict.fromkeys(["iso3", *needed, "capability"])))
    if "year" not in table:
        table["year"] = case.covariate_year
    _fill(table, (*COVARIATES, "atop_pact"))
    validate_covariates(table, states, file.name)
    _fill(table, tuple(UNSURE.values()))
    table = table[table["year"] == case.covariate_year]
    if table.empty:
        raise DataError(f"{file}: no row of {case.covariate_year}, the covariate year of case {case.name}")
    for name in dict.fromkeys([*needed, "capability"]):
        if table[name].isna().all():
            raise DataError(f"{file}: {name} is empty for all states in {case.covariate_year}")
    return table, file


def _fill(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    for column in columns:
        if column not in table:
            table[column] = np.nan


def load_case_guarantees(case: CaseSpec) -> tuple[pd.DataFrame, Path | None]:
    """Read the guarantees of a case: its own table, or the shipped one, for which None is returned as file.

    DataError if the case names no table and its day lies outside the years of guarantees.csv.
    """
    if case.guarantee_file:
        file = find_table(case.guarantee_file)
        return read_own_guarantees(file), file
    if not FIRST_DAY <= case.guarantee_date.isoformat() <= LAST_DAY:
        raise DataError(
            f"case {case.name}: guarantees.csv lists commitments from {FIRST_DAY} to {LAST_DAY}, "
            f"and guarantee_date is {case.guarantee_date}; give a table of your own as guarantee_file"
        )
    return read_guarantees(), None
