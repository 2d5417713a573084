"""The user's cache: where it is, and parsed copies of long records, so each is parsed once."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pooch
import pyarrow as pa
import pyarrow.parquet as pq

from data.tables.read import TABLES_DIR, sha256
from data.tables.rules import DataError
from data.votes.find import list_files
from data.votes.releases.read import identify_release, read_release
from data.votes.releases.states import COW_ABBREVIATIONS, FORMER_NAMES
from data.votes.releases.tidy import Progress, Release, finish_release

_COPIED = ("dataverse_text", "dataverse_rdata", "unvotes", "undl")
"""Kinds of record that take seconds to parse; the others are parquet already."""

_recent: dict[tuple, Release] = {}


def cache_dir() -> Path:
    """Return the user's cache folder, with downloads and parsed copies of records."""
    return Path(pooch.os_cache("security-for-legitimacy"))


def load_release(path: Path, folder: Path, progress: Progress | None = None) -> Release:
    """Read a record, as from ``data.votes.find.find_release``, or its parsed copy in a folder.

    Within a process the last two records stay in memory. Dataverse and Digital Library files get a parsed
    copy in ``folder``, named by the hashes of the file and of the readers' code, and checked like any record.
    If the folder cannot be written, the file is parsed again next time. ``files`` of the result has the hash
    of every file read. DataError if the file is damaged or no record.
    """
    files = list_files(path)
    try:
        stamp = tuple((str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if stamp not in _recent:
        release = _load(path, files, folder, progress)
        while len(_recent) > 1:
            _recent.pop(next(iter(_recent)))
        _recent[stamp] = release
    return _recent[stamp]


def _load(path: Path, files: list[Path], folder: Path, progress: Progress | None) -> Release:
    kind = identify_release(path)
    hashes = {file.name: sha256(file) for file in files}
    place = folder / "-".join(digest[:16] for digest in (*hashes.values(), hash_readers()))
    release = _read_copy(place) if kind in _COPIED else None
    if release is None:
        release = read_release(path, progress)
        if kind in _COPIED:
            _write_copy(release, place)
    return replace(release, files=hashes)


@cache
def hash_readers() -> str:
    """Hash what a parsed copy depends on besides the file: the readers and their tables of states."""
    readers = sorted(Path(__file__).with_name("releases").glob("*.py"))
    code = [*readers, FORMER_NAMES, COW_ABBREVIATIONS, TABLES_DIR / "states.csv"]
    return hashlib.sha256("".join(map(sha256, code)).encode()).hexdigest()


def _write_copy(release: Release, place: Path) -> None:
    """Write a parsed copy, whole or not at all, and delete those of older readers."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=place.parent))
    except OSError:
        return
    votes = release.votes[["rcid", "ccode"]].assign(vote=release.votes["vote"].cat.codes)
    about = {field: getattr(release, field) for field in ("name", "sha256", "mends", "notes")}
    about["gaps"] = release.gaps.to_dict("list")
    try:
        for table, name in ((release.rollcalls, "rollcalls"), (votes, "votes")):
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            pq.write_table(arrow, part / f"{name}.parquet", write_page_checksum=True)
        (part / "about.json").write_text(json.dumps(about), encoding="utf-8")
        for older in place.parent.glob(f"{release.sha256[:16]}-*"):
            shutil.rmtree(older, ignore_errors=True)
        os.replace(part, place)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)


def _read_copy(place: Path) -> Release | None:
    """Read a parsed copy with all checks of a record; None if it does not exist or is damaged."""
    if not place.is_dir():
        return None
    try:
        about = json.loads((place / "about.json").read_text(encoding="utf-8"))
        rollcalls, votes = (
            pq.read_table(place / f"{name}.parquet", page_checksum_verification=True).to_pandas()
            for name in ("rollcalls", "votes")
        )
        release = finish_release(
            rollcalls,
            votes,
            name=about["name"],
            sha256=about["sha256"],
            where=str(place),
            published=rollcalls[["rcid", "yes", "abstain", "no", "absent"]],
        )
        return replace(
            release,
            mends=tuple(about["mends"]),
            notes=tuple(about["notes"]),
            gaps=pd.DataFrame(about["gaps"]),
        )
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
