"""Permuted guarantees have no effect, and chance is judged with blocs kept together where blocs matter."""

import numpy as np
import pytest
from scipy.special import expit
from support.made_bench import make_data

from analysis.posterior.answers import state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks.bench import EFFECTS, SHORT
from analysis.studies.checks.controls import (
    AMONG,
    check_permutations,
    compare_with_chance,
    exchange_blocs,
    permute_guarantees,
    reach_effect,
)

STATES, BLOCS = 190, 22
WORLDS, PERMUTATIONS = 120, 99
CASES = ["iraq", "isis", "pooled"]


def find_blocs(panel):
    return np.unique(panel["subregion"].values, return_inverse=True)[1]


def test_permutations_keep_the_number_of_guarantees_by_case_and_region():
    panel, _, data = make_data(n_state=60)
    for among in AMONG:
        permuted = permute_guarantees(data, 5, among=among, blocs=find_blocs(panel), seed=1)
        for each in permuted:
            if among != "whole_blocs":
                np.testing.assert_array_equal(each.has_level.sum(2), data.has_level.sum(2))
            assert not np.array_equal(each.has_level, data.has_level)
            if among == "within_region":
                regions = np.eye(5)[data.region_idx]
                np.testing.assert_array_equal(each.has_level @ regions, data.has_level @ regions)
        assert not np.array_equal(permuted[0].has_level, permuted[1].has_level)
    assert panel.sizes["case"] == 2


def make_bloc_world(rng, data, bloc_sd):
    """Return data in which blocs share guarantees and answers, and a pact has no effect; and the blocs."""
    blocs = rng.choice(BLOCS, STATES, p=rng.dirichlet(np.full(BLOCS, 3.0)))
    lasting = rng.normal(0, 0.8, size=STATES)
    pact = rng.random(STATES) < expit(-1 + bloc_sd * rng.normal(size=BLOCS)[blocs])
    logit = -0.7 + lasting + bloc_sd * rng.normal(size=BLOCS)[blocs]
    joined = (rng.random((2, STATES)) < expit(logit)).astype(float)
    has = np.broadcast_to(pact.astype(float), (1, 2, STATES)).copy()
    return data._replace(has_level=has, joined_observed=joined), blocs


def compare_shares(data):
    """Return how many more of those with a pact joined, over both cases."""
    has = data.has_level[0] == 1
    return data.joined_observed[has].mean() - data.joined_observed[~has].mean()


def reject(bloc_sd, seed):
    """Return the share of worlds without an effect in which chance seems to be ruled out, by scheme."""
    rng = np.random.default_rng(seed)
    _, _, data = make_data(n_state=STATES)
    data = data._replace(included=np.ones((2, STATES)))
    rejected, widths = {}, {}
    for _ in range(WORLDS):
        world, blocs = make_bloc_world(rng, data, bloc_sd)
        for among in ("within_case", "whole_blocs"):
            permuted = permute_guarantees(
                world, PERMUTATIONS, among=among, blocs=blocs, seed=int(rng.integers(1 << 30))
            )
            by_chance = np.array([compare_shares(each) for each in permuted])
            rejected.setdefault(among, []).append(reach_effect(by_chance, compare_shares(world)) <= 0.05)
            widths.setdefault(among, []).append(np.ptp(np.quantile(by_chance, [0.05, 0.95])))
    return {k: np.mean(v) for k, v in rejected.items()}, {k: np.mean(v) for k, v in widths.items()}


def test_where_blocs_share_answers_single_states_are_no_yardstick_and_whole_blocs_are():
    rejected, widths = reject(bloc_sd=2.5, seed=1)
    assert rejected["within_case"] > 0.2
    assert rejected["whole_blocs"] < 0.1
    assert widths["whole_blocs"] > 1.4 * widths["within_case"]


def test_without_blocs_both_are_right():
    rejected, widths = reject(bloc_sd=0.0, seed=2)
    assert max(rejected.values()) < 0.11
    assert widths["whole_blocs"] == pytest.approx(widths["within_case"], rel=0.1)


def test_a_bloc_takes_the_guarantees_of_one_bloc():
    rng = np.random.default_rng(3)
    blocs = np.repeat([0, 1, 2], [2, 5, 4])
    who = np.array([0, 1, 3, 4, 5, 6, 7, 8, 10])
    seen = set()
    for _ in range(50):
        donors = exchange_blocs(who, blocs, rng)
        assert set(donors) <= set(who)
        given = [set(blocs[donors[blocs[who] == bloc]]) for bloc in range(3)]
        assert all(len(each) == 1 for each in given)
        assert set.union(*given) == {0, 1, 2}
        seen.add(tuple(min(each) for each in given))
        for bloc in range(3):
            # As many of the donors as there is room for take part, none twice more than another.
            counts = np.unique(donors[blocs[who] == bloc], return_counts=True)[1]
            assert np.ptp(counts) <= 1
    assert len(seen) == 6


def test_a_spurious_effect_of_permuted_guarantees_is_named():
    rng = np.random.default_rng(0)
    chance = rng.normal(0, 0.05, size=(100, 3))
    for shift, verdict in ((0.0, "no effect"), (0.08, "spurious effect")):
        rows = check_permutations(chance + shift, np.full(3, 0.4), CASES, item="within_case")
        assert {r["verdict"] for r in rows} == {verdict}


def test_an_effect_is_beyond_chance_if_few_permuted_ones_reach_it():
    chance = np.random.default_rng(0).normal(0, 0.05, size=(199, 3))
    for real, verdict, share in ((0.4, "beyond chance", 1 / 200), (-0.4, "beyond chance", 1 / 200)):
        rows = compare_with_chance(chance, np.full(3, real), CASES, item="whole_blocs")
        assert {(r["verdict"], r["value"]) for r in rows} == {(verdict, share)}
    rows = compare_with_chance(chance, np.full(3, 0.03), CASES, item="whole_blocs")
    assert {r["verdict"] for r in rows} == {"within chance"}
    assert "3 points; their 90 % interval is 1" in rows[0]["note"]


@pytest.mark.slow
def test_permuted_guarantees_have_no_effect_and_real_ones_do(bench, nested):
    data, blocs = bench.data("total"), find_blocs(bench.panel)
    real = average_contrasts(state_contrasts(stack(nested[EFFECTS["total"]].dataset), data, bench.top)).mean(
        0
    )
    dealt = permute_guarantees(data, 24, among="within_case", blocs=blocs, seed=2)
    effects, *_ = bench.fit_effects(dealt, SHORT, "permuted")
    rows = check_permutations(effects, real, bench.cases, item="within_case")
    assert {r["verdict"] for r in rows} == {"no effect"}
    assert (real > effects.max(0)).all()
    # The same check names data that are not permuted at all.
    same = [data] * 3
    effects, *_ = bench.fit_effects(same, SHORT, "not permuted")
    rows = check_permutations(effects, real, bench.cases, item="within_case")
    assert {r["verdict"] for r in rows} == {"spurious effect"}
