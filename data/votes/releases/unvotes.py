"""Read the tables of the R package unvotes and copies of them: votes, roll calls and issue areas, by rcid.

The three tables may be CSV, tab-separated, ``.rda`` or ``.rds`` files in one folder, or stand in one
workspace. Columns, as in dgrtwo/unvotes (data-raw/un-data.R):

- ``un_votes``: ``rcid country country_code vote``; votes in words, countries as names with two letters.
  Former states have withdrawn letters (DD, YU, CS, YD) or none.
- ``un_roll_calls``: ``rcid session importantvote date unres amend para short descr``.
- ``un_roll_call_issues``: ``rcid short_name issue``, a row for each issue area of a roll call.

Who was absent is not in them, nor are counts to compare the votes with.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from data.spec import ISSUES
from data.tables.rules import DataError, list_first
from data.votes.releases import dataverse
from data.votes.releases.cells import map_columns
from data.votes.releases.parquet_pair import hash_files
from data.votes.releases.rdata import is_rdata, list_frames, read_rdata, to_batches
from data.votes.releases.text import read_blocks, read_header, scan_text
from data.votes.releases.tidy import MAX_ROLLCALLS, Progress, Release

NAME = "tables of the R package unvotes, joined by rcid"
FILES = {"votes": "un_votes", "rollcalls": "un_roll_calls", "issues": "un_roll_call_issues"}
"""Name of each table, and of its file without the ending."""

_COLUMNS = {
    "votes": {"rcid": ("rcid",), "vote": ("vote",), "name": ("country",), "country": ("country_code",)},
    "rollcalls": {"rcid": ("rcid",), **dataverse.FACTS},
    "issues": {"rcid": ("rcid",), "area": ("short_name",)},
}
"""Canonical names of the columns of each table."""


@dataclass(frozen=True)
class _Table:
    """One of the three tables: its file, its canonical columns, and its rows as blocks of text."""

    file: Path
    columns: list[str]
    batches: Iterator[pa.RecordBatch]


def find_role(header: list[str]) -> str:
    """Tell which of the tables has a header: a key of ``FILES``, or empty for none."""
    names = {name.lower() for name in header}
    if "rcid" not in names or {"ccode", "member"} & names:
        return ""
    if "vote" in names:
        return "votes" if {"country", "country_code"} & names and not {"session", "year"} & names else ""
    if "session" in names and {"date", "unres", "descr"} & names:
        return "rollcalls"
    return "issues" if "short_name" in names else ""


def is_part(path: Path) -> bool:
    """Tell whether a file is one of the three tables, an R file by its name."""
    return bool(_find_roles(path))


def list_parts(path: Path) -> dict[str, list[Path]]:
    """List the files of each table in the folder of one of them, those of the same kind first.

    An R file beside ``path`` counts by its name, because looking into one takes seconds.
    """
    parts: dict[str, list[Path]] = {role: [] for role in FILES}
    beside = sorted(path.parent.iterdir(), key=lambda file: (file.suffix != path.suffix, file.name))
    for file in [path, *(file for file in beside if file != path)]:
        # A workspace of any name may hold all three.
        roles = [*FILES] if file == path and is_rdata(path) and not is_part(path) else _find_roles(file)
        for role in roles:
            parts[role].append(file)
    return parts


def _find_roles(file: Path) -> list[str]:
    """List the tables that a file holds, a text by its columns and an R file by its name."""
    if not file.is_file() or file.name.startswith("."):
        return []
    try:
        if is_rdata(file):
            stem = file.name.partition(".")[0].lower()
            return [role for role, name in FILES.items() if name == stem]
        return [role for role in [find_role(read_header(file)[0])] if role]
    except OSError:
        return []


def read_unvotes(path: Path, progress: Progress | None = None) -> Release:
    """Read the three tables, of which ``path`` is one.

    DataError if the votes or the roll calls are missing or damaged, or votes have no roll call.
    """
    parts = list_parts(path)
    tables = {
        role: _open(role, files, progress if role == "votes" else None) for role, files in parts.items()
    }
    for role in ("votes", "rollcalls"):
        if tables[role] is None:
            raise DataError(
                f"{path}: one of the three tables of the R package unvotes, without the table {FILES[role]}; "
                f"put {FILES[role]}.csv, .rda or .rds into the same folder"
            )
    facts = _read_facts(tables["rollcalls"])
    notes = ["this record does not say who was absent: a member that did not vote has no row"]
    if tables["issues"] is None:
        notes.append(f"no table {FILES['issues']} beside the votes: issue areas are not known")
    else:
        facts = facts.join(_read_areas(tables["issues"], facts.index))
    votes = tables["votes"]
    return dataverse.tidy_dataverse(
        _join(votes, facts),
        [*votes.columns, *facts.columns],
        path=votes.file,
        name=NAME,
        sha256=hash_files(list(dict.fromkeys(table.file for table in tables.values() if table))),
        notes=notes,
    )


def _open(role: str, files: list[Path], progress: Progress | None) -> _Table | None:
    """Open the first file that holds a table; None if none does."""
    aliases = _COLUMNS[role]
    for file in files:
        if is_rdata(file):
            if role not in map(find_role, list_frames(file).values()):
                continue
            _, table = read_rdata(
                file,
                lambda header: map_columns(header, aliases) if find_role(header) == role else None,
                progress,
            )
            return _Table(file, table.column_names, to_batches(table))
        scan = scan_text(file)
        columns = map_columns(read_header(file, scan.encoding)[0], aliases)
        return _Table(file, list(columns), read_blocks(file, scan, columns, progress))
    return None


def _to_frame(table: _Table) -> pd.DataFrame:
    """Read a short table of text, with rcid as whole numbers."""
    parts = [batch.to_pandas() for batch in table.batches]
    if not parts:
        raise DataError(f"{table.file}: a header and no rows")
    frame = pd.concat(parts, ignore_index=True).astype(str)
    if len(frame) > 10 * MAX_ROLLCALLS:
        raise DataError(f"{table.file}: {len(frame):,} rows; no list of roll calls is that long")
    return frame.assign(rcid=_numbers(frame["rcid"], table.file))


def _numbers(text: pd.Series, file: Path) -> pd.Series:
    number = pd.to_numeric(text, errors="coerce")
    bad = ~(number % 1 == 0)
    if bad.any():
        raise DataError(
            f"{file}: rcid must be a whole number; got {text[bad].iloc[0]!r} (data row {np.argmax(bad) + 1})"
        )
    return number.astype("int64")


def _read_facts(table: _Table) -> pd.DataFrame:
    """Return the facts of each roll call as text, by rcid."""
    facts = _to_frame(table)
    double = facts["rcid"].duplicated()
    if double.any():
        raise DataError(f"{table.file}: roll call listed twice: rcid {list_first(facts['rcid'][double])}")
    return facts.set_index("rcid")


def _read_areas(table: _Table, rcid: pd.Index) -> pd.DataFrame:
    """Return the flags of the six issue areas as text, by rcid."""
    areas = _to_frame(table)
    flags = pd.crosstab(areas["rcid"], areas["area"].str.strip().str.lower()).gt(0).astype(int).astype(str)
    return flags.reindex(index=rcid, columns=list(ISSUES), fill_value="0")


def _join(votes: _Table, facts: pd.DataFrame) -> Iterator[pa.RecordBatch]:
    """Yield the votes with the facts of their roll calls."""
    values = {name: pa.array(facts[name], pa.string()) for name in facts}
    for batch in votes.batches:
        rcid = _numbers(batch.column("rcid").cast(pa.string()).to_pandas(), votes.file)
        place = facts.index.get_indexer(rcid)
        if (place < 0).any():
            lost = np.unique(rcid[place < 0])
            raise DataError(
                f"{votes.file}: {len(lost)} roll calls are not in the table {FILES['rollcalls']}: rcid "
                f"{list_first(lost)}"
            )
        place = pa.array(place, pa.int32())
        columns = [batch.column(name) for name in votes.columns]
        columns += [pa.DictionaryArray.from_arrays(place, column) for column in values.values()]
        yield pa.RecordBatch.from_arrays(columns, [*votes.columns, *values])
