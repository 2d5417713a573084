"""Links other than the logit: formulas, likelihood, and effects."""

from dataclasses import replace

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor import function, grad
from scipy import integrate, stats
from scipy.special import ndtr
from support.made_effects import make_mediator, make_panel, make_posterior

from analysis.fitting.compile import compile_model
from analysis.fitting.fit import fit_total
from analysis.posterior.effects import compute_effects
from analysis.studies.checks.run import run_checks
from analysis.studies.claims.run import run_claims
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from models.coalition import build_coalition_model
from models.likelihood.joining import joining_logp, log_cdf_graph
from models.likelihood.link import CAUCHIT_SCALE, PROBIT_SCALE, cdf, log_cdf
from models.panel import prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec, SpecError, TierSpec

SYMMETRIC = {
    "logit": stats.logistic(),
    "probit": stats.norm(scale=1 / PROBIT_SCALE),
    "cauchit": stats.cauchy(scale=1 / CAUCHIT_SCALE),
}


@pytest.mark.parametrize("link", SYMMETRIC)
def test_links_are_distribution_functions_with_the_slope_of_the_logit(link):
    eta = np.linspace(-30, 30, 61)
    np.testing.assert_allclose(cdf(link, eta), SYMMETRIC[link].cdf(eta), rtol=1e-9)
    np.testing.assert_allclose(log_cdf(link, eta), SYMMETRIC[link].logcdf(eta), rtol=1e-9)
    assert (cdf(link, 1e-4) - cdf(link, -1e-4)) / 2e-4 == pytest.approx(0.25)


@pytest.mark.parametrize("link", SYMMETRIC)
def test_the_graph_and_its_gradient_equal_the_formula_and_stay_finite_far_out(link):
    x = pt.dvector()
    value = log_cdf_graph(link, x)
    compiled = function([x], [value, grad(value.sum(), x)])
    eta = np.linspace(-25, 25, 41)
    found, slope = compiled(eta)
    np.testing.assert_allclose(found, log_cdf(link, eta), rtol=1e-9, atol=1e-15)
    h = 1e-5
    np.testing.assert_allclose(
        slope, (log_cdf(link, eta + h) - log_cdf(link, eta - h)) / (2 * h), rtol=1e-4, atol=1e-9
    )
    assert all(np.isfinite(array).all() for array in compiled(np.array([-700.0, 700.0])))


def test_the_likelihood_integrates_a_probit_over_the_state_effect():
    eta = np.array([[0.3, -1.0], [1.2, 0.4]])
    joined = np.array([[1.0, 0.0], [1.0, 1.0]])
    included = np.array([[1.0, 1.0], [1.0, 0.0]])
    symbol = pt.dmatrix()
    value = function([symbol], joining_logp(symbol, 0.9, joined, included, link="probit"))(eta)

    def integrand(z, state):
        p = ndtr(PROBIT_SCALE * (2 * joined[:, state] - 1) * (eta[:, state] + 0.9 * z))
        return np.prod(np.where(included[:, state] == 1, p, 1.0)) * stats.norm.pdf(z)

    expected = sum(np.log(integrate.quad(integrand, -10, 10, args=(s,))[0]) for s in (0, 1))
    assert value == pytest.approx(expected, rel=1e-6)
    # The logit's likelihood is another one.
    assert joining_logp(pt.as_tensor(eta), 0.9, joined, included).eval() != pytest.approx(expected, rel=1e-3)


def test_effects_are_differences_of_the_models_own_link():
    panel, posterior = make_panel(), make_posterior(state_sd=False)
    effects = compute_effects(posterior, posterior, make_mediator(), panel, "probit").sel(group="all")
    eta, effect = posterior["eta"].values[:, 1], posterior["guarantee_effect"].values[:, 1, 1:]
    by_hand = ndtr(PROBIT_SCALE * (eta + effect)) - ndtr(PROBIT_SCALE * eta)
    np.testing.assert_allclose(effects["ame_pact_total"].sel(case="isis"), by_hand.mean(1))
    logit = compute_effects(posterior, posterior, make_mediator(), panel).sel(group="all")
    assert np.abs(logit["ame_pact_total"] - effects["ame_pact_total"]).max() > 1e-3


@pytest.mark.parametrize("link", ["probit", "cauchit"])
def test_the_compiled_gradient_equals_differences(link):
    panel, _, _ = simulate_panel(n_state=30, seed=2)
    compiled = compile_model(
        build_coalition_model(prepare_panel_data(panel), CoalitionSpec(link=link)), ["eta"]
    )
    point = np.random.default_rng(1).normal(0, 0.5, compiled.n_dim)
    _, slope = compiled.logp_func(point)
    h = 1e-6
    for place in range(0, compiled.n_dim, 7):
        step = np.zeros_like(point)
        step[place] = h
        difference = compiled.logp_func(point + step)[0] - compiled.logp_func(point - step)[0]
        assert difference / (2 * h) == pytest.approx(slope[place], rel=1e-4, abs=1e-5)


@pytest.mark.slow
def test_links_agree_on_the_effect_in_probabilities():
    """Logistic data: coefficients differ by link, differences in probability do not."""
    panel, _, _ = simulate_panel(n_state=200, guarantee_effect=1.0, seed=4)
    sampler = SamplerSpec(draws=1000, tune=500, chains=2)
    change, coefficient = {}, {}
    for link in SYMMETRIC:
        spec = CoalitionSpec(link=link, state_effect=False)
        posterior = fit_total(panel, spec, sampler, seed=1)["posterior"].dataset
        coefficient[link] = posterior["guarantee_effect"].sel(level="pact", drop=True)
        raised = cdf(link, posterior["eta"] + coefficient[link]) - cdf(link, posterior["eta"])
        change[link] = raised.where(panel["included"]).mean(("case", "state"))
    for link in ("probit", "cauchit"):
        assert abs(change[link].mean() - change["logit"].mean()) < 0.5 * change["logit"].std()
    # The same check fails on coefficients: heavy tails need larger ones.
    assert abs(coefficient["cauchit"].mean() - coefficient["logit"].mean()) > 0.5 * coefficient["logit"].std()


def test_what_has_the_logit_alone_refuses_others():
    probit = replace(MAIN, coalition=CoalitionSpec(link="probit"))
    with pytest.raises(ValueError, match=r"checks is offered for .*'logit'.* got link='probit'"):
        run_checks(probit, report=lambda name: lambda share: None)
    with pytest.raises(ValueError, match="claims"):
        run_claims(probit, report=lambda name: lambda share: None)
    with pytest.raises(SpecError, match=r"TierSpec.predictor.link = 'probit'; allowed: 'logit'"):
        TierSpec(predictor=CoalitionSpec(link="probit"))
    with pytest.raises(SpecError, match="'logit', 'probit', 'cauchit'"):
        CoalitionSpec(link="cloglog")
