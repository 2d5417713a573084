from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.studies.benchmark.dynamic import QUICK_DYNAMIC
from analysis.studies.benchmark.growth import GrowthSpec, fit_exponent
from analysis.studies.benchmark.peers import PEERS
from analysis.studies.benchmark.run import BenchmarkSpec, choose_spec, show_benchmark
from analysis.studies.benchmark.samplers import summarize_positions
from analysis.studies.benchmark.table import (
    CLAIMS,
    COLUMNS,
    FUSED_FASTER,
    MIN_ESS,
    PER_CELL,
    check_claims,
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
    verdicts = check_claims(table).set_index(["method", "quantity"])["verdict"]
    assert verdicts["graph, numba", FUSED_FASTER] == "FAIL"
    assert verdicts["fused, votes", PER_CELL] == "pass"
    assert (verdicts == "not measured").sum() == len(CLAIMS) - 2


def test_effective_draws_are_those_of_the_worst_state():
    rng = np.random.default_rng(1)
    positions = rng.normal(size=(4, 500, 3))
    positions[..., 1] = np.repeat(rng.normal(size=(4, 25)), 20, axis=1)
    figures = summarize_positions(positions)
    assert figures["min_ess"] < 200
    assert figures["median_ess"] > 1000


def test_an_unknown_peer_is_refused():
    with pytest.raises(ValueError, match="jags do not exist; there are numba"):
        choose_spec(quick=True, peers="numba,jags", repetitions=None)


def test_exponent_of_growth():
    assert fit_exponent([100, 1000, 10_000], [2.0, 20.0, 200.0]) == pytest.approx(1.0)
    assert fit_exponent([100, 10_000], [1.0, 1000.0]) == pytest.approx(1.5)


@pytest.mark.slow
def test_a_small_run_measures_saves_and_says_what_is_missing(tmp_path, monkeypatch):
    """The whole command on a few votes: real samplers in their own processes, one peer that is not there."""
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
        growth=GrowthSpec(n_state=10, n_item=(20,), shapes=(), chains=(), stored=tiny, maxdepth=3),
        dynamic=QUICK_DYNAMIC,
        quick=True,
    )
    console = Console(width=160, record=True)
    assert show_benchmark(spec, None, tmp_path, console) == 0
    text = console.export_text()
    assert "its numbers mean nothing" in text
    assert {path.name for path in tmp_path.iterdir()} == {
        f"benchmark-quick.{suffix}" for suffix in ("csv", "png", "svg")
    }
    table = pd.read_csv(tmp_path / "benchmark-quick.csv")
    assert list(table) == [*COLUMNS, "quick"]
    figures = table.set_index(["method", "quantity"])
    assert figures.loc[("rstan", MIN_ESS), "note"].startswith("not installed")
    assert figures.loc[("rstan", MIN_ESS), "repetitions"] == 0
    assert figures.loc[("project", MIN_ESS), "median"] > 0
    assert (figures.loc[("graph, numba", FUSED_FASTER), "median"] > 1).all()
    own = table[(table["part"] == "growth") & (table["quantity"] == "peak memory")]
    assert own["median"].between(100, 5000).all()
    assert len(own) == 1
