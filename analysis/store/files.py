"""Where results live, how they get there whole, and where they came from."""

import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import pandas as pd
import xarray as xr

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "analysis" / "results"
OUTPUT = ROOT / "analysis" / "output"
"""What comes of many runs together, and of the work beside the main job."""
PACKAGES = ("arviz", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")


def hash_content(content: object) -> str:
    """Hexadecimal SHA-256 of anything that JSON can write; equal content gives equal hashes."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def hash_dataset(dataset: xr.Dataset) -> str:
    """Hexadecimal SHA-256 of a dataset's values, names and coordinates; attributes do not count."""
    digest = hashlib.sha256()
    for name in sorted(map(str, dataset.variables)):
        variable = dataset[name]
        values = variable.values
        # Text has no fixed bytes in numpy (its width is that of the longest), numbers have.
        content = (
            "\0".join(map(str, values.ravel())).encode() if values.dtype.kind in "OUT" else values.tobytes()
        )
        digest.update(f"{name}{variable.dims}{values.shape}{values.dtype.kind}".encode() + content)
    return digest.hexdigest()


def hash_code() -> str:
    """Hexadecimal SHA-256 of the code that a fit depends on: the models and how they are sampled."""
    files = [
        *sorted((ROOT / "models").glob("*.py")),
        ROOT / "analysis" / "fit.py",
        ROOT / "analysis" / "refits.py",
        ROOT / "analysis" / "diagnostics.py",
        ROOT / "analysis" / "gates.py",
        ROOT / "analysis" / "sampler.py",
    ]
    return hash_content([file.read_text(encoding="utf-8") for file in files])


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that a result depends on."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in PACKAGES
    }


def git_commit() -> str:
    """Commit of the checkout, with ``-dirty`` where tracked files differ; ``unknown`` outside a checkout."""
    try:
        describe = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return describe.stdout.strip()


def now() -> str:
    """Date and time, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


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


def load_or_fit(
    kind: str, content: dict, fit: Callable[[], xr.DataTree], folder: Path = RESULTS / ".fits"
) -> tuple[xr.DataTree, Path, bool]:
    """The fit of this content: read if it was made before, else made and stored.

    Parameters
    ----------
    kind : str
        What is fitted; begins the file's name.
    content : dict
        All that the fit depends on besides code and package versions, which are added here.
    fit : callable
        Makes the fit; called only if it is not there. It raises if the fit does not pass its gates, and
        then nothing is stored.
    folder : Path
        Where fits are kept.

    Returns
    -------
    fit : xr.DataTree
    path : Path
        Its file.
    reused : bool
    """
    versions = {k: v for k, v in package_versions().items() if k not in ("pandas", "arviz")}
    key = hash_content({"kind": kind, "code": hash_code(), "versions": versions, **content})
    path = folder / f"{kind}-{key[:24]}.nc"
    if path.exists():
        return read_tree(path), path, True
    tree = fit()
    write_tree(tree, path)
    return tree, path, False
