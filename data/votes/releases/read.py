"""Identify a record of roll calls by its content, and read it."""

from pathlib import Path
from types import ModuleType

from data.tables.read import sha256
from data.tables.rules import DataError
from data.votes.releases import dataverse, undl, unvotes
from data.votes.releases.dgacm import ROLLCALL_FILE, VOTE_FILE, is_dgacm, read_dgacm
from data.votes.releases.parquet_pair import read_parquet_pair
from data.votes.releases.rdata import (
    describe_other,
    is_packed,
    is_rdata,
    list_frames,
    read_rdata,
    to_batches,
)
from data.votes.releases.text import DELIMITERS, read_blocks, read_header, scan_text
from data.votes.releases.tidy import Progress, Release

KINDS = {
    "parquet_pair": "parquet pair rollcalls + votes",
    "dgacm": "UN machine-readable resolutions, sessions 74-80",
    "dataverse_text": "Dataverse release (doi:10.7910/DVN/LEJUQZ), delimited text",
    "dataverse_rdata": "Dataverse release (doi:10.7910/DVN/LEJUQZ), RData",
    "unvotes": unvotes.NAME,
    "undl": "UN Digital Library bulk file (record 4060887)",
}
_EXPECTED = (
    "expected rollcalls.parquet with votes.parquet, a Dataverse release (columns rcid, ccode, vote, session; "
    "CSV, tab or RData), the tables of the R package unvotes, a UN Digital Library bulk file (columns "
    f"undl_id, ms_code, ms_name, ms_vote, date, resolution, title) or {ROLLCALL_FILE}"
)


def identify_release(path: Path | str) -> str:
    """Identify a file, or the folder of the parquet pair, by its content, never by its name.

    Returns a key of ``KINDS``. DataError if the path does not exist, is empty, or is a web page, an archive
    or another table.
    """
    path = Path(path)
    if path.is_dir():
        if (path / "rollcalls.parquet").is_file() and (path / "votes.parquet").is_file():
            return "parquet_pair"
        raise DataError(f"{path}: a folder without rollcalls.parquet and votes.parquet")
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        with open(path, "rb") as file:
            start = file.read(1024)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if not start:
        raise DataError(f"{path}: empty (0 bytes), perhaps a failed download")
    if start[:4] == b"PAR1":
        return _identify_parquet(path)
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise DataError(f"{path}: a web page, not data; the address may have led to a login or an error page")
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        raise DataError(f"{path}: a zip archive (or spreadsheet); unpack it and give the file inside")
    if is_rdata(path):
        return "dataverse_rdata"
    if is_packed(start):
        raise DataError(f"{path}: compressed and damaged, or no RData inside; unpack it first")
    return _identify_text(path)


def _identify_parquet(path: Path) -> str:
    if path.name == VOTE_FILE:
        return "dgacm"
    folder = path.parent
    if (folder / "rollcalls.parquet").is_file() and (folder / "votes.parquet").is_file():
        return "parquet_pair"
    raise DataError(
        f"{path}: one table of a pair; rollcalls.parquet and votes.parquet must lie in one folder"
    )


def _identify_text(path: Path) -> str:
    header, delimiter, _ = read_header(path)
    if dataverse.find_columns(header):
        return "dataverse_text"
    if undl.find_columns(header):
        return "undl"
    if is_dgacm(header):
        return "dgacm"
    if unvotes.find_role(header):
        return "unvotes"
    if other := describe_other(header):
        raise DataError(f"{path}: {other}")
    shown = ", ".join(repr(name[:30]) for name in header[:8])
    if len(header) == 1:
        raise DataError(
            f"{path}: no table, no delimiter of {DELIMITERS} splits the first line {shown}; {_EXPECTED}"
        )
    raise DataError(f"{path}: unknown table, columns split at {delimiter!r}: {shown}; {_EXPECTED}")


def read_release(path: Path | str, progress: Progress | None = None) -> Release:
    """Read a published record of roll calls into the tidy form.

    Text is parsed in blocks of a few megabytes, so memory does not grow with the file.

    Parameters
    ----------
    path : path-like
        A file of any kind in ``KINDS``, or the folder of the parquet pair.
    progress : callable, optional
        ``progress(share_done, what)``.

    Returns
    -------
    Release

    Raises
    ------
    DataError
        The file is damaged or no record; the message says what is wrong, where, and in which rows.
    """
    path = Path(path)
    kind = identify_release(path)
    release = _READERS[kind](path, progress)
    if progress:
        progress(1.0, "done")
    return release


def _read_pair(path: Path, progress: Progress | None) -> Release:
    return read_parquet_pair(path if path.is_dir() else path.parent, progress)


def _read_dgacm(path: Path, progress: Progress | None) -> Release:
    return read_dgacm(path.with_name(ROLLCALL_FILE) if path.name == VOTE_FILE else path, progress)


def _read_text(path: Path, progress: Progress | None, module: ModuleType, name: str) -> Release:
    scan = scan_text(path, progress)
    header, *_ = read_header(path, scan.encoding)
    columns = module.find_columns(header)
    if columns is None:
        raise DataError(f"{path}: unknown columns; {_EXPECTED}")
    notes = [] if scan.complete else ["the last line has no end: the file may be truncated"]
    notes += {"cp1252": ["not UTF-8: read as Windows-1252"], "utf-16": ["read as UTF-16"]}.get(
        scan.encoding, []
    )
    batches = read_blocks(path, scan, columns, progress)
    tidy = dataverse.tidy_dataverse if module is dataverse else undl.tidy_undl
    return tidy(batches, columns, path=path, name=name, sha256=scan.sha256, notes=notes)


def _read_rdata(path: Path, progress: Progress | None) -> Release:
    if any(map(unvotes.find_role, list_frames(path).values())):
        return unvotes.read_unvotes(path, progress)
    name, table = read_rdata(path, dataverse.find_columns, progress)
    return dataverse.tidy_dataverse(
        to_batches(table, progress=progress),
        table.column_names,
        path=path,
        name=f"{KINDS['dataverse_rdata']}, object {name}",
        sha256=sha256(path),
    )


_READERS = {
    "parquet_pair": _read_pair,
    "dgacm": _read_dgacm,
    "dataverse_text": lambda path, progress: _read_text(path, progress, dataverse, KINDS["dataverse_text"]),
    "dataverse_rdata": _read_rdata,
    "unvotes": unvotes.read_unvotes,
    "undl": lambda path, progress: _read_text(path, progress, undl, KINDS["undl"]),
}
