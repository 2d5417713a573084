"""What several tests need: compiled log densities, roll calls where there are any, one quick run for all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymc as pm
import pytest

from data.load import SHARED_DIR, find_rollcalls

ROOT = Path(__file__).parents[1]

needs_rollcalls = pytest.mark.skipif(
    find_rollcalls() is None, reason="needs roll calls, and none are found (see README.md)"
)

needs_shared = pytest.mark.skipif(
    not all((SHARED_DIR / f"{name}.parquet").is_file() for name in ("rollcalls", "votes", "state_year")),
    reason="needs the roll calls and tables beside the checkout (../shared/data)",
)


def evaluate_logp(model: pm.Model, point: dict) -> float:
    """Log density of a model at a point of its free variables on the unconstrained scale."""
    return float(model.compile_logp(mode="FAST_COMPILE")(point))


def draw_point(model: pm.Model, seed: int) -> dict[str, np.ndarray]:
    """A point near the start, every coordinate its own."""
    rng = np.random.default_rng(seed)
    return {
        name: np.asarray(value) + rng.normal(0, 0.3, size=np.shape(value))
        for name, value in model.initial_point(0).items()
    }


POOLED_PARTS = ("average_offset", "mean_offset", "contrast")
"""Standard normal unknowns of an effect that is pooled over cases."""


def pool_two_cases(point: dict[str, np.ndarray], name: str, scale: float) -> np.ndarray:
    """Effects (case, ...) in two cases, written out from the unknowns of ``models.coalition``."""
    case_sd = point[f"{name}_case_sd"]
    average = np.sqrt(scale**2 + case_sd**2 / 2) * point[f"{name}_average_offset"]
    apart = case_sd * point[f"{name}_contrast"][0] / np.sqrt(2)
    return np.stack([average + apart, average - apart])


def run_command(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess:
    """``python -m analysis`` as a user runs it, from a folder."""
    return subprocess.run(
        [sys.executable, "-m", "analysis", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "120", "NO_COLOR": "1"},
        check=False,
    )


@pytest.fixture(scope="session")
def copy(tmp_path_factory):
    """A copy of the code with the shipped tables, deep enough to have no data beside it."""
    target = tmp_path_factory.mktemp("deep") / "down" / "copy"
    target.mkdir(parents=True)
    for package in ("models", "data", "analysis"):
        shutil.copytree(
            ROOT / package,
            target / package,
            ignore=shutil.ignore_patterns("results", "output", "__pycache__"),
        )
    return target


@pytest.fixture(scope="session")
def quick(copy):
    """A quick run in that copy, made once for all tests: what it printed, and its folder."""
    done = run_command("run", "--quick", folder=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    return done, copy / "analysis" / "results" / "main-quick"
