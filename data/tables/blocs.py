"""Blocs that confer before they vote: who belonged to which, and when."""

from pathlib import Path

import pandas as pd

from data.tables.read import TABLES_DIR, in_force, read_table
from data.tables.rules import (
    validate_codes,
    validate_complete,
    validate_dates,
    validate_intervals,
    validate_known_states,
    validate_unique,
)

BLOCS = ("European Union", "NATO", "Arab League", "ASEAN", "African Union")
"""Blocs by name. The African Union stands for the OAU before 9 July 2002 too."""

BLOCS_SEEN = ("list", "memory")
"""Codes of the column ``seen`` of blocs.csv; see the codebook."""


def load_blocs(
    states: pd.DataFrame, guarantees: pd.DataFrame, path: Path = TABLES_DIR / "blocs.csv"
) -> pd.DataFrame:
    """Read blocs.csv, and add NATO from the guarantees.

    Parameters
    ----------
    states, guarantees : pd.DataFrame
        From ``data.tables.read.load_states`` and ``load_guarantees``. NATO is the United States and those
        that have its guarantee of the kind ``nato``.
    path : Path
        The table: ``iso3, ccode, state, bloc, start, end, source, seen``, one row per state and bloc.

    Returns
    -------
    pd.DataFrame
        ``iso3, bloc, start, end``. ``start`` is the first day of membership, ``end`` the first day without
        (empty: open); a year alone means all of it.

    Raises
    ------
    DataError
        A state, bloc, date or code is unknown, a cell is empty, a row is there twice, or NATO has a row.
    """
    dates = ("start", "end")
    required = ("iso3", "ccode", "bloc", *dates, "source", "seen")
    table = read_table(path, required, dates)
    validate_complete(table, [column for column in required if column != "end"], path.name)
    validate_unique(table, ("iso3", "bloc"), path.name)
    validate_known_states(table, states, path.name)
    validate_codes(table, "bloc", [bloc for bloc in BLOCS if bloc != "NATO"], path.name)
    validate_codes(table, "seen", BLOCS_SEEN, path.name)
    validate_dates(table, dates, path.name)
    validate_intervals(table, *dates, path.name)
    columns = ["iso3", "bloc", *dates]
    nato = guarantees[guarantees["kind"] == "nato"].assign(bloc="NATO")[columns]
    founder = pd.DataFrame([("USA", "NATO", nato["start"].min(), pd.NA)], columns=columns)
    return pd.concat([table[columns], founder.astype(nato.dtypes), nato], ignore_index=True)


def list_members(blocs: pd.DataFrame, day: str) -> dict[str, set[str]]:
    """Return the members of each bloc on a day (YYYY-MM-DD), as iso3; ``blocs`` are from ``load_blocs``."""
    there = in_force(blocs, day)
    return {bloc: set(there.loc[there["bloc"] == bloc, "iso3"]) for bloc in BLOCS}
