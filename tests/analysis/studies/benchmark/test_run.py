from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.commands.methods.benchmark import show_benchmark
from analysis.studies.benchmark.peers import PEERS
from analysis.studies.benchmark.run import BenchmarkSpec, choose_spec
from analysis.studies.benchmark.samplers import summarize_positions
from analysis.studies.benchmark.table import (
    BOUNDS,
    COLUMNS,
    FUSED_FASTER,
    MIN_ESS,
    PER_CELL,
    check_bounds,
    row,
)
from analysis.variants.sampler import SamplerSpec


def test_a_row_is_the_median_of_its_repetitions():
    line = row("likelihood", "fused, votes", PER_CELL, "ns", [3.0, 1.0, 2.0])
    assert list(line) == COLUMNS
    assert (line["median"], line["lowest"], line["highest"], line["repetitions"]) == (2, 1, 3, 3)
    missing = row("sampler", "rstan", MIN_ESS, note="not installed: Rscript")
    assert np.isnan(missing["median"])
    assert missing["repetitions"] == 0


def test_what_must_hold_is_compared_and_what_is_missing_is_not_passed():
    table = pd.DataFrame(
        [
            row("likelihood", "graph, numba", FUSED_FASTER, "times", [29.0]),
            row("likelihood", "fused, votes", PER_CELL, "ns", [2.1]),
        ]
    )
    verdicts = check_bounds(table).set_index(["method", "quantity"])["verdict"]
    assert verdicts["graph, numba", FUSED_FASTER] == "FAIL"
    assert verdicts["fused, votes", PER_CELL] == "pass"
    assert (verdicts == "not measured").sum() == len(BOUNDS) - 2


def test_effective_draws_are_those_of_the_worst_state():
    rng = np.random.default_rng(1)
    positions = rng.normal(size=(4, 500, 3))
    positions[..., 1] = np.repeat(rng.normal(size=(4, 25)), 20, axis=1)
    figures = summarize_positions(positions)
    assert figures["min_ess"] < 200
    assert figures["median_ess"] > 1000


def test_an_unknown_peer_is_refused():
    with pytest.raises(ValueError, match="unknown peers jags; choose from numba"):
        choose_spec(quick=True, peers="numba,jags", repetitions=None)


@pytest.mark.slow
def test_a_small_run_measures_saves_and_says_what_is_missing(tmp_path, monkeypatch):
    """The whole command on few votes, beside a user's own files: samplers in processes, one peer missing."""
    beside = tmp_path / "user"
    (beside / "data").mkdir(parents=True)
    for name in ("analysis.py", "models.py", "data/__init__.py"):
        (beside / name).write_text("raise ImportError('not the project')")
    monkeypatch.chdir(beside)
    monkeypatch.setenv("PYTHONPATH", str(beside))
    absent = replace(PEERS["rstan"], package="no.such.package")
    monkeypatch.setattr("analysis.studies.benchmark.run.PEERS", {"rstan": absent})
    tiny = SamplerSpec(draws=100, tune=100, chains=2)
    spec = BenchmarkSpec(
        peers=("numba", "rstan"),
        repetitions=1,
        pairs=2,
        n_state=12,
        n_item=15,
        sampler=tiny,
        quick=True,
    )
    console = Console(width=160, record=True)
    output = tmp_path / "output"
    assert show_benchmark(spec, None, output, console) == 0
    text = console.export_text()
    assert "its numbers mean nothing" in text
    assert {path.name for path in output.iterdir()} == {
        f"benchmark-quick.{suffix}" for suffix in ("csv", "png", "svg")
    }
    table = pd.read_csv(output / "benchmark-quick.csv")
    assert list(table) == [*COLUMNS, "quick"]
    figures = table.set_index(["method", "quantity"])
    assert figures.loc[("rstan", MIN_ESS), "note"].startswith("not installed")
    assert figures.loc[("rstan", MIN_ESS), "repetitions"] == 0
    assert figures.loc[("project", MIN_ESS), "median"] > 0
    assert (figures.loc[("graph, numba", FUSED_FASTER), "median"] > 1).all()
