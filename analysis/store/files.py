"""Folders of results, and writing that never leaves a file half written."""

import errno
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pandas as pd
import xarray as xr

ROOT = Path(__file__).resolve().parents[2]

RESULTS_VARIABLE = "SECURITY_FOR_LEGITIMACY_RESULTS"
"""Environment variable with the folder of results, which ``--results`` sets for a command and its workers."""

PUBLISHED = ROOT / "analysis" / "output" / "published"
"""Results that ship."""


LEAST_FREE = 200_000_000
"""Bytes that must be free where results go. A run of the main analysis writes some 100 MB."""

LONGEST_NAME = 150
"""Bytes of a file name that must be possible. Names of results have at most 120, and more in the making."""


def _choose_folders() -> tuple[Path, Path]:
    """Return the folder of results and, for the studies, that of results of many runs together."""
    if given := os.environ.get(RESULTS_VARIABLE):
        return Path(given), Path(given) / "output"
    return ROOT / "analysis" / "results", ROOT / "analysis" / "output"


RESULTS, OUTPUT = _choose_folders()


class SaveError(OSError):
    """Something could not be written; the message says what and why."""


@contextmanager
def _errors_of_saving(target: Path) -> Iterator[None]:
    try:
        yield
    except SaveError:
        raise
    except OSError as error:
        raise SaveError(f"{target}: {error.strerror or error}") from error


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a folder to write into. It replaces the target once everything is written to the disk.

    After an error the target is unchanged, and the new folder is removed. SaveError if it cannot be written.
    """
    with _errors_of_saving(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        restore_folder(target)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            yield work
            work.chmod(0o755)
            for path in [*work.rglob("*"), work]:
                flush(path)
            # Two runs that finish together take turns, so the second replaces the complete result of the
            # first. Two users may share the lock.
            with filelock.FileLock(target.parent / ".lock", mode=0o666):
                if target.exists():
                    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
                    target.rename(old / target.name)
                    work.rename(target)
                    shutil.rmtree(old)
                else:
                    work.rename(target)
            flush(target.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def restore_folder(target: Path) -> None:
    """Put back a folder that a run took away and did not replace, because it was killed in between."""
    if not target.exists():
        for old in sorted(
            target.parent.glob(f".{glob.escape(target.name)}-old-*/{glob.escape(target.name)}")
        ):
            old.rename(target)
            old.parent.rmdir()
            return


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a temporary file to write. It replaces the target once everything is written to the disk.

    After an error, such as a full disk, the target is unchanged and the temporary file is removed. SaveError
    if it cannot be written.
    """
    with _errors_of_saving(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            flush(temporary)
            os.replace(temporary, target)
            flush(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """Make a folder of results and try it, so that hours of fits do not end in an error of saving.

    Raises
    ------
    SaveError
        It cannot be made or written, has too little room, or lies within an installed package.
    """
    if {"site-packages", "dist-packages"} & set(folder.parts):
        raise SaveError(
            f"{folder} lies within the installed package and would be lost with it; give another folder: "
            "--results DIR"
        )
    try:
        with _errors_of_saving(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if (free := shutil.disk_usage(folder).free) < LEAST_FREE:
                raise SaveError(f"{folder}: {free / 1e6:.0f} MB free, a run needs {LEAST_FREE / 1e6:.0f}")
            with atomic_file(folder / ("." + "x" * LONGEST_NAME)) as temporary:
                temporary.write_bytes(b"0" * 65536)
            (folder / ("." + "x" * LONGEST_NAME)).unlink()
    except SaveError as error:
        raise SaveError(f"{error}; for another folder: --results DIR") from None


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk, as far as the system can promise it."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        # Some systems open no folder.
        return
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems flush no folder. A full disk may be noticed only here.
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
    finally:
        os.close(handle)


def hash_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(content: object, path: Path) -> None:
    """Write JSON, completely or not at all."""
    write_text(json.dumps(content, indent=1, default=str) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write a text file, completely or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV, completely or not at all. Six digits are more precise than any Monte Carlo error."""
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a DataTree as netCDF, completely or not at all. Dicts in attributes become JSON.

    Nothing is compressed: on draws, zlib saves a twentieth of the space and doubles the time.

    Raises
    ------
    OSError
        If the file cannot be written, for lack of space or permission.
    """
    # Encode in memory first: on a full disk, HDF5 may crash the process.
    content = _encode(tree)
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def _encode(tree: xr.DataTree) -> bytes:
    """Return the bytes of a netCDF file.

    They are a copy, made here, so that no error of writing keeps what HDF5 used: collected later, out of
    order, it would crash the process.
    """
    plain = tree.copy()
    for node in plain.subtree:
        node.attrs = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in node.attrs.items()}
        node.encoding = {}
        # The encoding of an earlier file, such as the length of labels, may no longer fit the data.
        node.dataset = node.to_dataset(inherit=False).drop_encoding()
    return bytes(plain.to_netcdf(engine="h5netcdf"))


def read_tree(path: Path) -> xr.DataTree:
    """Read into memory what ``write_tree`` wrote."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        loaded = tree.load()
    if "convergence" in loaded.attrs:
        loaded.attrs["convergence"] = json.loads(loaded.attrs["convergence"])
    return loaded
