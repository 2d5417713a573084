import dataclasses

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from scipy import integrate, stats
from scipy.special import expit
from support.densities import POOLED_PARTS, draw_point, evaluate_logp, pool_two_cases
from support.made_effects import draw_alignment_model

from analysis.fitting.fit import fit_total
from analysis.fitting.refits import fit_direct
from analysis.posterior.draws import stack
from analysis.posterior.effects import compute_effects
from analysis.posterior.positions import pair_positions
from analysis.variants.sampler import SamplerSpec
from models.coalition import build_coalition_model
from models.coordinates.effects import MIRRORED
from models.coordinates.precondition import fold
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import AlignmentSpec, CoalitionSpec

SPEC = CoalitionSpec(geography="region")
"""Subregions and interactions have tests of their own: test_interactions.py."""


def small_panel(n_state=25, seed=3):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    panel["included"][0, 2] = False
    panel["joined"][0, 2] = np.nan
    return panel, alignment


def split(point):
    return {k.removesuffix("_signed"): v for k, v in point.items()}


def test_log_density_equals_a_sum_by_hand_with_the_state_effect_integrated_by_scipy():
    panel, alignment = small_panel(n_state=6, seed=1)
    model = build_coalition_model(prepare_panel_data(panel), SPEC, centre_alignment(panel, alignment))
    point = draw_point(model, 1)
    v = split(point)
    data = prepare_panel_data(panel)
    position = centre_alignment(panel, alignment)
    tau = pool_two_cases(v, "guarantee_effect", SPEC.guarantee_scale)
    slope = pool_two_cases(v, "alignment_slope", SPEC.alignment_scale)

    spread = np.sqrt(1 + v["region_sd"] ** 2)

    def probability(case, state, nu):
        eta = v["intercept"][case] + data.covariates[case, state] @ v["covariate_slope"][case]
        eta += v["region_sd"] / spread * v["region_part"][case, data.region_idx[state]]
        eta += slope[case] * position[case, state] + tau[case] @ data.has_level[:, case, state] + nu
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
        ("region_part", spread),
        *((f"{name}_{part}", 1) for name in ("guarantee_effect", "alignment_slope") for part in POOLED_PARTS),
    ):
        total += stats.norm.logpdf(v[name], 0, scale).sum()
    assert evaluate_logp(model, point) == pytest.approx(total, abs=2e-4)


@pytest.mark.parametrize("pooling", ["apart", "levels"])
def test_effects_have_the_prior_distribution_around_their_means(pooling):
    """The sampled variables are not mean and offsets, but must imply the same distribution."""
    panel, _ = small_panel()
    spec = dataclasses.replace(SPEC, guarantee_pooling=pooling)
    model = build_coalition_model(prepare_panel_data(panel), spec)
    names = ["guarantee_effect", "guarantee_effect_mean", "guarantee_effect_case_sd", "region_effect"]
    draws = pm.draw([model[name] for name in [*names, "region_sd"]], 20_000, random_seed=1)
    effect, mean, case_sd, region, region_sd = draws
    wanted = SPEC.guarantee_scale
    if pooling == "levels":
        wanted = np.hypot(wanted, SPEC.guarantee_level_scale)
    np.testing.assert_allclose(mean.std(0), wanted, rtol=0.03)
    offset = (effect - mean[:, None]) / case_sd[:, None]
    parts = np.concatenate(
        [offset[:, :, 0], mean[:, :1], offset[:, :, 1], region[:, 0] / region_sd[:, None]], 1
    )
    np.testing.assert_allclose(offset.std(0), 1.0, rtol=0.03)
    np.testing.assert_allclose((region / region_sd[:, None, None]).std(0), 1.0, rtol=0.03)
    np.testing.assert_allclose(np.corrcoef(parts.T), np.eye(parts.shape[1]), atol=0.03)


def test_folding_moves_draws_along_a_symmetry_of_the_density():
    panel, alignment = small_panel()
    model = build_coalition_model(prepare_panel_data(panel), SPEC, centre_alignment(panel, alignment))
    points = [draw_point(model, seed) for seed in range(6)]
    names = [value.name for value in model.value_vars]
    ends = np.cumsum([points[0][name].size for name in names])[:-1]

    def density(flat):
        parts = zip(names, np.split(flat, ends), strict=True)
        return evaluate_logp(model, {name: part.reshape(points[0][name].shape) for name, part in parts})

    flat = np.stack([np.concatenate([np.ravel(point[name]) for name in names]) for point in points])
    folded = fold(flat, model, MIRRORED | {"not_in_this_model": "nor_this"})
    turned = (folded != flat).any(1)
    assert 0 < turned.sum() < 6
    assert (folded[:, ends[names.index("region_sd_signed")] - 1] > 0).all()
    assert [density(row) for row in folded] == pytest.approx([density(row) for row in flat], rel=1e-12)
    # The same check sees one that turns without its partner.
    alone = fold(flat, model, {"region_sd_signed": ""})[turned][0]
    assert abs(density(alone) - density(flat[turned][0])) > 1e-3


def test_relabelling_states_changes_nothing():
    panel, alignment = small_panel()
    model = build_coalition_model(prepare_panel_data(panel), SPEC, centre_alignment(panel, alignment))
    point = draw_point(model, 4)
    order = np.random.default_rng(0).permutation(panel.sizes["state"])
    moved, moved_alignment = panel.isel(state=order), alignment.isel(state=order)
    other = build_coalition_model(prepare_panel_data(moved), SPEC, centre_alignment(moved, moved_alignment))
    assert evaluate_logp(other, point) == pytest.approx(evaluate_logp(model, point), rel=1e-10)
    wrong = build_coalition_model(prepare_panel_data(moved), SPEC, centre_alignment(panel, alignment))
    assert evaluate_logp(wrong, point) != pytest.approx(evaluate_logp(model, point), rel=1e-6)


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(SPEC) if f.type is float])
def test_every_prior_number_changes_the_density(field):
    panel, alignment = small_panel()
    panel["covariates_transformed"][1, 4, 0] = np.nan
    position = centre_alignment(panel, alignment)
    panel = panel.assign_coords(covariate=["gdp_per_capita", "capability"])
    pooling = "levels" if field == "guarantee_level_scale" else "apart"
    wide = {"geography": "subregion", "heterogeneity": "capability-region"}
    spec = dataclasses.replace(SPEC, guarantee_pooling=pooling, missing="impute", **wide)
    changed = dataclasses.replace(spec, **{field: 1.5 * getattr(spec, field)})
    data = prepare_panel_data(panel, spec.missing)
    point = draw_point(build_coalition_model(data, spec, position), 2)
    values = [evaluate_logp(build_coalition_model(data, s, position), point) for s in (spec, changed)]
    assert abs(values[0] - values[1]) > 1e-6


def test_without_state_effects_the_likelihood_is_a_product_of_answers():
    panel, _ = small_panel()
    spec = dataclasses.replace(SPEC, state_effect=False)
    model = build_coalition_model(prepare_panel_data(panel), spec)
    assert "state_sd" not in model.named_vars
    point = {k: np.zeros_like(v) for k, v in model.initial_point(0).items()}
    prior = sum(f(point) for f in [model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")])
    answers = int(panel["included"].sum())
    assert evaluate_logp(model, point) - prior == pytest.approx(answers * np.log(0.5))


def test_conclusions_do_not_depend_on_the_reference():
    panel, alignment = small_panel()
    draws = xr.concat([alignment + 0.1 * k for k in range(3)], "draw")
    noise = xr.DataArray(np.random.default_rng(1).normal(size=(3, 2)), dims=("draw", "case"))
    by_reference = [draws - draws.sel(state=s, drop=True) for s in ("S001", "S007")]
    for other in (*by_reference, draws + noise):
        np.testing.assert_allclose(centre_alignment(panel, other), centre_alignment(panel, draws), atol=1e-12)


def test_bad_panels_are_refused_with_the_rows():
    panel, alignment = small_panel()
    missing = panel.copy(deep=True)
    missing["covariates_transformed"][1, 4, 0] = np.nan
    with pytest.raises(ValueError, match=r"'gdp_per_capita' is missing in 1 rows: S004 \(isis\)"):
        prepare_panel_data(missing)
    constant = panel.copy(deep=True)
    constant["covariates_transformed"][..., 1] = 3.0
    with pytest.raises(ValueError, match=r"'distance' is 3\.0 in every row"):
        prepare_panel_data(constant)
    unknown = panel.copy(deep=True)
    unknown["guarantee"].attrs["levels"] = ["none", "pact"]
    with pytest.raises(ValueError, match="'rio'"):
        prepare_panel_data(unknown)
    unordered = panel.copy(deep=True)
    unordered["guarantee"].attrs["levels"] = ["pact", "none", "rio"]
    with pytest.raises(ValueError, match="must be 'none'"):
        prepare_panel_data(unordered)
    with pytest.raises(
        ValueError, match=r"no alignment for 2 rows of the sample: S003 \(iraq\), S003 \(isis\)"
    ):
        centre_alignment(panel, alignment.drop_sel(state="S003"))


def test_a_missing_value_outside_the_sample_does_not_matter():
    panel, _ = small_panel()
    panel["covariates_transformed"][0, 2, :] = np.nan
    assert np.isfinite(prepare_panel_data(panel).covariates).all()


@pytest.fixture(scope="module")
def recovered():
    """Estimated and true AMEs over simulated panels, with and without an effect of a pact."""
    sampler = SamplerSpec(draws=600, tune=300)
    rows = []
    for seed in range(6):
        effect = 1.8 if seed % 2 else 0.0
        panel, alignment, truth = simulate_panel(
            guarantee_effect=effect, alignment_by_guarantee=0.8 if seed % 2 else 0.0, seed=seed
        )
        total = fit_total(panel, SPEC, sampler, seed=seed)
        direct = fit_direct(panel, alignment.expand_dims(refit=1), SPEC, sampler, seed=seed)
        posteriors = [stack(t["posterior"].dataset, 1000) for t in (total, direct)]
        positions = pair_positions(posteriors[1], panel, alignment.expand_dims(refit=1))
        mediator = draw_alignment_model(prepare_panel_data(panel), positions, AlignmentSpec(), seed)
        effects = compute_effects(*posteriors, mediator, panel).sel(group="all")
        for name in truth:
            for case in panel["case"].values:
                draws, true = effects[name].sel(case=case).values, truth[name].sel(case=case).item()
                rows.append((name, seed % 2 == 1, true, draws.mean(), draws.std()))
    table = pd.DataFrame(rows, columns=["name", "effect", "truth", "mean", "sd"])
    return table.assign(z=(table["mean"] - table["truth"]) / table["sd"])


@pytest.mark.slow
def test_average_effects_are_recovered_with_and_without_an_effect(recovered):
    """Total, direct, through alignment, and on alignment itself."""
    assert (recovered["z"].abs() < stats.norm.ppf(0.9995)).all(), recovered.to_string()
    for _, rows in recovered.groupby(["name", "effect"]):
        # The two cases of a panel share its states, so that six errors are worth about three.
        assert abs(rows["z"].mean()) < stats.norm.ppf(0.999) / np.sqrt(3), rows.to_string()
    for _, rows in recovered.groupby("name"):
        with_effect, without = rows[rows["effect"]], rows[~rows["effect"]]
        assert with_effect["mean"].mean() > without["mean"].mean() + 0.05
        # The same check sees a wrong answer: estimates without an effect are not those with one.
        wrong = (without["mean"].values - with_effect["truth"].values) / without["sd"].values
        assert (np.abs(wrong) > stats.norm.ppf(0.999)).any(), rows.to_string()
