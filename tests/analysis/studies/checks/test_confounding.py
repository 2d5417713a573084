"""A hidden cause that is planted is explained away at its own strength, and at no other."""

import numpy as np
import pytest
from scipy.special import expit
from support.made_bench import SPEC

from analysis.fitting.fit import SAVED_TOTAL, list_saved
from analysis.fitting.refits import refit_to_gates, shape_refits
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks import confounding
from analysis.studies.checks.bench import SHORT, Bench
from analysis.studies.checks.confounding import e_value, explain_guarantee, find_tipping, weigh_hidden
from models.confounding import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES, build_confounded_model
from models.panel import prepare_panel_data
from models.simulate.static import simulate_panel, standardise

PLANTED = 2.0
"""Logits per standard deviation of a hidden cause, on the guarantee and on joining."""
WORLDS = 8


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


def fit_worlds(planted, strengths):
    """Return the ends of the interval and the mean of a pact without effect, by world and strength."""
    variations, worlds, model = [], [], None
    for seed in range(WORLDS):
        rng = np.random.default_rng(seed)
        panel, _, _ = simulate_panel(n_state=190, seed=seed)
        wealth = standardise(panel["covariates_transformed"].values[..., 0])
        hidden = rng.normal(size=190)
        pact = rng.random(190) < expit(-0.8 + 0.8 * wealth[0] + planted * hidden)
        held = panel["guarantee"].copy(data=np.broadcast_to(np.where(pact, "pact", "none"), (2, 190)))
        panel["guarantee"] = held.assign_attrs(levels=["none", "pact"])
        logit = -0.8 + 0.5 * wealth + planted * hidden
        panel["joined"][:] = (rng.random((2, 190)) < expit(logit)).astype(float)
        data = Bench(panel, np.zeros((2, 190)), SPEC, seed=1).data("total")
        protected, design = confounding.describe_guarantee(data, 0)
        weights = [confounding.weigh_hidden(protected, design, a) for a in strengths]
        model = model or build_confounded_model(prepare_panel_data(panel), SPEC, weights[0], 0.0)
        names = ("joined_observed", "included", "has_level", "covariates", "region_idx")
        of_world = {name: getattr(data, name) for name in names}
        variations += [
            of_world | {"hidden_log_weight": w, "strength": np.array(b)}
            for w, b in zip(weights, strengths, strict=True)
        ]
        worlds += [(data, w, b) for w, b in zip(weights, strengths, strict=True)]
    saved = list_saved(model, [name for name in SAVED_TOTAL if name != "eta"])
    compiled = shape_refits(model, saved, seed=1)
    idata = refit_to_gates(compiled, variations, SHORT, name="confounded", seed=1)
    found = []
    for k, (data, weight, strength) in enumerate(worlds):
        draws = stack(idata["posterior"].dataset.isel(refit=k, draw=slice(None, None, 5)))
        contrasts = confounding.hidden_contrasts(draws, data, 0, weight, strength)
        effect = average_contrasts(contrasts)[:, -1]
        found.append([*np.quantile(effect, [0.05, 0.95]), effect.mean()])
    return np.array(found).reshape(WORLDS, len(strengths), 3)


@pytest.mark.slow
def test_a_planted_cause_looks_like_an_effect_and_explains_it_away_at_its_own_strength():
    """The interval of one world excludes 0 one time in ten, so that the mean of eight is tested."""
    naive, weak, right = np.moveaxis(fit_worlds(PLANTED, (0.0, 0.5, PLANTED)), 1, 0)
    error = right[:, 2].std(ddof=1) / np.sqrt(WORLDS)
    assert naive[:, 2].mean() > 0.1 + 3 * error
    assert abs(right[:, 2].mean()) < 3 * error
    # With correct intervals, fewer than six of eight contain the truth in one run of 26.
    assert np.sum((right[:, 0] < 0) & (right[:, 1] > 0)) >= 6
    # A quarter of its strength does not explain the effect away: the surface distinguishes strengths.
    assert weak[:, 2].mean() > 0.05 + 3 * error


@pytest.mark.slow
def test_without_a_planted_cause_there_is_no_effect_to_explain_away():
    naive, assumed = np.moveaxis(fit_worlds(0.0, (0.0, PLANTED)), 1, 0)
    error = naive[:, 2].std(ddof=1) / np.sqrt(WORLDS)
    assert abs(naive[:, 2].mean()) < 3 * error
    # Assuming a cause that does not exist pushes an effect of 0 below 0.
    assert assumed[:, 2].mean() < -0.1
