"""Subregions, and levels whose effect changes with capability and region."""

import dataclasses

import numpy as np
import pymc as pm
import pytest
import xarray as xr
from support.densities import draw_point, evaluate_logp, pool_two_cases

from analysis.posterior.answers import log_likelihood_by_state, state_outcomes
from analysis.posterior.joining import predict_joining, weigh_state_effects
from models.coalition import build_coalition_model, compute_eta
from models.coordinates.effects import MIRRORED
from models.coordinates.precondition import fold
from models.panel import Stage2Data, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec, SpecError

SPEC = CoalitionSpec(heterogeneity="capability-region")


@pytest.fixture(scope="module")
def made():
    """A panel, its arrays, the model without alignment, a point, and the model's variables there."""
    panel, _, _ = simulate_panel(n_state=25, seed=3)
    panel = panel.assign_coords(covariate=["gdp_per_capita", "capability"])
    panel["included"][0, 2] = False
    panel["joined"][0, 2] = np.nan
    data = prepare_panel_data(panel)
    model = build_coalition_model(data, dataclasses.replace(SPEC, likelihood="graph"))
    point = draw_point(model, 1)
    names = [v.name for v in (*model.free_RVs, *model.deterministics)]
    at = model.compile_fn(
        [model[n] for n in names], inputs=model.free_RVs, mode="FAST_COMPILE", on_unused_input="ignore"
    )(point)
    coords = {dim: np.asarray(values) for dim, values in model.coords.items() if values is not None}
    values = {
        n: (("sample", *(model.named_vars_to_dims.get(n) or ())), np.asarray(v)[None])
        for n, v in zip(names, at, strict=True)
    }
    used = {dim for dims, _ in values.values() for dim in dims}
    posterior = xr.Dataset(values, {d: c for d, c in coords.items() if d in used})
    return panel, data, model, point, posterior


def predict_by_hand(data, point):
    """Return the predictor without guarantee (case, state), and each level's effect (case, level, state)."""
    v = {name.removesuffix("_signed"): value for name, value in point.items()}

    def shrink(name):
        sd = v[f"{name}_sd"]
        return sd / np.sqrt(1 + sd**2) * v[f"{name}_part"]

    eta = v["intercept"][:, None] + np.einsum("csk,ck->cs", data.covariates, v["covariate_slope"])
    eta = eta + shrink("region")[:, data.region_idx] + shrink("subregion")[:, data.subregion_idx]
    tau = pool_two_cases(v, "guarantee_effect", SPEC.guarantee_scale)
    slope = pool_two_cases(v, "guarantee_capability", SPEC.interaction_scale)
    part = v["guarantee_region_sd"] * v["guarantee_region_offset"]
    # Average over two cases, with variance 3/4 of the whole, and half of their difference, with 1/4.
    average, half = np.sqrt(0.75) * part[0], np.sqrt(0.25) * part[1]
    regional = np.stack([average + half, average - half])
    effect = tau[..., None] + slope[..., None] * data.covariates[:, None, :, 1]
    return eta, effect + regional[:, :, data.region_idx]


def test_the_predictor_is_that_of_the_page(made):
    _, data, _, point, posterior = made
    eta, _ = predict_by_hand(data, point)
    np.testing.assert_allclose(posterior["eta"][0], eta, atol=1e-10)
    np.testing.assert_allclose(compute_eta(posterior, data, None)[0], eta, atol=1e-10)


def test_draws_give_the_likelihood_of_the_model_and_the_outcomes_of_the_main_job(made):
    panel, data, model, point, posterior = made
    _, effect = predict_by_hand(data, point)
    posterior = posterior.assign(alignment_slope=xr.zeros_like(posterior["intercept"]))
    seen = Stage2Data(data.joined, data.included, data.has_level, data.covariates, data.region_idx,
                      np.zeros_like(data.joined), data.subregion_idx)  # fmt: skip
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")(point)
    total = log_likelihood_by_state(posterior, seen).sum()
    assert total == pytest.approx(evaluate_logp(model, point) - prior, abs=1e-8)
    # The same comparison sees a state with the effect of another region.
    moved = seen._replace(region_idx=np.where(data.has_level[1, 0] == 1, 0, data.region_idx))
    assert abs(log_likelihood_by_state(posterior, moved).sum() - total) > 1e-3
    without, given = state_outcomes(posterior, seen, 1)
    weights = weigh_state_effects(posterior, panel)
    for level, expected in (("none", without), ("pact", given)):
        np.testing.assert_allclose(predict_joining(posterior, panel, level, weights), expected, atol=1e-12)
    assert np.ptp(effect[:, 1], axis=-1).min() > 0.1


def test_fused_and_graph_have_the_same_density(made):
    _, data, model, point, _ = made
    fused = build_coalition_model(data, SPEC)
    assert evaluate_logp(fused, point) == pytest.approx(evaluate_logp(model, point), rel=1e-10)


def test_regional_interactions_are_normal_and_half_shared_by_the_cases(made):
    _, _, model, _, _ = made
    effect, sd = pm.draw([model["guarantee_region"], model["guarantee_region_sd"]], 20_000, random_seed=1)
    scaled = effect / sd[:, None, None, None]
    np.testing.assert_allclose(scaled.std(0), 1.0, rtol=0.03)
    assert np.corrcoef(scaled[:, 0, 1, 2], scaled[:, 1, 1, 2])[0, 1] == pytest.approx(0.5, abs=0.03)
    assert abs(np.corrcoef(scaled[:, 0, 1, 2], scaled[:, 0, 1, 3])[0, 1]) < 0.03


def test_both_signs_of_the_new_standard_deviations_are_one_density(made):
    _, _, model, point, _ = made
    names = [value.name for value in model.value_vars]
    flat = np.concatenate([np.ravel(point[name]) for name in names])
    ends = np.cumsum([np.size(point[name]) for name in names])[:-1]
    turned = dict(zip(names, np.split(flat, ends), strict=True))
    for sd, part in MIRRORED.items():
        turned[sd], turned[part] = -turned[sd], -turned[part]
    negative = np.concatenate([np.ravel(turned[name]) for name in names])
    again = {n: x.reshape(np.shape(point[n])) for n, x in zip(names, np.split(negative, ends), strict=True)}
    assert evaluate_logp(model, again) == pytest.approx(evaluate_logp(model, point), rel=1e-12)
    folded = fold(np.stack([flat, negative]), model, MIRRORED)
    np.testing.assert_allclose(folded[0], folded[1])


def test_an_interaction_needs_its_main_effect():
    panel, _, _ = simulate_panel(n_state=20, seed=1)
    with pytest.raises(SpecError, match="needs the covariate 'capability'; covariates: gdp_per_capita, dist"):
        build_coalition_model(prepare_panel_data(panel), SPEC)
