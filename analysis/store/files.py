"""Folders of results, and writing that never leaves a file half written."""

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
RESULTS = ROOT / "analysis" / "results"
OUTPUT = ROOT / "analysis" / "output"
"""Results of the studies, and of many runs together."""


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a folder to write into. It replaces the target once everything is written.

    After an error the target is unchanged, and the new folder is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield work
        work.chmod(0o755)
        # Two runs that finish together take turns, so the second replaces the complete result of the first.
        with filelock.FileLock(target.parent / ".lock"):
            if target.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
                target.rename(old / target.name)
                work.rename(target)
                shutil.rmtree(old)
            else:
                work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a temporary file to write. It replaces the target once everything is written.

    After an error, such as a full disk, the target is unchanged and the temporary file is removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


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
    plain = tree.copy()
    for node in plain.subtree:
        node.attrs = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in node.attrs.items()}
        node.encoding = {}
        # The encoding of an earlier file, such as the length of labels, may no longer fit the data.
        node.dataset = node.to_dataset(inherit=False).drop_encoding()
    with atomic_file(path) as temporary:
        # Encode in memory first: on a full disk, HDF5 may crash the process.
        content = plain.to_netcdf(engine="h5netcdf")
        temporary.write_bytes(content)


def read_tree(path: Path) -> xr.DataTree:
    """Read into memory what ``write_tree`` wrote."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        loaded = tree.load()
    if "convergence" in loaded.attrs:
        loaded.attrs["convergence"] = json.loads(loaded.attrs["convergence"])
    return loaded
