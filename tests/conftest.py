"""One quick run for all tests that read its results, in a copy of the code with the shipped tables only."""

import shutil

import pytest
from support.command import ROOT, run_command


def pytest_collection_modifyitems(items):
    """Put files with slow tests first, so that two workers (``pytest -n 2``) end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def copy(tmp_path_factory):
    """A copy of the code with the shipped tables, in a deep folder so that no roll calls lie beside it."""
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
    """A quick run in that copy, made once for all tests: its output and its folder of results."""
    done = run_command("run", "--quick", folder=copy)
    assert done.returncode == 0, done.stdout + done.stderr
    return done, copy / "analysis" / "results" / "main-quick"
