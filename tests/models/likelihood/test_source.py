"""Cached machine code is renewed when any file that it is made from changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import models
from models.coordinates.arrow import GATHER, SPREAD
from models.coordinates.precondition import MOVE
from models.coordinates.precondition import PULL_BACK as MOVE_BACK
from models.coordinates.walks import DIFFERENTIATE_WALKS, UNWHITEN_WALKS
from models.likelihood import fused
from models.likelihood.absence import ABSENCES
from models.likelihood.graded_response import GRADED_RESPONSE, GRADED_RESPONSE_TALLIES
from models.likelihood.joining import JOINING
from models.likelihood.predictor import PREDICTOR, PULL_BACK
from models.likelihood.repeated.answers import (
    INERTIA,
    INERTIA_ON_AXES,
    TALLIES_ON_AXES,
    TESTLETS,
    TESTLETS_ON_AXES,
    VOTES_ON_AXES,
)
from models.likelihood.source import find_sources, hash_sources

FOLDER = Path(models.__file__).parent
OPS = [
    ABSENCES,
    GRADED_RESPONSE,
    GRADED_RESPONSE_TALLIES,
    JOINING,
    PREDICTOR,
    PULL_BACK,
    UNWHITEN_WALKS,
    DIFFERENTIATE_WALKS,
    SPREAD,
    GATHER,
    MOVE,
    MOVE_BACK,
    INERTIA,
    INERTIA_ON_AXES,
    TESTLETS,
    TESTLETS_ON_AXES,
    VOTES_ON_AXES,
    TALLIES_ON_AXES,
]


def name_sources(op):
    return {file.stem for file in find_sources(fused.__file__, op.kernel.py_func.__code__.co_filename)}


def test_a_kernel_is_hashed_with_the_kernels_that_it_calls():
    assert name_sources(JOINING) == {"fused", "source", "joining_numba", "votes_numba"}
    assert name_sources(GRADED_RESPONSE_TALLIES) == {"fused", "source", "tallies_numba", "votes_numba"}
    assert name_sources(UNWHITEN_WALKS) == {"fused", "source", "walks"}
    assert name_sources(SPREAD) == {"fused", "source", "arrow_numba"}


def test_every_kernel_file_belongs_to_an_op_and_every_op_has_its_own_name():
    reached = set().union(*map(name_sources, OPS))
    assert reached >= {file.stem for file in FOLDER.rglob("*_numba.py")}
    assert len({op.name for op in OPS}) == len(OPS)


@pytest.mark.parametrize("file", ["votes_numba", "joining_numba"])
def test_a_change_of_any_file_changes_the_hash(tmp_path, file):
    """Files outside the package have no imports within it: each is hashed by itself."""
    copies = [tmp_path / f"{name}.py" for name in ("votes_numba", "joining_numba")]
    for copy in copies:
        shutil.copy(FOLDER / "likelihood" / copy.name, copy)
    before = hash_sources(*copies)
    assert hash_sources(*reversed(copies)) == before
    (tmp_path / f"{file}.py").write_text("changed = True\n")
    assert hash_sources(*copies) != before


PROGRAM = """
import numpy as np
from models.likelihood.joining_numba import odds_against

one = np.ones((1, 1))
odds = odds_against(one, one, one)[0, 0]
print(odds, sum(odds_against.stats.cache_hits.values()), odds_against._cache._impl.locator.get_cache_path())
"""


def run_in_copy(root, **environment):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env={key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    odds, hits, folder = run.stdout.split()
    return float(odds), int(hits), Path(folder)


def test_numbas_own_cache_is_renewed_when_only_a_called_kernel_changes(tmp_path):
    for file in ("__init__", "source", "joining_numba", "votes_numba"):
        (tmp_path / "models" / "likelihood").mkdir(parents=True, exist_ok=True)
        shutil.copy(FOLDER / "likelihood" / f"{file}.py", tmp_path / "models" / "likelihood")
    shutil.copy(FOLDER / "__init__.py", tmp_path / "models")
    callee = tmp_path / "models" / "likelihood" / "votes_numba.py"
    odds, hits, folder = run_in_copy(tmp_path)
    assert (hits, folder) == (0, callee.parent / "__pycache__")
    assert run_in_copy(tmp_path) == (odds, 1, folder)
    callee.write_text(
        callee.read_text().replace("np.int64(bits).view(np.float64)", "2.0 * np.float64(distance)")
    )
    assert run_in_copy(tmp_path)[:2] == (2.0, 0)
    chosen = tmp_path / "chosen"
    assert chosen in run_in_copy(tmp_path, NUMBA_CACHE_DIR=str(chosen))[2].parents
