"""Difficult data: missing covariates, separation, levels that no state has."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from support.densities import draw_point, evaluate_logp
from support.made_effects import draw_alignment_model

from analysis.fitting.compile import compile_model
from analysis.fitting.fit import fit_total
from analysis.posterior.draws import stack
from analysis.posterior.effects import compute_effects
from analysis.variants.sampler import SamplerSpec
from data.load import load_panel
from data.spec import DataSpec
from models.coalition import build_coalition_model, compute_eta
from models.covariates import draw_covariates
from models.panel import centre_alignment, place_missing, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import AlignmentSpec, CoalitionSpec, SpecError

IMPUTE = CoalitionSpec(missing="impute", geography="region")
SAMPLER = SamplerSpec(draws=1000, tune=500, chains=2)


def panel_with_holes(n_state=40, seed=3, holes=((0, 5, 1), (1, 5, 1), (1, 9, 1))):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    for place in holes:
        panel["covariates_transformed"][place] = np.nan
    return panel, alignment


def evaluate(model, names, point):
    values = model.replace_rvs_by_values([model[name] for name in names])
    compiled = model.compile_fn(
        values, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    return dict(zip(names, compiled(point), strict=True))


def test_missing_covariates_are_refused_with_their_rows_by_default():
    panel, _ = panel_with_holes()
    with pytest.raises(ValueError, match=r"'distance' is missing in 3 rows: S005 \(iraq\), S005 \(isis\)"):
        prepare_panel_data(panel)
    with pytest.raises(SpecError, match="'refuse', 'impute'"):
        CoalitionSpec(missing="drop")
    panel["covariates_transformed"][..., 1] = np.nan
    with pytest.raises(ValueError, match="'distance' is nan in every row"):
        build_coalition_model(prepare_panel_data(panel, "impute"), IMPUTE)


def test_imputed_values_follow_their_equation():
    panel, alignment = panel_with_holes()
    model = build_coalition_model(
        prepare_panel_data(panel, "impute"), IMPUTE, centre_alignment(panel, alignment)
    )
    point = draw_point(model, 1)
    names = ["covariate_imputed", "missing_region_sd", "missing_region_offset", "missing_slope", "missing_sd"]
    v = evaluate(model, [*names, "missing_offset"], point)
    data = prepare_panel_data(panel, "impute")
    np.testing.assert_array_equal(place_missing(data), [[0, 5, 1], [1, 5, 1], [1, 9, 1]])

    def expected(case, state):
        given = [data.covariates[case, state, 0], *data.has_level[:, case, state]]
        region = v["missing_region_sd"][0] * v["missing_region_offset"][0, data.region_idx[state]]
        return region + v["missing_slope"][0] @ given

    means = np.array([expected(*place) for place in ((0, 5), (1, 5), (1, 9))])
    # One offset for the state that lacks it in both cases.
    offset = v["missing_offset"][[0, 0, 1]]
    np.testing.assert_allclose(v["covariate_imputed"], means + v["missing_sd"] * offset)
    seen = sum(
        stats.norm.logpdf(data.covariates[case, state, 1], expected(case, state), v["missing_sd"][0])
        for case in (0, 1)
        for state in range(40)
        if not data.missing[case, state, 1]
    )
    potential = model.compile_logp(
        vars=[model["covariates_seen"]], mode="FAST_COMPILE", on_unused_input="ignore"
    )
    assert float(potential(point)) == pytest.approx(seen)


@pytest.mark.slow
@pytest.mark.parametrize("holes", [((0, 5, 1),), ((0, 5, 1), (1, 5, 1), (1, 9, 0), (0, 7, 0))])
def test_the_compiled_density_equals_that_of_the_model(holes):
    """Also with a single missing value: dims of length one can break compiled code."""
    panel, alignment = panel_with_holes(holes=holes)
    model = build_coalition_model(
        prepare_panel_data(panel, "impute"), IMPUTE, centre_alignment(panel, alignment)
    )
    compiled = compile_model(model, ["covariate_imputed"])
    point = draw_point(model, 4)
    flat = np.concatenate([np.ravel(point[v.name]) for v in model.value_vars])
    logp, gradient = compiled.logp_func(flat)
    assert float(logp) == pytest.approx(evaluate_logp(model, point), rel=1e-9)
    python = model.compile_dlogp(mode="FAST_COMPILE")(point)
    np.testing.assert_allclose(gradient, python, rtol=1e-8, atol=1e-8)
    imputed = compiled.expand_func(flat)[0][-len(holes) :]
    wanted = evaluate(model, ["covariate_imputed"], point)["covariate_imputed"]
    np.testing.assert_allclose(imputed, wanted)


def test_the_predictor_computed_from_draws_includes_the_imputed_values():
    panel, alignment = panel_with_holes()
    positions = centre_alignment(panel, alignment)
    model = build_coalition_model(prepare_panel_data(panel, "impute"), IMPUTE, positions)
    names = ["intercept", "covariate_slope", "region_effect", "alignment_slope", "covariate_imputed", "eta"]
    v = evaluate(model, names, draw_point(model, 2))
    posterior = xr.Dataset(
        {
            "intercept": ("case", v["intercept"]),
            "covariate_slope": (("case", "covariate"), v["covariate_slope"]),
            "region_effect": (("case", "region"), v["region_effect"]),
            "alignment_slope": ("case", v["alignment_slope"]),
            "covariate_imputed": ("missing", v["covariate_imputed"]),
        },
        {"case": panel["case"].values, "region": prepare_panel_data(panel, "impute").region},
    )
    eta = compute_eta(
        posterior, prepare_panel_data(panel, "impute"), xr.DataArray(positions, dims=("case", "state"))
    )
    np.testing.assert_allclose(eta.transpose("case", "state"), v["eta"])


@pytest.fixture(scope="module")
def with_and_without_holes():
    """Fits with all distances, which GDP predicts well, and with a fifth of them removed."""
    panel, alignment, _ = simulate_panel(n_state=150, seed=5)
    rng = np.random.default_rng(5)
    x = panel["covariates_transformed"].values.copy()
    x[..., 1] = x[..., 0] + rng.normal(0, 0.3, size=150)
    panel["covariates_transformed"].values[:] = x
    lost = panel.copy(deep=True)
    gone = rng.random(150) < 0.2
    lost["covariates_transformed"].values[:, gone, 1] = np.nan
    fits = [
        fit_total(p, spec, SAMPLER, seed=1)["posterior"].dataset
        for p, spec in ((panel, CoalitionSpec()), (lost, IMPUTE))
    ]
    return panel, lost, alignment, gone, *fits


@pytest.mark.slow
def test_imputed_values_agree_with_the_removed_ones(with_and_without_holes):
    panel, lost, *_, fit = with_and_without_holes
    data = prepare_panel_data(lost, "impute")
    places = place_missing(data)
    values = panel["covariates_transformed"].values[..., 1]
    known = values[:, ~with_and_without_holes[3]]
    truth = (values[places[:, 0], places[:, 1]] - known.mean()) / known.std()
    draws = fit["covariate_imputed"].stack(sample=("chain", "draw")).transpose("missing", "sample").values
    lower, upper = np.quantile(draws, [0.05, 0.95], axis=1)
    assert 0.75 < np.mean((lower < truth) & (truth < upper)) <= 1
    assert np.corrcoef(draws.mean(1), truth)[0, 1] > 0.9
    # The same check sees values that belong elsewhere.
    wrong = np.roll(truth, 7)
    assert np.mean((lower < wrong) & (wrong < upper)) < 0.7


@pytest.mark.slow
def test_effects_with_imputed_covariates_agree_with_those_of_the_complete_data(with_and_without_holes):
    panel, lost, alignment, _, whole, fit = with_and_without_holes
    ame = []
    for p, posterior in ((panel, whole), (lost, fit)):
        total = stack(posterior, 1000)
        direct = total.assign(
            alignment_slope=xr.zeros_like(total["guarantee_effect"].isel(level=0, drop=True))
        )
        positions = np.repeat(centre_alignment(p, alignment)[None], 1000, axis=0)
        data = prepare_panel_data(p, "impute")
        mediator = draw_alignment_model(data, positions, AlignmentSpec(), 1, draw_covariates(direct, data))
        ame.append(
            compute_effects(total, direct, mediator, p)["ame_pact_total"].sel(case="pooled", group="all")
        )
    assert abs(ame[0].mean() - ame[1].mean()) < 0.5 * ame[0].std()


@pytest.mark.slow
def test_the_shipped_data_run_with_a_democracy_score_that_some_states_lack():
    covariates = ("gdp_per_capita", "population", "democracy_vdem")
    panel = load_panel(DataSpec(covariates=covariates))
    with pytest.raises(ValueError, match="'democracy_vdem' is missing in 42 rows"):
        fit_total(panel, CoalitionSpec(), SAMPLER, seed=1)
    posterior = fit_total(panel, IMPUTE, SAMPLER, seed=1)["posterior"].dataset
    assert posterior.sizes["missing"] == 42
    # The covariate has a unit of one: unknowns wander no further than its values do.
    assert posterior["covariate_imputed"].mean(("chain", "draw")).std() < 1.5
    assert (posterior["covariate_imputed"].std(("chain", "draw")) < 1.5).all()


@pytest.mark.slow
def test_separation_gives_a_finite_effect_with_a_wide_posterior():
    """All states with a pact joined, none with Rio; in one case no state has Rio."""
    panel, _, _ = simulate_panel(n_state=80, guarantee_effect=1.0, seed=8)
    guarantee = panel["guarantee"].values.copy()
    guarantee[1][guarantee[1] == "rio"] = "none"
    panel["guarantee"] = panel["guarantee"].copy(data=guarantee)
    joined = np.where(guarantee == "pact", 1.0, np.where(guarantee == "rio", 0.0, panel["joined"].values))
    panel["joined"] = panel["joined"].copy(data=joined)
    # A covariate that tells joining perfectly in one case.
    panel["covariates_transformed"].values[0, :, 1] = joined[0] + 8.0
    posterior = fit_total(panel, CoalitionSpec(), SAMPLER, seed=2)["posterior"].dataset
    effect = posterior["guarantee_effect"].mean(("chain", "draw"))
    spread = posterior["guarantee_effect"].std(("chain", "draw"))
    assert (effect.sel(level="pact") > 1).all()
    assert (effect.sel(level="rio", case="iraq") < 0).all()
    assert np.abs(effect).max() < 6
    # In the case where no state has the level, only the other case and the prior inform it.
    assert spread.sel(level="rio", case="isis") > spread.sel(level="rio", case="iraq")
    slope = posterior["covariate_slope"].sel(case="iraq", covariate="distance")
    assert 1 < slope.mean() < 6
    total = stack(posterior, 500)
    direct = total.assign(alignment_slope=(("case", "sample"), np.zeros((2, 500))))
    mediator = total[["guarantee_effect"]] * 0.0
    ame = compute_effects(total, direct, mediator, panel)["ame_pact_total"].sel(group="all")
    assert ame.sel(case=["iraq", "isis"]).min() > -1
    assert ame.sel(case="pooled").max() < 1


def test_levels_that_no_state_has_and_constant_covariates_are_refused():
    panel, _, _ = simulate_panel(n_state=20, seed=1)
    nobody = panel.copy(deep=True)
    nobody["guarantee"].values[nobody["guarantee"].values == "rio"] = "none"
    with pytest.raises(ValueError, match=r"no state in the sample has the guarantee levels \['rio'\]"):
        prepare_panel_data(nobody)
    constant = panel.copy(deep=True)
    constant["covariates_transformed"][..., 0] = 2.0
    for missing in ("refuse", "impute"):
        with pytest.raises(ValueError, match="it has no slope"):
            prepare_panel_data(constant, missing)
