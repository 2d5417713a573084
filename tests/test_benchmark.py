import numpy as np
import pandas as pd
import pytest

from analysis.benchmark import choose_spec
from analysis.benchmark_samplers import summarize_positions
from analysis.benchmark_table import (
    CLAIMS,
    COLUMNS,
    FUSED_FASTER,
    MIN_ESS,
    PER_CELL,
    check_claims,
    row,
)


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
