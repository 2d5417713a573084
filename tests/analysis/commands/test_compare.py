"""Two runs are compared in units of Monte Carlo error, and a quick run is marked in the figure."""

import json

import numpy as np
import pandas as pd
import pytest
from support.made_results import make_effects
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.commands.compare import compare_effects, find_run
from analysis.figures.draw import QUICK
from analysis.store import results


def write_run(folder, effects, seed=1, quick=False):
    folder.mkdir()
    effects.assign(mcse=0.001, quick=quick).to_csv(folder / "effects.csv", index=False)
    (folder / "run.json").write_text(json.dumps({"variant": {"run": {"seed": seed}}, "commit": "a"}))


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two runs of which the second has another seed and a pooled effect far off, and a quick one."""
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    first = make_effects()
    second = first.assign(mean=first["mean"] + np.where(first["case"] == "pooled", 0.05, 0))
    write_run(tmp_path / "main", first)
    write_run(tmp_path / "other", second, seed=2)
    write_run(tmp_path / "fast", first, quick=True)
    return tmp_path


def compare(*names):
    return CliRunner().invoke(app, ["compare", *names], env={"COLUMNS": "160"})


def test_differences_are_real_or_noise_in_units_of_monte_carlo_error():
    first = make_effects().assign(mcse=0.002)
    shift = first["case"].map({"iraq": 0.02, "isis": 0.0, "pooled": 0.001, "difference": 0.0})
    verdict = compare_effects(first, first.assign(mean=first["mean"] + shift)).groupby("case")["verdict"]
    assert verdict.unique().map(list).to_dict() == {
        "iraq": ["real"],
        "isis": ["same"],
        "pooled": ["noise"],
        "difference": ["same"],
    }


def test_a_row_of_one_run_alone_is_named():
    first = make_effects().assign(mcse=0.002)
    assert set(compare_effects(first, first.iloc[1:])["verdict"]) == {"same", "only a"}


def test_the_same_run_ends_with_0_and_a_real_difference_with_1(runs):
    same, other = compare("main", "main"), compare("other")
    assert (same.exit_code, other.exit_code) == (0, 1), same.output + other.output
    assert "Both runs have the same settings." in same.output
    assert "variant.run.seed is 1 instead of 2" in other.output
    assert {path.name for path in runs.glob("compare-*")} == {
        f"compare-{names}.{suffix}" for names in ("main-main", "other-main") for suffix in ("png", "svg")
    }


def test_the_figure_of_a_quick_run_is_marked(runs):
    compare("fast")
    compare("other")
    marked = {path.stem: QUICK in path.read_text() for path in runs.glob("compare-*.svg")}
    assert marked == {"compare-fast-main": True, "compare-other-main": False}


def test_an_unknown_run_is_an_error_that_lists_those_that_exist(runs):
    with pytest.raises(ValueError, match=r"no results of 'nobody'.*existing runs: fast, main, other"):
        find_run("nobody")
    done = compare("nobody")
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_the_published_run_is_one():
    assert pd.read_csv(find_run("published") / "effects.csv").shape[0] > 100
