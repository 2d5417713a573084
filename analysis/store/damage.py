"""Records and fits of the store that notice when they are damaged."""

import json
from functools import cache
from pathlib import Path

import h5py

from analysis.store.files import hash_file, write_json
from analysis.store.keys import hash_content


class DamagedError(ValueError):
    """A stored file is not what was written."""


def write_record(record: dict, path: Path) -> None:
    """Write a record with its name and a hash of its content."""
    # JSON has no tuples and no numbers as keys; the hash is that of what will be read.
    plain = json.loads(json.dumps(record | {"key": path.stem}, default=str))
    write_json(plain | {"check": hash_content(plain)}, path)


def read_record(path: Path) -> dict:
    """Read a record.

    Raises
    ------
    FileNotFoundError
        There is no file.
    DamagedError
        The file is no record, or not the one that was written. A record without a hash, from before there
        was one, is believed.
    """
    if path.is_dir():
        path.rename(path.with_name(f"{path.name}.damaged"))
        raise DamagedError("a folder in the place of a record")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise DamagedError("no complete record") from None
    if not isinstance(record, dict) or not {"status", "content", "about", "seconds"} <= record.keys():
        raise DamagedError("no complete record")
    check = record.pop("check", None)
    if check is not None and check != hash_content(record):
        raise DamagedError("the record was changed")
    if record.pop("key", path.stem) != path.stem:
        raise DamagedError("the record of another result")
    return record


def check_fit(path: Path, sha256: str | None) -> None:
    """Check that the file of a fit is what was written.

    Raises
    ------
    FileNotFoundError
        There is no file.
    DamagedError
        It has another hash; or, for a fit without one, from before there was one, it is no complete HDF5.
    """
    if path.is_dir():
        path.rename(path.with_name(f"{path.name}.damaged"))
        raise DamagedError("a folder in the place of a fit")
    status = path.stat()
    problem = _judge_fit(path, sha256, status.st_size, status.st_mtime_ns)
    if problem:
        raise DamagedError(problem)


@cache
def _judge_fit(path: Path, sha256: str | None, size: int, changed: int) -> str:
    """Return what is wrong with a file, empty if nothing is; the same file is read once in a process."""
    if sha256 is not None:
        return "" if hash_file(path) == sha256 else "the fit was changed or cut"
    try:
        h5py.File(path, "r").close()
    except PermissionError:
        raise
    except OSError:
        return "the fit is no complete file"
    return ""
