"""What a result depends on, as hashes and names: contents, package versions, the commit, the time."""

import datetime
import hashlib
import importlib.metadata
import json
import platform
import subprocess

import xarray as xr

from analysis.store.files import ROOT

PACKAGES = ("arviz", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")
AFTER_SAMPLING = ("pandas", "arviz")
"""Packages that no draw depends on."""


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
