"""What a result depends on: hashes of contents, package versions, commit and time."""

import datetime
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from functools import cache

import xarray as xr

from analysis.store.files import ROOT

PACKAGES = ("arviz", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")
AFTER_SAMPLING = ("pandas", "arviz")
"""Packages that do not affect draws."""


def hash_content(content: object) -> str:
    """Return the hexadecimal SHA-256 of anything that JSON can write. Equal content has equal hashes."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def hash_dataset(dataset: xr.Dataset) -> str:
    """Return the hexadecimal SHA-256 of a dataset's values, names and coordinates, without attributes."""
    digest = hashlib.sha256()
    for name in sorted(map(str, dataset.variables)):
        variable = dataset[name]
        values = variable.values
        # The bytes of text depend on the longest label in NumPy, those of numbers do not.
        content = (
            "\0".join(map(str, values.ravel())).encode() if values.dtype.kind in "OUT" else values.tobytes()
        )
        digest.update(f"{name}{variable.dims}{values.shape}{values.dtype.kind}".encode() + content)
    return digest.hexdigest()


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result depends on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


@cache
def _version(name: str) -> str:
    return importlib.metadata.version(name)


def git_commit() -> str:
    """Return the commit, with ``-dirty`` if tracked files differ, or ``unknown`` outside a checkout."""
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
    """Return date and time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
