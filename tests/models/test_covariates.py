"""Covariates known with a published error: the model against its equation, and against the truth."""

import numpy as np
import pytest
import xarray as xr
from support.densities import draw_point, evaluate_logp
from support.made_effects import draw_alignment_model

from analysis.fitting.fit import fit_total
from analysis.variants.sampler import SamplerSpec
from data.load import load_panel
from data.spec import DataSpec
from models.coalition import build_coalition_model, compute_eta
from models.covariates import draw_covariates, place_uncertain
from models.panel import add_capability, centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import AlignmentSpec, CoalitionSpec, SpecError

MODELLED = CoalitionSpec(measurement_error="model", geography="region")


def panel_with_errors(seed=3, n_state=40, sd=0.3):
    """Simulated panel whose first covariate has a published error, but not for state 4."""
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    errors = np.full(panel["covariates_transformed"].shape, np.nan)
    errors[..., 0] = sd * (1 + np.arange(n_state) / n_state)
    errors[:, 4, 0] = np.nan
    return panel.assign(covariates_transformed_sd=(("case", "state", "covariate"), errors)), alignment


def evaluate(model, names, point):
    values = model.replace_rvs_by_values([model[name] for name in names])
    compiled = model.compile_fn(
        values, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    return dict(zip(names, compiled(point), strict=True))


def test_true_values_follow_their_equation_in_the_model_and_in_what_is_computed_from_draws():
    panel, alignment = panel_with_errors()
    positions, data = centre_alignment(panel, alignment), prepare_panel_data(panel)
    model = build_coalition_model(data, MODELLED, positions)
    names = ["intercept", "covariate_slope", "region_effect", "alignment_slope", "covariate_deviation", "eta"]
    v = evaluate(model, names, draw_point(model, 2))
    states = place_uncertain(data)[:, 0]
    assert states.tolist() == [i for i in range(40) if i != 4]
    assert (place_uncertain(data)[:, 1] == 0).all()
    raw = panel["covariates_transformed"].values[..., 0]
    deviation = np.zeros(40)
    deviation[states] = v["covariate_deviation"]
    sd = np.nan_to_num(panel["covariates_transformed_sd"].values[..., 0])
    # The same deviation of a state in both cases, each with its own standard deviation.
    true = np.stack([(raw + sd * deviation - raw.mean()) / raw.std(), data.covariates[..., 1]], axis=-1)
    wanted = v["intercept"][:, None] + (v["covariate_slope"][:, None] * true).sum(-1)
    wanted = wanted + v["region_effect"][:, data.region_idx] + v["alignment_slope"][:, None] * positions
    np.testing.assert_allclose(v["eta"], wanted)

    dims = {
        "intercept": ["case"],
        "covariate_slope": ["case", "covariate"],
        "region_effect": ["case", "region"],
        "alignment_slope": ["case"],
        "covariate_deviation": ["uncertain"],
    }
    drawn = {name: (["sample", *dim], np.repeat(v[name][None], 2, axis=0)) for name, dim in dims.items()}
    posterior = xr.Dataset(drawn, {"case": panel["case"].values, "region": data.region})
    located = xr.DataArray(positions, dims=("case", "state"))
    eta = compute_eta(posterior, data, located).transpose("sample", "case", "state")
    np.testing.assert_allclose(eta[1], wanted)
    np.testing.assert_allclose(draw_covariates(posterior, data)[1], true)


def test_missing_values_and_errors_go_together():
    panel, _ = panel_with_errors()
    panel["covariates_transformed"][1, 5, 1] = np.nan
    data = prepare_panel_data(panel, "impute")
    model = build_coalition_model(data, CoalitionSpec(measurement_error="model", missing="impute"))
    v = evaluate(model, ["covariate_imputed", "covariate_deviation"], draw_point(model, 2))
    dims = {"covariate_imputed": "missing", "covariate_deviation": "uncertain"}
    posterior = xr.Dataset({name: (("sample", dim), v[name][None]) for name, dim in dims.items()})
    drawn = draw_covariates(posterior, data)
    assert drawn[0, 1, 5, 1] == v["covariate_imputed"][0]
    assert drawn[0, 1, 6, 0] != data.covariates[1, 6, 0]


def test_by_default_published_errors_change_nothing():
    panel, alignment = panel_with_errors()
    bare = panel.drop_vars("covariates_transformed_sd")
    for positions in (None, centre_alignment(panel, alignment)):
        with_errors, without = (
            build_coalition_model(prepare_panel_data(p), CoalitionSpec(), positions) for p in (panel, bare)
        )
        point = draw_point(without, 5)
        assert evaluate_logp(with_errors, point) == evaluate_logp(without, point)
        assert with_errors.str_repr() == without.str_repr()
    assert draw_covariates(xr.Dataset({"x": ("sample", [1.0])}), prepare_panel_data(panel)) is None
    with pytest.raises(SpecError, match="none of the covariates gdp_per_capita, distance has a published"):
        build_coalition_model(prepare_panel_data(bare), MODELLED)
    with pytest.raises(SpecError, match="'ignore', 'model'"):
        CoalitionSpec(measurement_error="errors")


def test_the_errors_of_gdp_come_with_the_panel():
    panel = load_panel(DataSpec())
    sd = panel["covariates_transformed_sd"].where(panel["included"])
    gdp = sd.sel(covariate="gdp_per_capita")
    assert float(gdp.median()) == pytest.approx(0.156, abs=0.002)
    assert (gdp.notnull() == panel["included"]).all()
    assert sd.drop_sel(covariate="gdp_per_capita").isnull().all()
    # Somalia's is 1.69 times its mean, and the sd of the log is smaller.
    somalia = gdp.sel(state="SOM", case="iraq")
    assert float(somalia) == pytest.approx(np.sqrt(np.log1p(1.689168**2)), rel=1e-4) == float(gdp.max())
    data = prepare_panel_data(panel)
    spread = float(panel["covariates_transformed"].sel(covariate="gdp_per_capita").std())
    assert np.median(data.covariate_sd[..., 0][data.included == 1]) == pytest.approx(0.156 / spread, rel=0.03)
    wider = add_capability(panel)
    np.testing.assert_array_equal(prepare_panel_data(wider).covariate_sd[..., 0], data.covariate_sd[..., 0])


def test_the_model_of_alignment_takes_true_values_draw_by_draw():
    panel, alignment = panel_with_errors(n_state=190, sd=0.6)
    data, position = prepare_panel_data(panel), centre_alignment(panel, alignment)
    positions = np.repeat(position[None], 2000, axis=0)
    size = (2000, len(place_uncertain(data)))
    means = []
    for deviation in (np.zeros(size), np.random.default_rng(1).normal(size=size)):
        covariates = draw_covariates(
            xr.Dataset({"covariate_deviation": (("sample", "uncertain"), deviation)}), data
        )
        draws = draw_alignment_model(data, positions, AlignmentSpec(), 1, covariates)
        means.append(draws["guarantee_effect"].mean("sample").values)
    known = draw_alignment_model(data, positions, AlignmentSpec(), 1)["guarantee_effect"].mean("sample")
    np.testing.assert_allclose(means[0], known, atol=1e-12)
    assert np.abs(means[1] - known.values).max() > 0.01


@pytest.mark.slow
def test_the_slope_is_recovered_and_ignoring_errors_flattens_it():
    """The same interval misses the truth if errors are ignored."""
    n_state, slope, sd = 400, 2.5, 0.9
    panel, _, _ = simulate_panel(n_state=n_state, seed=8)
    rng = np.random.default_rng(8)
    published = rng.normal(size=n_state)
    true = published + sd * rng.normal(size=n_state)
    values = panel["covariates_transformed"].values
    values[..., 0] = 9 + 1.2 * published
    panel["covariates_transformed"].values = values
    errors = np.full(values.shape, np.nan)
    errors[..., 0] = 1.2 * sd
    panel["covariates_transformed_sd"] = (("case", "state", "covariate"), errors)
    panel["joined"].values = (rng.random((2, n_state)) < 1 / (1 + np.exp(-slope * true))).astype(float)
    sampler, interval = SamplerSpec(draws=1500, tune=500, chains=2), {}
    for choice in ("ignore", "model"):
        spec = CoalitionSpec(measurement_error=choice, covariate_scale=4.0, state_effect=False)
        fit = fit_total(panel, spec, sampler, seed=4)["posterior"].dataset["covariate_slope"]
        # The model's unit is the standard deviation of the published values.
        first = fit.isel(covariate=0) / published.std()
        interval[choice] = first.quantile([0.05, 0.95], ("chain", "draw")).values
    assert (interval["ignore"][1] < 0.8 * slope).all()
    assert (interval["model"][0] < slope).all()
    assert (interval["model"][1] > slope).all()
