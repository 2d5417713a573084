"""A hidden cause that is planted is explained away at its own strength, and at no other."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from support.made_bench import SPEC, make_data, make_draws
from support.ungated import short_fits

from analysis.fitting.fit import SAVED_TOTAL, list_saved
from analysis.fitting.refits import refit_to_gates, shape_refits
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks.bench import SHORT, Bench
from analysis.studies.checks.hidden.benchmarks import REGION, measure_benchmarks
from analysis.studies.checks.hidden.guarantee import describe_guarantee, explain_guarantee, weigh_hidden
from analysis.studies.checks.hidden.judge import e_value, find_tipping, judge
from analysis.studies.checks.hidden.surface import hidden_contrasts
from analysis.studies.checks.hidden.words import find_strongest, grow_until_zero, say_strongest
from models.confounding import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES, build_confounded_model
from models.panel import prepare_panel_data
from models.simulate.static import simulate_panel, standardise

PLANTED = 2.0
"""Logits per standard deviation of a hidden cause, on the guarantee and on joining."""
WORLDS, FEW = 8, 3
"""Simulated worlds where the mean is tested for 0, and where it is tested to be far off."""


def test_tipping_and_e_value():
    assert find_tipping(np.array([0.0, 1.0, 2.0]), np.array([0.4, 0.1, -0.1])) == pytest.approx(1.5)
    assert find_tipping(np.array([0.0, 1.0]), np.array([0.4, 0.1])) == np.inf
    # VanderWeele and Ding (2017): smoking and lung cancer, risk ratio 10.73 (8.02).
    assert e_value(10.73) == pytest.approx(20.9, abs=0.1)
    assert e_value(8.02) == pytest.approx(15.5, abs=0.1)
    assert e_value(0.5) == e_value(2.0)


def test_states_with_a_guarantee_stand_higher_on_the_hidden_cause_and_coefficients_are_recovered():
    rng = np.random.default_rng(2)
    n, strength = 4000, 2.0
    x, u = rng.normal(size=n), rng.normal(size=n)
    protected = (rng.random(n) < expit(-0.5 + 0.9 * x + strength * u)).astype(float)
    design = np.column_stack([np.ones(n), x])
    b = explain_guarantee(protected, design, strength)
    np.testing.assert_allclose(b, [-0.5, 0.9], atol=0.15)
    # Ignoring the hidden cause flattens the slope.
    assert explain_guarantee(protected, design, 0.0)[1] < 0.75
    expected = np.exp(weigh_hidden(protected, design, strength)) @ HIDDEN_NODES
    for has in (0, 1):
        assert expected[protected == has].mean() == pytest.approx(u[protected == has].mean(), abs=0.06)
    flat = weigh_hidden(protected, design, 0.0)
    np.testing.assert_allclose(flat, np.broadcast_to(HIDDEN_LOG_WEIGHTS, flat.shape))


def test_benchmarks_are_all_covariates_and_the_region_of_each_case():
    """A covariate that is strong in one case only is not averaged away, and regions count."""
    panel, _, data = make_data(n_state=4000, seed=3)
    rng = np.random.default_rng(1)
    x, place = data.covariates, np.array([-1.5, -0.5, 0.0, 0.5, 1.5])[data.region_idx]
    logits = np.stack([-1 + 2.0 * x[0, :, 0] + place, -1 + 0.0 * x[1, :, 0] + place])
    has = (rng.random(logits.shape) < expit(logits)).astype(float) * data.included
    data = data._replace(has_level=np.stack([has]), subregion_idx=None)
    flat = make_draws(panel, n=400)
    slopes = np.broadcast_to([[0.2, -1.2], [0.2, 1.2]], (400, 2, 2))
    regions = np.broadcast_to(np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), (400, 2, 5))
    flat = flat.assign(covariate_slope=(("sample", "case", "covariate"), slopes))
    flat = flat.assign(region_effect=(("sample", "case", "region"), regions))
    cases, names = ["iraq", "isis"], ["wealth", "size"]
    found = {(b.name, b.case): b for b in measure_benchmarks(data, 0, flat, cases, names)}
    assert set(found) == {(name, case) for name in (*names, REGION) for case in cases}
    assert found["wealth", "iraq"].on_guarantee == pytest.approx(2.0, abs=0.15)
    assert found["wealth", "isis"].on_guarantee < 0.15
    # Slopes of opposite signs are strong in both cases; their mean over cases would be 0.
    assert [found["size", case].on_joining for case in cases] == pytest.approx([1.2, 1.2])
    of_region = regions[0, 0][data.region_idx]
    assert found[REGION, "iraq"].on_joining == pytest.approx(of_region.std(), abs=0.02)
    assert found[REGION, "iraq"].on_guarantee == pytest.approx(place.std(), abs=0.15)


def make_surface_table():
    """Return a surface on which the effect falls by 0.1 times the product of the strengths."""
    rows = [
        {"strength_guarantee": a, "strength_joining": b, "case": case, "effect": 0.4 - 0.1 * a * b}
        | {"lower": 0.2 - 0.1 * a * b, "upper": 0.6 - 0.1 * a * b, "benchmark": name, "benchmark_case": of}
        for case in ("iraq", "isis", "pooled")
        for a, b, name, of in (
            *((a, b, "", "") for a in np.arange(0, 3.1, 0.25) for b in np.arange(0, 3.1, 0.25)),
            (1.0, 1.0, "gdp_per_capita", "iraq"),
            (0.5, 0.5, "region", "iraq"),
            (1.5, 1.0, "region", "isis"),
        )
    ]
    return pd.DataFrame(rows)


def test_the_strongest_measured_cause_is_the_one_whose_like_leaves_least():
    table = make_surface_table()
    found = find_strongest(table, "iraq")
    assert (found.name, found.of_case) == ("gdp_per_capita", "iraq")
    assert (found.main, found.effect, found.lower) == pytest.approx((0.4, 0.3, 0.1))
    # The product of strengths is 1; the effect needs 4, its interval 2.
    assert found.gone == pytest.approx(2.0, abs=0.02)
    assert found.doubtful == pytest.approx(np.sqrt(2), abs=0.02)
    assert found.limit == pytest.approx(3.0)
    assert judge(found) == "interval above 0"
    # In both cases pooled, the strengths of either case count.
    assert (find_strongest(table, "pooled").name, find_strongest(table, "pooled").of_case) == (
        "region",
        "isis",
    )
    told = say_strongest(found, "Iraq 2003", {"iraq": "Iraq 2003"})
    assert "gdp per capita would take most away" in told
    assert "would leave 30 (10 to 50) points" in told
    assert "reaches 0 at 1.4 times its strength, the effect itself at 2.0 times" in told
    pooled = say_strongest(find_strongest(table, "pooled"), "Both", {"isis": "ISIS"})
    assert "the differences between regions in ISIS" in pooled
    weak = table.assign(effect=0.4, lower=0.2)
    assert "stays above 0 up to 3.0 times" in say_strongest(find_strongest(weak, "iraq"), "Iraq", {})
    gone = table.assign(effect=table["effect"].where(table["benchmark"] == "", -0.01))
    assert judge(find_strongest(gone, "iraq")) == "explained away"
    assert "explains the effect away" in say_strongest(find_strongest(gone, "iraq"), "Iraq", {})


def test_a_benchmark_beyond_the_surface_counts_at_its_own_strength():
    grid = make_surface_table().query("case == 'iraq' and benchmark == ''")
    assert grow_until_zero(grid, (4.0, 4.0), 0.75, "effect", -1.2) == pytest.approx(0.5, abs=0.01)
    assert grow_until_zero(grid, (6.0, 0.1), 0.5, "effect", 0.34) == np.inf
    assert grow_until_zero(grid, (6.0, 0.5), 0.5, "effect", -0.1) == 1.0


def make_world(planted, seed):
    """Return the panel and the data of a world in which a pact has no effect and a hidden cause has."""
    rng = np.random.default_rng(seed)
    panel, _, _ = simulate_panel(n_state=190, seed=seed)
    wealth = standardise(panel["covariates_transformed"].values[..., 0])
    hidden = rng.normal(size=190)
    pact = rng.random(190) < expit(-0.8 + 0.8 * wealth[0] + planted * hidden)
    held = panel["guarantee"].copy(data=np.broadcast_to(np.where(pact, "pact", "none"), (2, 190)))
    panel["guarantee"] = held.assign_attrs(levels=["none", "pact"])
    logit = -0.8 + 0.5 * wealth + planted * hidden
    panel["joined"][:] = (rng.random((2, 190)) < expit(logit)).astype(float)
    return panel, Bench(panel, np.zeros((2, 190)), SPEC, seed=1).data("total")


@pytest.fixture(scope="module")
def compiled():
    """Return the model, compiled once for all worlds."""
    panel, data = make_world(PLANTED, 0)
    weights = weigh_hidden(*describe_guarantee(data, 0), 0.0)
    model = build_confounded_model(prepare_panel_data(panel), SPEC, weights, 0.0)
    return shape_refits(model, list_saved(model, [n for n in SAVED_TOTAL if n != "eta"]), seed=1)


def fit_worlds(compiled, planted, worlds):
    """Return the ends of the interval and the mean of a pact without effect, (world, 3), by strength.

    ``worlds`` has the number of worlds of each assumed strength. An error of the mean has to be small where
    the mean should be 0; where it should be far off, a few worlds show it.
    """
    asked, variations = [], []
    for strength, count in worlds.items():
        for seed in range(count):
            _, data = make_world(planted, seed)
            weight = weigh_hidden(*describe_guarantee(data, 0), strength)
            names = ("joined_observed", "included", "has_level", "covariates", "region_idx")
            of_world = {name: getattr(data, name) for name in names}
            variations.append(of_world | {"hidden_log_weight": weight, "strength": np.array(strength)})
            asked.append((data, weight, strength))
    sampler = replace(SHORT, draws=250, tune=100)
    with short_fits():
        idata = refit_to_gates(compiled, variations, sampler, name="confounded", seed=1)
    found = {strength: [] for strength in worlds}
    for k, (data, weight, strength) in enumerate(asked):
        draws = stack(idata["posterior"].dataset.isel(refit=k, draw=slice(None, None, 2)))
        effect = average_contrasts(hidden_contrasts(draws, data, 0, weight, strength))[:, -1]
        found[strength].append([*np.quantile(effect, [0.05, 0.95]), effect.mean()])
    return [np.array(rows) for rows in found.values()]


@pytest.mark.slow
def test_a_planted_cause_looks_like_an_effect_and_explains_it_away_at_its_own_strength(compiled):
    """The interval of one world excludes 0 one time in ten, so that the mean of eight is tested."""
    naive, weak, right = fit_worlds(compiled, PLANTED, {0.0: FEW, 0.5: FEW, PLANTED: WORLDS})
    error = right[:, 2].std(ddof=1) / np.sqrt(WORLDS)
    error_of_few = right[:, 2].std(ddof=1) / np.sqrt(FEW)
    assert naive[:, 2].mean() > 0.1 + 3 * error_of_few
    assert abs(right[:, 2].mean()) < 3 * error
    # With correct intervals, fewer than six of eight contain the truth in one run of 26.
    assert np.sum((right[:, 0] < 0) & (right[:, 1] > 0)) >= 6
    # A quarter of its strength does not explain the effect away: the surface distinguishes strengths.
    assert weak[:, 2].mean() > 0.05 + 3 * error_of_few


@pytest.mark.slow
def test_without_a_planted_cause_there_is_no_effect_to_explain_away(compiled):
    naive, assumed = fit_worlds(compiled, 0.0, {0.0: WORLDS, PLANTED: FEW})
    error = naive[:, 2].std(ddof=1) / np.sqrt(WORLDS)
    assert abs(naive[:, 2].mean()) < 3 * error
    # Assuming a cause that does not exist pushes an effect of 0 below 0.
    assert assumed[:, 2].mean() < -0.1
