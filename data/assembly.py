"""Read a file of roll calls of any assembly: members as rows, roll calls as columns."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from data.tables.delimited import read_delimited, tidy_names
from data.tables.rules import DataError, list_first

WORDS = {
    "yes": ("yes", "yea", "aye", "y", "for"),
    "abstain": ("abstain", "abstained", "abstention"),
    "nay": ("nay", "no", "n", "against"),
    "missing": ("", "na", "n/a", "nan", "missing", "absent", "not voting", "nv", "."),
}
"""Answers, and the words that mean them, whatever their case."""
NUMBERS = (
    ({"1", "0"}, {"1": "yes", "0": "nay"}),
    ({"1", "0", "-1"}, {"1": "yes", "0": "abstain", "-1": "nay"}),
    ({"1", "2", "3", "8", "9"}, {"1": "yes", "2": "abstain", "3": "nay", "8": "missing", "9": "missing"}),
)
"""Codes in common use, told apart by which numbers a file has; the last is that of the UN data."""


class Assembly(NamedTuple):
    """Roll calls of an assembly as they were read.

    Attributes
    ----------
    answers : pd.DataFrame
        Members by roll calls; ``"nay"``, ``"abstain"``, ``"yes"`` or missing.
    groups : pd.Series or None
        Group of each member, if a column was named.
    notes : list of str
        How codes were read.
    """

    answers: pd.DataFrame
    groups: pd.Series | None
    notes: list[str]


def read_assembly(
    path: Path | str,
    group: str | None = None,
    codes: str | None = None,
    roll_calls: Collection[str] | None = None,
) -> Assembly:
    """Read roll calls: the first column names the members, each further column is a roll call.

    Parameters
    ----------
    path : Path or str
        Delimited text in any dialect, or a workbook; see ``data.tables.delimited``.
    group : str, optional
        Column with each member's group, such as a party.
    codes : str, optional
        What the cells mean, such as ``"1=yes,6=nay,9=missing"``. By default words, or numbers in common use.
    roll_calls : collection of str, optional
        Columns to read; others are left out, and a note names them. By default all.

    Raises
    ------
    DataError
        If the file is no table, lacks the column ``group``, has none of ``roll_calls``, or has cells that
        nothing says how to read.
    """
    path = Path(path)
    table = read_delimited(path)
    member = table.columns[0]
    table = table.dropna(subset=[member]).set_index(member)
    groups = None
    if group is not None:
        (name,) = tidy_names([group], path)
        if name not in table.columns:
            raise DataError(f"{path}: no column {group!r}; columns: {list_first(table.columns)}")
        groups = table.pop(name)
    notes = []
    if roll_calls is not None:
        other = [column for column in table.columns if column not in roll_calls]
        if len(other) == table.shape[1]:
            raise DataError(
                f"{path}: no column is a roll call of the fit; columns: {list_first(table.columns)}; "
                f"the fit has {list_first(roll_calls)}"
            )
        table = table.drop(columns=other)
        notes += (
            [f"columns that are no roll calls of the fit, left out: {list_first(other)}"] if other else []
        )
    if not table.shape[1]:
        raise DataError(f"{path}: only one column; the first names members, each further one is a roll call")
    cells = np.stack([_to_text(table[column]) for column in table.columns], axis=1)
    meaning, note = _read_codes(set(np.unique(cells).tolist()), codes, path)
    answers = np.full(cells.shape, None, dtype=object)
    for code, answer in meaning.items():
        if answer != "missing":
            answers[cells == code] = answer
    frame = pd.DataFrame(answers, index=table.index, columns=table.columns)
    return Assembly(frame, groups, [*notes, note])


def _to_text(column: pd.Series) -> np.ndarray:
    """Write cells as lower-case words; whole numbers without a point."""
    if pd.api.types.is_numeric_dtype(column):
        column = column.map(lambda value: f"{value:g}", na_action="ignore")
    return column.astype("object").fillna("").astype(str).str.strip().str.lower().to_numpy(dtype=str)


def _read_codes(found: set[str], codes: str | None, path: Path) -> tuple[dict[str, str], str]:
    """Return what each code means, and a sentence that says so."""
    words = {word: answer for answer, names in WORDS.items() for word in names}
    if codes is not None:
        words = dict.fromkeys(WORDS["missing"], "missing") | _parse_codes(codes)
    else:
        numbers = found - words.keys()
        of_numbers = next((meaning for allowed, meaning in NUMBERS if numbers and numbers <= allowed), {})
        words |= of_numbers
    unknown = sorted(found - words.keys())
    if unknown:
        raise DataError(
            f"{path}: cells that nothing says how to read: {list_first(map(repr, unknown))}; allowed: "
            f"{', '.join(w for names in WORDS.values() for w in names if w)}, or numbers 1/0, 1/0/-1 or "
            "1/2/3/8/9; or say what they mean, such as --codes 1=yes,6=nay,9=missing"
        )
    meaning = {code: words[code] for code in sorted(found)}
    said = ", ".join(f"{code or 'empty'} as {answer}" for code, answer in meaning.items())
    return meaning, f"cells were read as: {said}"


def _parse_codes(codes: str) -> dict[str, str]:
    meaning = {}
    for part in codes.split(","):
        code, _, answer = (text.strip().lower() for text in part.partition("="))
        if answer not in WORDS:
            raise DataError(
                f"codes = {codes!r}: {part.strip()!r} is no pair of a code and one of {', '.join(WORDS)}; "
                "write it as 1=yes,6=nay,9=missing"
            )
        meaning[code] = answer
    return meaning
