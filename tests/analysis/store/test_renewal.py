"""A change of what compiles every model renews every task that samples; a comment renews none."""

import shutil
from dataclasses import replace
from functools import cache

import pytest
import xarray as xr
from support.of_store import forget_sources

from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_variant
from analysis.store import code
from analysis.store.task import Task
from analysis.studies.calibration.stage2 import plan_calibration
from analysis.studies.checks.run import plan_checks
from analysis.studies.claims.plan import plan_claims
from analysis.studies.dynamic.plan import DynamicRun, plan_dynamic
from analysis.variants.table import MAIN


@pytest.fixture(scope="module")
def tasks():
    """All tasks that need the sampler, in their quick form. The propagation study draws with NumPy only."""
    quick = MAIN.quick()
    inputs = load_inputs(quick)
    return [
        *plan_variant(quick, inputs.votes, inputs.panel).tasks,
        *plan_checks(quick, inputs),
        *plan_claims(quick),
        *plan_dynamic(DynamicRun(), xr.Dataset({"x": ("item", [1.0])})),
        *plan_calibration(quick=True),
    ]


@pytest.fixture
def list_keys(tasks, tmp_path, monkeypatch):
    """Return the keys of all tasks after an edit of the source, which is made in a copy."""
    for package in code.PACKAGES:
        shutil.copytree(code.ROOT / package, tmp_path / package, ignore=_all_but_source)
    monkeypatch.setattr(code, "ROOT", tmp_path)

    def edit(path: str, old: str, new: str) -> list[str]:
        file = tmp_path / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        forget_sources()

        @cache
        def plan_again(task: Task) -> Task:
            """Return the same task, whose key is not computed yet."""
            return replace(task, needs=tuple(map(plan_again, task.needs)))

        keys = [plan_again(task).key for task in tasks]
        file.write_text(text, encoding="utf-8")
        return keys

    yield edit
    forget_sources()


def _all_but_source(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]


def test_a_change_of_the_compiler_renews_every_task_that_samples(tasks, list_keys):
    before = list_keys("analysis/fitting/compile.py", "(0.0, 1.0, *", "(0.0, 1.0, *")
    after = list_keys("analysis/fitting/compile.py", "(0.0, 1.0, *", "(0.0, 1.0, 2.0, *")
    stale = [task.name for task, old, new in zip(tasks, before, after, strict=True) if old == new]
    assert stale == []


def test_a_comment_renews_nothing(list_keys):
    path = "models/dynamic_ideal_point.py"
    before = list_keys(path, "def build", "def build")
    assert list_keys(path, "def build", "# A comment.\ndef build") == before
