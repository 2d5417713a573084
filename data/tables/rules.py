"""Checks of tables, one rule per function. Each error names the file, the rows and the rule.

Rows are numbered as a text editor numbers the lines of the CSV: the header is line 1.
"""

import difflib
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd


class DataError(ValueError):
    """A table breaks a rule; the message says which file, which rows and which rule."""


def list_first(values: Iterable, limit: int = 5) -> str:
    """List the first of some values, and say how many more there are."""
    values = list(values)
    more = f" and {len(values) - limit} more" if len(values) > limit else ""
    return ", ".join(map(str, values[:limit])) + more


def shorten(text: str, limit: int = 60) -> str:
    """Cut a long text, of which a message needs the beginning only."""
    return text if len(text) <= limit else f"{text[:limit]}..."


def _refuse(file: str, bad: pd.Series | np.ndarray, rule: str, values: pd.DataFrame | pd.Series) -> None:
    """Raise DataError if ``bad`` is true in any row, showing at most five."""
    rows = np.flatnonzero(np.asarray(bad, dtype=bool))
    if not len(rows):
        return
    # A table with blank lines says which line each row has.
    lines = np.array(values.attrs.get("lines", range(2, len(values) + 2)))[rows]
    shown = values.iloc[rows[:5]]
    shown = shown.map(lambda cell: shorten(cell) if isinstance(cell, str) else cell)
    shown = shown.to_dict("records") if isinstance(shown, pd.DataFrame) else shown.tolist()
    raise DataError(f"{file}: {rule}. Line {list_first(lines)}: {shown}")


def validate_columns(table: pd.DataFrame, required: Sequence[str], file: str) -> None:
    """Check that every required column is there; the error names the nearest column."""
    missing = [column for column in required if column not in table.columns]
    if missing:
        near = {m: difflib.get_close_matches(m, list(table.columns), n=1, cutoff=0.4) for m in missing}
        hints = ", ".join(f"{m!r}" + (f" (nearest: {shorten(n[0])!r})" if n else "") for m, n in near.items())
        there = list_first((shorten(str(column)) for column in table.columns), 30)
        raise DataError(f"{file}: missing column {hints}. Columns: {there}")


def validate_not_empty(table: pd.DataFrame, file: str) -> None:
    """Check that there is at least one row."""
    if table.empty:
        raise DataError(f"{file}: no rows (only a header, or the file is empty)")


def validate_unique(table: pd.DataFrame, key: Sequence[str], file: str) -> None:
    """Check that no two rows have the same key."""
    bad = table.duplicated(list(key), keep=False)
    _refuse(file, bad, f"duplicate key {', '.join(key)}", table[list(key)])


def validate_complete(table: pd.DataFrame, columns: Sequence[str], file: str) -> None:
    """Check that no cell of these columns is empty."""
    for column in columns:
        bad = table[column].isna()
        _refuse(file, bad, f"empty cell in {column}", table.iloc[:, : min(4, table.shape[1])])


def validate_codes(table: pd.DataFrame, column: str, allowed: Collection, file: str) -> None:
    """Check that a coded column holds only known codes."""
    bad = ~table[column].isin(list(allowed))
    _refuse(file, bad, f"unknown code in {column} (allowed: {', '.join(map(str, allowed))})", table[column])


def validate_known_states(table: pd.DataFrame, states: pd.DataFrame, file: str) -> None:
    """Check that every iso3 is in the state table, with the same COW code if the table has one."""
    bad = ~table["iso3"].isin(states["iso3"])
    _refuse(file, bad, "iso3 that is not in states.csv", table["iso3"])
    if "ccode" in table.columns:
        expected = table["iso3"].map(states.set_index("iso3")["ccode"])
        bad = table["ccode"] != expected
        _refuse(file, bad, "ccode is not that of states.csv for the iso3", table[["iso3", "ccode"]])


def validate_dates(table: pd.DataFrame, columns: Sequence[str], file: str) -> None:
    """Check that dates are empty, YYYY, YYYY-MM or YYYY-MM-DD, and exist."""
    for column in columns:
        given = table[column].dropna()
        shape = given.astype(str).str.fullmatch(r"\d{4}(-\d{2}){0,2}")
        real = pd.to_datetime(given.astype(str).where(shape), format="ISO8601", errors="coerce").notna()
        bad = table.index.isin(given.index[~real])
        _refuse(file, bad, f"{column} is not a date (YYYY, YYYY-MM or YYYY-MM-DD)", table[column])


def validate_intervals(table: pd.DataFrame, start: str, end: str, file: str) -> None:
    """Check that no end lies before its start (texts that sort as dates; an empty end is open)."""
    bad = table[end].notna() & table[start].notna() & (table[end].astype(str) < table[start].astype(str))
    _refuse(file, bad, f"{end} before {start}", table[["iso3", start, end]])


def validate_range(
    table: pd.DataFrame, column: str, low: float, high: float, file: str, *, whole: bool = False
) -> None:
    """Check that numbers lie in [low, high] and, if asked, are whole; empty cells pass."""
    number = pd.to_numeric(table[column], errors="coerce")
    bad = table[column].notna() & ~(number.between(low, high))
    if whole:
        bad |= number.notna() & (number % 1 != 0)
    kind = "a whole number" if whole else "a number"
    _refuse(file, bad, f"{column} is not {kind} in [{low:g}, {high:g}]", table[column])


def validate_positive_together(table: pd.DataFrame, column: str, sd: str, file: str) -> None:
    """Check that there is a standard deviation above 0 wherever there is a value, and nowhere else."""
    number = pd.to_numeric(table[sd], errors="coerce")
    bad = table[sd].notna() != table[column].notna()
    bad |= table[sd].notna() & ~((number > 0) & (number < np.inf))
    rule = f"{sd} must be above 0 where {column} is known, and empty elsewhere"
    _refuse(file, bad, rule, table[["iso3", column, sd]])


def validate_implies(table: pd.DataFrame, flag: str, other: str, file: str) -> None:
    """Check that ``other`` is 1 wherever the 0/1 column ``flag`` is 1."""
    bad = (table[flag] == 1) & (table[other] != 1)
    _refuse(file, bad, f"{flag} = 1 needs {other} = 1", table[["iso3", flag, other]])


def validate_excludes(table: pd.DataFrame, flag: str, others: Sequence[str], file: str) -> None:
    """Check that all ``others`` are 0 wherever the 0/1 column ``flag`` is 1."""
    bad = (table[flag] == 1) & (table[list(others)] == 1).any(axis=1)
    _refuse(file, bad, f"{flag} = 1 excludes {', '.join(others)}", table[["iso3", flag, *others]])


def validate_tallies(table: pd.DataFrame, file: str) -> None:
    """Check that no state answers more resolutions of a cell than the United States.

    The United States sat throughout and answered all resolutions of a cell alike, so its row gives their
    number. Another state may have fewer, if it was admitted later.
    """
    cell = ["session", "issue", "us_vote"]
    total = table[["no", "abstain", "yes", "absent"]].sum(axis=1)
    is_us = table["iso3"] == "USA"
    own = table[is_us].melt(cell, ["no", "abstain", "yes", "absent"], "answer", "n")
    other = own[(own["answer"] != own["us_vote"]) & (own["n"] > 0)]
    if len(other):
        raise DataError(
            f"{file}: the answer of the United States differs from us_vote in cells "
            f"{other[cell].to_dict('records')}"
        )
    size = table[is_us].assign(size=total).set_index(cell)["size"]
    given = pd.MultiIndex.from_frame(table[cell])
    missing = ~given.isin(size.index)
    _refuse(file, missing, "cell without a row of the United States", table[[*cell, "iso3"]])
    bad = total.to_numpy() > size.reindex(given).to_numpy()
    _refuse(file, bad, "impossible count: more answers than resolutions in the cell", table)
