"""Find the record of roll calls in a folder, and list its files."""

from pathlib import Path

from data.tables.rules import DataError
from data.votes.releases.dgacm import ROLLCALL_FILE, VOTE_FILE
from data.votes.releases.read import identify_release

_PAIR = ("rollcalls.parquet", "votes.parquet")
_RANK = {"dataverse_text": 0, "dataverse_rdata": 0, "undl": 1}
"""Which kind comes first in a folder with several: coded issue areas before derived ones."""

NO_RECORD = (
    f"no record of roll calls in this folder. One is {' with '.join(_PAIR)}, a Dataverse release (CSV, tab "
    "or RData), or the UN Digital Library's bulk file"
)
"""Message for a folder without a record."""


def find_release(path: Path) -> Path | None:
    """Find the record at a path: the file of a record, or a folder with one; None if the folder has none.

    In a folder the parquet pair comes first (the result is the folder), then a Dataverse release, then the
    Digital Library's file. The file of sessions 74-80 is the roll-call table. DataError if the path does not
    exist, the file is no record, or a folder has several of one kind.
    """
    if path.is_file():
        kind = identify_release(path)
        return {"parquet_pair": path.parent, "dgacm": path.with_name(ROLLCALL_FILE)}.get(kind, path)
    if not path.is_dir():
        raise DataError(f"{path}: no such file or folder")
    if all((path / name).is_file() for name in _PAIR):
        return path
    found: dict[int, list[Path]] = {}
    for file in sorted(path.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            try:
                rank = _RANK.get(identify_release(file))
            except DataError:
                continue
            if rank is not None:
                found.setdefault(rank, []).append(file)
    if not found:
        return None
    best = found[min(found)]
    if len(best) > 1:
        raise DataError(f"{path}: several records ({', '.join(f.name for f in best)}); name the file")
    return best[0]


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
    matches = path.with_name("Matches.csv")
    return [path, matches] if matches.is_file() else [path]
