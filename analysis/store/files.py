"""Where results live, how they get there whole, and where they came from."""

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
"""What comes of many runs together, and of the work beside the main job."""


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """A folder to write into, which takes the target's place only when all is written.

    An error leaves the target as it was, and nothing beside it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield work
        work.chmod(0o755)
        # Two runs that finish at once take turns: the second finds the whole result of the first.
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
    """A file to write under another name, which takes the target's place only when all is written.

    An error (a full disk, say) leaves the target as it was, and nothing beside it.
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
    """Write JSON whole or not at all."""
    write_text(json.dumps(content, indent=1, default=str) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write a text file whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV, whole or not at all, with six digits: more than any Monte Carlo error leaves."""
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Write a DataTree as netCDF, whole or not at all; dicts in attributes become JSON.

    Nothing is compressed: draws are noise, of which zlib would save a twentieth in twice the time.

    Raises
    ------
    OSError
        If it cannot be written: no space, no permission.
    """
    plain = tree.copy()
    for node in plain.subtree:
        node.attrs = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in node.attrs.items()}
        node.encoding = {}
        # How a variable was once read from a file, the length of its labels say, is not how it is now.
        node.dataset = node.to_dataset(inherit=False).drop_encoding()
    with atomic_file(path) as temporary:
        # In memory first: HDF5 itself may take the process down when the disk is full.
        content = plain.to_netcdf(engine="h5netcdf")
        temporary.write_bytes(content)


def read_tree(path: Path) -> xr.DataTree:
    """Read what ``write_tree`` wrote, into memory."""
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        loaded = tree.load()
    if "convergence" in loaded.attrs:
        loaded.attrs["convergence"] = json.loads(loaded.attrs["convergence"])
    return loaded
