"""Find the record of roll calls in a folder, and list its files."""

from pathlib import Path

from data.tables.rules import DataError
from data.votes.releases import dataverse
from data.votes.releases.dgacm import ROLLCALL_FILE, VOTE_FILE
from data.votes.releases.rdata import describe_other, is_rdata, list_frames
from data.votes.releases.read import identify_release
from data.votes.releases.text import read_header
from data.votes.releases.unvotes import find_role, is_part, list_parts

_PAIR = ("rollcalls.parquet", "votes.parquet")
_RANK = {"dataverse_text": 0, "dataverse_rdata": 0, "unvotes": 1, "undl": 2}
"""Which kind comes first in a folder with several: those with absences, then those with coded issue areas."""

NO_RECORD = (
    f"no record of roll calls in this folder. One is {' with '.join(_PAIR)}, a Dataverse release (CSV, tab "
    "or RData), the tables of the R package unvotes, or the UN Digital Library's bulk file"
)
"""Message for a folder without a record."""


def find_release(path: Path) -> Path | None:
    """Find the record at a path: the file of a record, or a folder with one; None if the folder has none.

    In a folder the parquet pair comes first (the result is the folder), then a Dataverse release, then the
    tables of unvotes, then the Digital Library's file. Of several RData files, those without votes are passed
    over. The file of sessions 74-80 is the roll-call table. DataError if the path does not exist, the file is
    no record, or a folder has several of one kind.
    """
    if path.is_file():
        kind = identify_release(path)
        return {"parquet_pair": path.parent, "dgacm": path.with_name(ROLLCALL_FILE)}.get(kind, path)
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder")
    if all((path / name).is_file() for name in _PAIR):
        return path
    found = _identify_all(path)
    rdata = [file for file, kind in found.items() if kind == "dataverse_rdata"]
    if len(rdata) > 1 or (rdata and len(found) > 1):
        found |= {file: _look_into(file) for file in rdata}
    ranks = {file: _RANK[kind] for file, kind in found.items() if kind in _RANK}
    if not ranks:
        return None
    best = [file for file, rank in ranks.items() if rank == min(ranks.values())]
    if found[best[0]] == "unvotes":
        # Its three tables are one record.
        best = list_parts(best[0])["votes"][:1] or best[:1]
    if len(best) > 1:
        raise DataError(f"{path}: several records ({', '.join(f.name for f in best)}); name the file")
    return best[0]


def _identify_all(folder: Path) -> dict[Path, str]:
    """Return the kind of each file in a folder that is a record."""
    found = {}
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            try:
                found[file] = identify_release(file)
            except DataError:
                continue
    return found


def describe_others(folder: Path) -> str:
    """Say what the files of a folder without a record are, as far as they are known; empty if none is."""
    said = []
    for file in sorted(folder.iterdir()):
        try:
            headers = list(list_frames(file).values()) if is_rdata(file) else [read_header(file)[0]]
        except (OSError, DataError):
            continue
        said += [f"; {file.name} holds {other}" for other in map(describe_other, headers) if other]
    return "".join(said[:5])


def _look_into(file: Path) -> str:
    """Return the kind of an RData file by its data frames; empty if none has votes."""
    try:
        frames = list_frames(file).values()
    except DataError:
        return ""
    if any(map(dataverse.find_columns, frames)):
        return "dataverse_rdata"
    return "unvotes" if any(map(find_role, frames)) else ""


def find_later(folders: list[Path]) -> Path | None:
    """Find the roll-call table of sessions 74-80 in the first folder that also has its votes."""
    complete = [f for f in folders if (f / ROLLCALL_FILE).is_file() and (f / VOTE_FILE).is_file()]
    return complete[0] / ROLLCALL_FILE if complete else None


def list_files(path: Path) -> list[Path]:
    """List the files of a record that `find_release` or `find_later` returned."""
    if path.is_dir():
        return [path / name for name in _PAIR]
    if path.name == ROLLCALL_FILE:
        return [path, path.with_name(VOTE_FILE)]
    parts = {file for files in list_parts(path).values() for file in files[:1]} if is_part(path) else set()
    matches = path.with_name("Matches.csv")
    return list(dict.fromkeys([path, *sorted(parts), *([matches] if matches.is_file() else [])]))
