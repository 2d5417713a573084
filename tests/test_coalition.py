import dataclasses

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats
from scipy.special import expit

from analysis.effects import compute_effects
from analysis.fit import SamplerSpec, fit_total, stack_draws
from analysis.refits import fit_direct
from models.coalition import build_coalition_model, centre_alignment, prepare_coalition_data
from models.simulate import simulate_panel
from models.spec import CoalitionSpec
from tests.conftest import draw_point, evaluate_logp

SPEC = CoalitionSpec()


def small_panel(n_state=25, seed=3):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    panel["included"][0, 2] = False
    panel["joined"][0, 2] = np.nan
    return panel, alignment


def split(point):
    return {k.removesuffix("_signed"): v for k, v in point.items()}


def test_log_density_equals_a_hand_sum_with_the_state_effect_integrated_by_scipy():
    panel, alignment = small_panel(n_state=6, seed=1)
    model = build_coalition_model(panel, SPEC, centre_alignment(panel, alignment))
    point = draw_point(model, 1)
    v = split(point)
    data = prepare_coalition_data(panel)
    position = centre_alignment(panel, alignment)
    tau = v["guarantee_effect_mean"] + v["guarantee_effect_case_sd"] * v["guarantee_effect_offset"]
    slope = v["alignment_slope_mean"] + v["alignment_slope_case_sd"] * v["alignment_slope_offset"]

    def probability(case, state, nu):
        eta = v["intercept"][case] + data["covariates"][case, state] @ v["covariate_slope"][case]
        eta += v["region_sd"] * v["region_offset"][case, data["region_idx"][state]]
        eta += slope[case] * position[case, state] + tau[case] @ data["has_level"][:, case, state] + nu
        return expit(eta) if panel["joined"].values[case, state] else 1 - expit(eta)

    total = 0.0
    for state in range(panel.sizes["state"]):
        cases = [c for c in (0, 1) if panel["included"].values[c, state]]

        def integrand(nu, state=state, cases=cases):
            likelihood = np.prod([probability(c, state, nu) for c in cases])
            return likelihood * stats.norm.pdf(nu, 0, abs(v["state_sd"]))

        total += np.log(integrate.quad(integrand, -12, 12, epsabs=1e-13)[0])
    for name, scale in (
        ("region_sd", SPEC.region_scale),
        ("state_sd", SPEC.state_scale),
        ("guarantee_effect_case_sd", SPEC.guarantee_case_scale),
        ("alignment_slope_case_sd", SPEC.alignment_case_scale),
    ):
        # A half-normal is a normal on both sides, each with half of the probability.
        total += np.sum(stats.halfnorm.logpdf(np.abs(v[name]), scale=scale) - np.log(2))
    for name, scale in (
        ("intercept", SPEC.intercept_scale),
        ("covariate_slope", SPEC.covariate_scale),
        ("region_offset", 1),
        ("guarantee_effect_mean", SPEC.guarantee_scale),
        ("guarantee_effect_offset", 1),
        ("alignment_slope_mean", SPEC.alignment_scale),
        ("alignment_slope_offset", 1),
    ):
        total += stats.norm.logpdf(v[name], 0, scale).sum()
    assert evaluate_logp(model, point) == pytest.approx(total, abs=2e-4)


def test_relabelling_states_changes_nothing():
    panel, alignment = small_panel()
    model = build_coalition_model(panel, SPEC, centre_alignment(panel, alignment))
    point = draw_point(model, 4)
    order = np.random.default_rng(0).permutation(panel.sizes["state"])
    moved, moved_alignment = panel.isel(state=order), alignment.isel(state=order)
    other = build_coalition_model(moved, SPEC, centre_alignment(moved, moved_alignment))
    assert evaluate_logp(other, point) == pytest.approx(evaluate_logp(model, point), rel=1e-10)
    wrong = build_coalition_model(moved, SPEC, centre_alignment(panel, alignment))
    assert evaluate_logp(wrong, point) != pytest.approx(evaluate_logp(model, point), rel=1e-6)


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(SPEC) if f.type is float])
def test_every_prior_number_changes_the_density(field):
    panel, alignment = small_panel()
    panel["covariates_transformed"][1, 4, 0] = np.nan
    position = centre_alignment(panel, alignment)
    pooling = "levels" if field == "guarantee_level_scale" else "apart"
    spec = dataclasses.replace(SPEC, guarantee_pooling=pooling, missing="impute")
