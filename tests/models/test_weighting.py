"""The second estimator: its regressions, known effects in simulated worlds, and what it cannot see."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from models.weighting import (
    INTERCEPT_SCALE,
    SLOPE_SCALE,
    compute_imbalance,
    count_effective,
    draw_weights,
    estimate_effects,
    find_overlap,
    fit_ridge,
    select_compared,
    weigh_controls,
)

WORLDS, DRAWS = 120, 100
N_STATE, N_BLOC = 105, 14


def make_world(rng, *, effect=1.0, by_region=0.0, bloc_sd=0.0, hidden=0.0):
    """105 states in three regions and 14 blocs, with a guarantee that depends on covariates and region.

    ``by_region``: how the effect (logits) differs between regions. ``bloc_sd``: of the effects of a bloc on
    the guarantee and on joining. ``hidden``: slope of an unseen cause on both. Returns what an analyst sees,
    and each state's probability of joining without and with the guarantee.
    """
    bloc = np.sort(np.arange(N_STATE) % N_BLOC)
    region = bloc * 3 // N_BLOC
    covariates = rng.normal(size=(N_STATE, 5)) + 0.4 * rng.normal(size=(N_BLOC, 5))[bloc]
    unseen = hidden * rng.normal(size=N_STATE)
    of_guarantee = covariates @ [0.5, -0.3, 0.4, 0.0, 0.2] + np.array([-1.9, -0.7, -0.1])[region] + unseen
    of_guarantee += 0.8 * bloc_sd * rng.normal(size=N_BLOC)[bloc]
    without = covariates @ [0.5, 0.3, 0.4, -0.3, 0.0] + np.array([-1.3, -0.8, -0.3])[region] + unseen
    without += bloc_sd * rng.normal(size=N_BLOC)[bloc] + 0.7 * rng.normal(size=N_STATE)
    treated = rng.random(N_STATE) < expit(of_guarantee)
    chance = expit(without), expit(without + effect + by_region * (region - 1.0))
    joined = rng.random(N_STATE) < np.where(treated, chance[1], chance[0])
    return joined.astype(float), treated, ~treated, covariates, region, bloc, chance


def recover(unit="state", **world):
    """Return for each kind of effect the share of worlds covered by 90 % intervals, and the mean error."""
    covered, error = {}, {}
    for seed in range(WORLDS):
        rng = np.random.default_rng(seed)
        *seen, bloc, chance = make_world(rng, **world)
        compared = select_compared(*seen)
        unit_idx = np.arange(N_STATE) if unit == "state" else bloc
        effects = estimate_effects(compared, draw_weights(unit_idx, DRAWS, rng)[:, compared.rows], rng)
        truth = (chance[1] - chance[0])[compared.rows]
        propensity = {"ate": np.ones(len(truth)), "att": compared.treated, "raw": compared.treated}
        for kind, weight in propensity.items():
            true = np.average(truth, weights=weight)
            lower, upper = np.quantile(effects[kind], [0.05, 0.95])
            covered.setdefault(kind, []).append(lower <= true <= upper)
            error.setdefault(kind, []).append(effects[kind].mean() - true)
    return {k: np.mean(v) for k, v in covered.items()}, {k: np.mean(v) for k, v in error.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "world",
    [{"effect": 0.0}, {"effect": 1.2}, {"by_region": 1.0}, {"bloc_sd": 1.0}],
    ids=["no effect", "effect", "by region", "blocs"],
)
def test_known_effects_are_recovered_and_the_naive_difference_misses(world):
    covered, error = recover(**world)
    # Intervals of the average over all states are a little too wide where the effect differs between states.
    for kind, most in (("att", 0.96), ("ate", 0.98)):
        assert 0.85 <= covered[kind] <= most
        assert abs(error[kind]) < 0.03
    assert covered["raw"] < 0.8
    assert error["raw"] > 0.07


@pytest.mark.slow
def test_weights_of_whole_blocs_recover_effects_among_blocs():
    covered, error = recover(unit="bloc", bloc_sd=1.0)
    assert covered["att"] > 0.85
    assert abs(error["att"]) < 0.03


@pytest.mark.slow
def test_a_hidden_cause_is_not_seen():
    covered, error = recover(hidden=1.0)
    assert error["att"] > 0.1
    assert covered["att"] < 0.85


def test_regressions_are_those_of_a_general_optimiser():
    rng = np.random.default_rng(1)
    design = np.concatenate([np.ones((60, 1)), rng.normal(size=(60, 4))], 1)
    answer, weight = (rng.random(60) < 0.3).astype(float), rng.exponential(size=(3, 60))
    scale = np.array([INTERCEPT_SCALE, *[SLOPE_SCALE] * 4])

    def loss(b, w):
        eta = design @ b
        return (w * (np.logaddexp(0, eta) - answer * eta)).sum() + 0.5 * ((b / scale) ** 2).sum()

    for fitted, w in zip(fit_ridge(design, answer, weight), weight, strict=True):
        np.testing.assert_allclose(fitted, minimize(loss, np.zeros(5), w, tol=1e-10).x, atol=2e-5)


def test_separated_answers_have_a_finite_fit():
    design = np.concatenate([np.ones((20, 1)), np.repeat([[-1.0], [1.0]], 10, 0)], 1)
    for answer in (np.repeat([0.0, 1.0], 10), np.zeros(20)):
        assert np.abs(fit_ridge(design, answer, np.ones((1, 20)))).max() < 10


def test_either_model_alone_is_enough():
    """Joining depends on a square that the regressions lack; the right weights still find the effect."""
    rng = np.random.default_rng(2)
    n = 40_000
    x = rng.normal(size=(n, 1))
    treated = rng.random(n) < expit(x[:, 0])
    joined = (rng.random(n) < np.clip(0.2 + 0.1 * x[:, 0] ** 2 + 0.2 * treated, 0, 1)).astype(float)
    compared = select_compared(joined, treated, ~treated, x, np.zeros(n, int))
    effects = estimate_effects(compared, np.ones((1, n)), rng)
    chance = [np.clip(0.2 + 0.1 * x[:, 0] ** 2 + a, 0, 1) for a in (0.0, 0.2)]
    assert effects["att"] == pytest.approx((chance[1] - chance[0])[treated].mean(), abs=0.02)
    assert effects["ate"] == pytest.approx((chance[1] - chance[0]).mean(), abs=0.02)


def test_regions_without_both_kinds_of_states_are_left_out():
    treated = np.array([1, 0, 0, 0, 1, 0], bool)
    control = np.array([0, 1, 0, 1, 0, 0], bool)
    region = np.array([0, 0, 0, 1, 2, 2])
    assert find_overlap(treated, control, region).tolist() == [True, True, True, False, False, False]
    compared = select_compared(np.ones(6), treated, control, np.arange(6.0)[:, None], region)
    assert compared.rows.tolist() == [0, 1]
    assert compared.design.shape == (2, 3)


def test_states_of_a_unit_share_a_weight():
    unit = np.array([0, 0, 1, 2, 2])
    weight = draw_weights(unit, 4000, np.random.default_rng(3))
    assert (weight[:, 0] == weight[:, 1]).all()
    assert (weight[:, 3] == weight[:, 4]).all()
    share = draw_weights(np.arange(3), 20_000, np.random.default_rng(4))
    share /= share.sum(1, keepdims=True)
    # Dirichlet(1, 1, 1): mean 1/3 and variance 2/36.
    assert share.mean(0) == pytest.approx(np.full(3, 1 / 3), abs=0.01)
    assert share.var(0) == pytest.approx(np.full(3, 2 / 36), abs=0.002)


def test_weights_bring_the_controls_nearer():
    rng = np.random.default_rng(5)
    *seen, _, _ = make_world(rng)
    compared = select_compared(*seen)
    weight = weigh_controls(compared)
    even = 1 - compared.treated
    assert (weight[compared.treated == 1] == 0).all()
    after, before = compute_imbalance(compared, weight), compute_imbalance(compared, even)
    assert np.abs(after).mean() < 0.4 * np.abs(before).mean()
    assert 1 < count_effective(weight) < count_effective(even) == pytest.approx(even.sum())
