"""Collect long files, in which each row is a state's vote and repeats all facts about the roll call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from data.tables.rules import DataError, list_first
from data.votes.releases.tidy import MAX_ROLLCALLS, MAX_ROWS

MAX_TEXT = 2000
"""Most characters kept of a title or description."""


def map_columns(header: list[str], aliases: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Map canonical names to the columns of a file that have one of their names, in any case."""
    lower = {name.lower(): name for name in reversed(header)}
    return {c: lower[a] for c, names in aliases.items() for a in reversed(names) if a in lower}


@dataclass
class Words:
    """Distinct texts of a column, numbered in order of appearance, each with its first data row."""

    number: dict[str, int] = field(default_factory=dict)
    first_row: list[int] = field(default_factory=list)

    def encode(self, column: pa.Array, offset: int, limit: int, where: str, name: str) -> np.ndarray:
        """Return the number of each row's text (int32)."""
        encoded = column.dictionary_encode()
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        seen, first = np.unique(indices, return_index=True)
        lookup = np.zeros(len(encoded.dictionary), dtype=np.int32)
        words = encoded.dictionary.to_pylist()
        for index, row in zip(seen, first, strict=True):
            word = (words[index] or "").strip()[:MAX_TEXT]
            if word not in self.number:
                if len(self.number) >= limit:
                    raise DataError(f"{where}: column {name} has more than {limit:,} different values")
                self.number[word] = len(self.number)
                self.first_row.append(offset + int(row) + 1)
            lookup[index] = self.number[word]
        return lookup[indices]

    def parse(self, convert: Callable[[str], object], where: str, name: str, allowed: str) -> list:
        """Convert every distinct text; the error names the first rows of those that fail."""
        out, bad = [], []
        for word, number in self.number.items():
            try:
                out.append(convert(word))
            except (ValueError, KeyError):
                bad.append(f"{word[:40]!r} (data row {self.first_row[number]})")
                out.append(None)
        if bad:
            raise DataError(f"{where}: {name} must be {allowed}; got {list_first(bad)}")
        return out


@dataclass
class Cells:
    """Rows of a long file: for each key column the numbers of its words, and the facts per roll call."""

    words: dict[str, Words]
    keys: dict[str, np.ndarray]
    facts: pd.DataFrame
    notes: list[str]

    def parse_fact(
        self, name: str, convert: Callable, where: str, allowed: str, label: str = ""
    ) -> pd.Series:
        """Convert one fact of every roll call; an absent fact is converted as an empty text."""
        words = self.words[name]
        values = words.parse(convert, where, label or name, allowed)
        return self.facts[name].map({"": convert("")} | dict(zip(words.number, values, strict=True)))


def gather_cells(
    batches: Iterable[pa.RecordBatch],
    keys: list[str],
    facts: list[str],
    where: str,
    split: Callable[[dict[str, np.ndarray]], pd.DataFrame] | None = None,
) -> Cells:
    """Read a long file block by block; keep 4 bytes per key and row, and the facts per roll call.

    ``keys`` are the columns that differ between rows of a roll call; the first identifies the roll call.
    ``facts`` repeat within a roll call. If a roll call has several values, the most frequent non-empty one is
    taken, and a note says so. ``facts`` of the result is indexed by the number of the roll call's word.

    ``split`` may find roll calls that share a word: it takes the key columns and returns the rows that are
    roll calls of their own, the first key and other columns that are both keys and facts, with ``part`` from
    1. Their word becomes ``word#part``.
    """
    words = {name: Words() for name in dict.fromkeys(keys + facts)}
    collected: dict[str, list[np.ndarray]] = {name: [] for name in keys}
    runs, rows = [], 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        rows_now = rows + batch.num_rows
        if rows_now > MAX_ROWS:
            raise DataError(f"{where}: more than {MAX_ROWS:,} rows; no record of the Assembly is that long")
        block = {n: words[n].encode(batch.column(n), rows, MAX_ROLLCALLS, where, n) for n in words}
        for name in keys:
            collected[name].append(block[name])
        table = np.column_stack([block[n] for n in [keys[0], *facts]])
        starts = np.flatnonzero(np.r_[True, (table[1:] != table[:-1]).any(axis=1)])
        runs.append(np.column_stack([table[starts], np.diff(np.r_[starts, len(table)])]))
        rows = rows_now
    if rows == 0:
        raise DataError(f"{where}: a header and no rows")
    notes: list[str] = []
    table = np.concatenate(runs).astype(np.int64)
    columns = {name: np.concatenate(parts) for name, parts in collected.items()}
    if split is not None:
        _split_words(columns, table, [keys[0], *facts], words[keys[0]], split(columns))
    taken = {
        name: _most_frequent(table, i, words[keys[0]], words[name], notes, name)
        for i, name in enumerate(facts, 1)
    }
    return Cells(words, columns, pd.DataFrame(taken, dtype=object), notes)


def _split_words(
    columns: dict[str, np.ndarray], table: np.ndarray, names: list[str], key: Words, parts: pd.DataFrame
) -> None:
    """Give each part of a roll call a word of its own, in the rows and in the table of facts."""
    by = [name for name in parts if name != "part"]
    texts = list(key.number)
    for row in parts.to_dict("records"):
        number = key.number.setdefault(f"{texts[row[by[0]]]}#{row['part']}", len(key.number))
        if number == len(key.first_row):
            key.first_row.append(key.first_row[row[by[0]]])
        rows = np.logical_and.reduce([columns[name] == row[name] for name in by])
        facts = np.logical_and.reduce([table[:, names.index(name)] == row[name] for name in by])
        columns[by[0]] = np.where(rows, number, columns[by[0]])
        table[facts, 0] = number


def _most_frequent(table: np.ndarray, column: int, key: Words, fact: Words, notes: list[str], name: str):
    """Return one fact of every roll call; `table` has the columns roll call, facts, number of rows."""
    rollcall, number, rows = table[:, 0], table[:, column], table[:, -1]
    filled = number != fact.number.get("", -1)
    pair, position = np.unique(rollcall[filled] * len(fact.number) + number[filled], return_inverse=True)
    tally = np.bincount(position, weights=rows[filled], minlength=len(pair))
    order = np.lexsort((tally, pair // max(len(fact.number), 1)))
    owner = pair[order] // max(len(fact.number), 1)
    last = np.flatnonzero(np.r_[owner[1:] != owner[:-1], True]) if owner.size else np.zeros(0, dtype=int)
    several = np.unique(owner[1:][owner[1:] == owner[:-1]])
    if several.size:
        names = list(key.number)
        few = ", ".join(names[i] for i in several[:10])
        notes.append(
            f"{several.size} roll calls with more than one {name}, the most frequent was taken: {few}"
        )
    out = np.full(len(key.number), "", dtype=object)
    out[owner[last]] = np.array(list(fact.number), dtype=object)[pair[order][last] % max(len(fact.number), 1)]
    return out


_MISSING = ("", "NA", "NaN", "nan", "NaT", "None", ".")
"""What publishers and programs write for a missing value."""


def is_missing(text: str) -> bool:
    """Tell whether a text stands for a missing value."""
    return text in _MISSING


def parse_int(text: str) -> int:
    """Parse ``"3"``, ``"3.0"`` or, as some spreadsheets write it, ``"3,0"``; ValueError for all else."""
    whole, comma, rest = text.partition(",")
    # "3,000" may be three thousand.
    number = float(whole if comma and rest in ("0", "00") else text)
    if not number.is_integer() or abs(number) > 2**53:
        raise ValueError(text)
    return int(number)


def number_parts(word: str) -> int:
    """Make the number of a roll call that was split: part k of ``rcid#k`` is k * 1,000,000,000 + rcid."""
    rcid, _, part = word.partition("#")
    return int(part or 0) * 10**9 + parse_int(rcid)


def parse_optional_int(text: str) -> int | None:
    """Parse an integer; None for an empty or NA field."""
    return None if is_missing(text) else parse_int(text)
