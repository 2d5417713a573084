"""Data frames in R files (written by ``save()`` or ``saveRDS()``), read by pyreadr in a child process.

The child needs up to 2 GB for a release of today's size, and gives them back when it ends. A file that
crashes the C library ends the child alone.
"""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from data.tables.rules import DataError
from data.votes.releases.tidy import Progress

MAX_BYTES = 1_300_000_000
"""Most bytes of a file after decompression, twice what a release of 2024 unpacks to."""

_CHILD = Path(__file__).with_name("rdata_child.py")
_MAGIC = (b"RDX2\n", b"RDX3\n", b"X\n\0\0")
_OPENERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open))
UNPACKING_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


def read_rdata(
    path: Path, wanted: Callable[[list[str]], dict[str, str] | None], progress: Progress | None = None
) -> tuple[str, pa.Table]:
    """Read the first data frame of a workspace that has the wanted columns.

    ``wanted`` takes the names of the columns and returns a dict, canonical name to column; None if the data
    frame is not the one. Returns the name of the object, and a table of dictionary-coded text under canonical
    names. DataError if the file is damaged, too large, no RData file, or has no such data frame.
    """
    if progress:
        progress(0.05, "unpacking")
    _check_unpacked(path)
    with tempfile.TemporaryDirectory() as folder:
        objects = _run_child(path, folder)
        seen = []
        for number, name in enumerate(objects):
            with pa.ipc.open_file(f"{folder}/{number}.arrow") as file:
                header = file.schema.names
                columns = wanted(header)
                if columns:
                    places = [header.index(source) for source in columns.values()]
                    return name, file.read_all().select(places).rename_columns(list(columns))
                seen.append(header)
    other = next(filter(None, map(describe_other, seen)), "")
    shown = "; ".join(f"{name} ({', '.join(header[:6])})" for name, header in zip(objects, seen, strict=True))
    raise DataError(
        f"{path}: {other or 'no data frame with rcid, vote and states in it'}; objects: {shown or 'none'}"
    )


def list_frames(path: Path) -> dict[str, list[str]]:
    """List the data frames of an R file, and the columns of each, without reading them.

    DataError if the file is damaged or too large.
    """
    status = path.stat()
    return _list_frames(path, status.st_size, status.st_mtime_ns)


@cache
def _list_frames(path: Path, size: int, changed: int) -> dict[str, list[str]]:
    _check_unpacked(path)
    return _run_child(path, "")


def is_rdata(path: Path) -> bool:
    """Tell whether a file is one of R, packed or not; False if it cannot be unpacked."""
    try:
        with open_packed(path) as file:
            return file.read(5).startswith(_MAGIC)
    except UNPACKING_ERRORS:
        return False


def _check_unpacked(path: Path) -> None:
    """Unpack the file once without keeping it: it must end as it should, and not be too large."""
    size = 0
    try:
        with open_packed(path) as file:
            while block := file.read(1 << 20):
                size += len(block)
                if size > MAX_BYTES:
                    raise DataError(f"{path}: unpacks to more than {MAX_BYTES:,} bytes")
    except DataError:
        raise
    except UNPACKING_ERRORS as error:
        raise DataError(f"{path}: damaged or truncated RData: {error}") from error


def _run_child(path: Path, folder: str) -> dict[str, list[str]]:
    """Let the child write the data frames into a folder; return the objects, each with its columns.

    Without a folder, the child only lists them.
    """
    # -P keeps the folder of the script, which has modules like text.py, out of the child's search path.
    command = [sys.executable, "-P", str(_CHILD), str(path), folder]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        answer = {"error": f"pyreadr crashed with exit code {done.returncode}. {last}".strip()}
    if "error" in answer:
        raise DataError(f"{path}: damaged or truncated RData, or of a kind that R's save() does not write: "
                        f"{answer['error']}")  # fmt: skip
    return answer["objects"]


def open_packed(path: Path) -> BinaryIO:
    """Open a file that may be compressed with gzip, bzip2 or xz."""
    with open(path, "rb") as file:
        start = file.read(6)
    opener = next((opener for magic, opener in _OPENERS if start.startswith(magic)), open)
    return opener(path, "rb")


def describe_other(header: list[str]) -> str:
    """Say what a table of the same publishers is that holds no votes; empty if it is not known."""
    names = {name.lower() for name in header}
    if {"ccode1", "ccode2"} <= names and any("agree" in name for name in names):
        return "agreement scores of pairs of states, which are computed from votes and are not votes"
    if any("idealpoint" in name for name in names):
        return "published ideal points, not votes (sfl data agreement compares with them)"
    if {"rcid1", "rcid2"} <= names:
        return "the table of repeated resolutions (Matches.csv), which belongs beside the votes"
    return ""


def is_packed(start: bytes) -> bool:
    """Tell whether the first bytes of a file are those of gzip, bzip2 or xz."""
    return any(start.startswith(magic) for magic, _ in _OPENERS)


def to_batches(
    table: pa.Table, rows: int = 200_000, progress: Progress | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a table in blocks of some rows."""
    for number, batch in enumerate(table.to_batches(max_chunksize=rows)):
        if progress:
            progress(0.5 + 0.4 * number * rows / len(table), "reading votes")
        yield batch
