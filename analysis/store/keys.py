"""What a result depends on: hashes of contents, package versions, commit and time."""

import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from functools import cache
from pathlib import Path

import xarray as xr

from analysis.store.files import ROOT

PACKAGES = ("arviz", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")
AFTER_SAMPLING = ("pandas", "arviz")
"""Packages that do not affect draws."""

FOLDERS = ("models", "data", "analysis")
"""Folders with the project's modules."""


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
    """Return the project's own commit, with ``-dirty`` if its files differ from it, or ``unknown``.

    It is unknown outside a checkout of the project, also if the project lies inside a checkout of something
    else. Modules that are not tracked count as differences, because a run may use them.
    """
    try:
        top = _git("rev-parse", "--show-toplevel")
        if not top or Path(top).resolve() != ROOT:
            return "unknown"
        _git("ls-files", "--error-unmatch", "analysis/store/keys.py")
        commit = _git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
        more = _git("ls-files", "--others", "--exclude-standard", "--", *(f"{p}/*.py" for p in FOLDERS))
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{commit}-dirty" if more and not commit.endswith("-dirty") else commit


def _git(*words: str) -> str:
    """Run git in the project's folder, whatever repository the environment names."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # Nothing is written, so that a read-only checkout will do.
    own |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *words], cwd=ROOT, env=own, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def now() -> str:
    """Return date and time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
