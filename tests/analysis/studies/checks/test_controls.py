"""Permuted guarantees have no effect; a spurious effect is named."""

import numpy as np
import pytest
from support.made_bench import make_data

from analysis.posterior.answers import state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks.bench import EFFECTS, SHORT
from analysis.studies.checks.controls import check_permutations, permute_guarantees


def test_permutations_keep_the_number_of_guarantees_by_case_and_region():
    panel, _, data = make_data(n_state=60)
    for within in (False, True):
        for permuted in permute_guarantees(data, 5, within_region=within, seed=1):
            np.testing.assert_array_equal(permuted.has_level.sum(2), data.has_level.sum(2))
            if within:
                regions = np.eye(5)[data.region_idx]
                np.testing.assert_array_equal(permuted.has_level @ regions, data.has_level @ regions)
            assert not np.array_equal(permuted.has_level, data.has_level)
    assert panel.sizes["case"] == 2


def test_a_spurious_effect_of_permuted_guarantees_is_named():
    rng = np.random.default_rng(0)
    chance = rng.normal(0, 0.05, size=(100, 3))
    cases = ["iraq", "isis", "pooled"]
    for shift, verdict in ((0.0, "no effect"), (0.08, "spurious effect")):
        rows = check_permutations(chance + shift, np.full(3, 0.4), cases, item="within_case")
        assert {r["verdict"] for r in rows} == {verdict}


@pytest.mark.slow
def test_permuted_guarantees_have_no_effect_and_real_ones_do(bench, nested):
    data = bench.data("total")
    real = average_contrasts(state_contrasts(stack(nested[EFFECTS["total"]].dataset), data, bench.top)).mean(
        0
    )
    dealt = permute_guarantees(data, 24, within_region=False, seed=2)
    effects, *_ = bench.fit_effects(dealt, SHORT, "permuted")
    rows = check_permutations(effects, real, bench.cases, item="within_case")
    assert {r["verdict"] for r in rows} == {"no effect"}
    assert (real > effects.max(0)).all()
    # The same check names data that are not permuted at all.
    same = [data] * 3
    effects, *_ = bench.fit_effects(same, SHORT, "not permuted")
    rows = check_permutations(effects, real, bench.cases, item="within_case")
    assert {r["verdict"] for r in rows} == {"spurious effect"}
