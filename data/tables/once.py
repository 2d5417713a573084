"""The tables that every panel and all votes need, read and checked once in a process.

A grid of variants prepares a hundred panels from the same few files. A file that has changed since is read
anew. Who gets a table may change it: pandas copies on writing, so that the next reader does not see it.
"""

from functools import cache
from pathlib import Path

import pandas as pd

from data.spec import CaseSpec
from data.tables.blocs import load_blocs
from data.tables.read import (
    TABLES_DIR,
    coalition_path,
    load_coalition,
    load_covariates,
    load_guarantees,
    load_states,
    sha256,
)

STATES, GUARANTEES, COVARIATES, BLOCS = (
    TABLES_DIR / f"{name}.csv" for name in ("states", "guarantees", "covariates", "blocs")
)


def read_states() -> pd.DataFrame:
    """Return states.csv; see ``data.tables.read.load_states``."""
    return _states(_stamp(STATES)).copy(deep=False)


def read_guarantees() -> pd.DataFrame:
    """Return guarantees.csv; see ``data.tables.read.load_guarantees``."""
    return _guarantees(_stamp(STATES), _stamp(GUARANTEES)).copy(deep=False)


def read_own_guarantees(path: Path) -> pd.DataFrame:
    """Return a user's table of guarantees; see ``data.tables.read.load_guarantees``."""
    return _own_guarantees(path, _stamp(STATES), _stamp(path)).copy(deep=False)


def read_covariates() -> pd.DataFrame:
    """Return covariates.csv; see ``data.tables.read.load_covariates``."""
    return _covariates(_stamp(STATES), _stamp(COVARIATES)).copy(deep=False)


def read_blocs() -> pd.DataFrame:
    """Return blocs.csv with NATO; see ``data.tables.blocs.load_blocs``."""
    return _blocs(_stamp(STATES), _stamp(GUARANTEES), _stamp(BLOCS)).copy(deep=False)


def read_coalition(case: CaseSpec) -> pd.DataFrame:
    """Return the coalition table of a case; see ``data.tables.read.load_coalition``."""
    return _coalition(case, _stamp(STATES), _stamp(coalition_path(case))).copy(deep=False)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    return _hash(path, _stamp(path))


def _stamp(path: Path) -> tuple[str, int, int] | None:
    """Return what changes when a file changes; None if there is no such file, which its reader reports."""
    if not path.is_file():
        return None
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


@cache
def _states(stamp: tuple | None) -> pd.DataFrame:
    return load_states()


@cache
def _guarantees(states: tuple | None, stamp: tuple | None) -> pd.DataFrame:
    return load_guarantees(read_states())


@cache
def _own_guarantees(path: Path, states: tuple | None, stamp: tuple | None) -> pd.DataFrame:
    return load_guarantees(read_states(), path)


@cache
def _covariates(states: tuple | None, stamp: tuple | None) -> pd.DataFrame:
    return load_covariates(read_states())


@cache
def _blocs(states: tuple | None, guarantees: tuple | None, stamp: tuple | None) -> pd.DataFrame:
    return load_blocs(read_states(), read_guarantees())


@cache
def _coalition(case: CaseSpec, states: tuple | None, stamp: tuple | None) -> pd.DataFrame:
    return load_coalition(case, read_states())


@cache
def _hash(path: Path, stamp: tuple | None) -> str:
    return sha256(path)
