"""Alignment on several axes in stage 2: against the equation, exact refits, and a truth with two axes."""

import numpy as np
import pytest
import xarray as xr
from support.densities import draw_point, evaluate_logp

from analysis.fitting import reweighting
from analysis.fitting.propagation import fit_propagated
from analysis.fitting.refits import fit_direct
from analysis.fitting.reweighting import describe_draws, fit_reweighted, weigh_draws
from analysis.variants.sampler import SamplerSpec
from models.coalition import build_coalition_model, compute_eta
from models.likelihood.joining import log_likelihood_at
from models.panel import centre_alignment, name_axes, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec, SpecError

SPEC = CoalitionSpec(geography="region")
SINGLE = SamplerSpec(draws=1000, tune=500, chains=2, target_accept=0.9)
REFIT = SamplerSpec(draws=1000, tune=75, chains=2, target_accept=0.7)
AXES = ["first", "second"]


def add_axis(alignment, second):
    """Alignment with a second axis, (..., case, state, axis)."""
    return xr.concat([alignment, alignment.copy(data=second)], "axis").assign_coords(axis=AXES)


def simulated(n_state=40, seed=1):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    second = np.random.default_rng(seed).normal(size=alignment.shape)
    return panel, alignment, add_axis(alignment, second)


def draws_of(model, data, n=60, seed=3):
    """Draws of what the likelihood needs, in arbitrary places."""
    rng = np.random.default_rng(seed)
    dims = {
        "intercept": ["case"],
        "covariate_slope": ["case", "covariate"],
        "region_effect": ["case", "region"],
        "guarantee_effect": ["case", "level"],
        "alignment_slope": ["case", "axis"],
        "state_sd": [],
    }
    coords = {name: list(model.coords[name]) for name in ("case", "covariate", "region", "level", "axis")}
    sizes = {name: [len(coords[d]) for d in of] for name, of in dims.items()}
    drawn = {name: (["sample", *dims[name]], rng.normal(0.3, 0.3, size=(n, *sizes[name]))) for name in dims}
    return xr.Dataset(drawn, coords).assign_coords(sample=np.arange(n))


def test_every_axis_has_a_slope_and_their_sum_enters_the_predictor():
    panel, alignment, both = simulated()
    assert name_axes(alignment) == []
    data, positions = prepare_panel_data(panel), centre_alignment(panel, both)
    np.testing.assert_allclose(positions[..., 0], centre_alignment(panel, alignment), atol=1e-12)
    np.testing.assert_allclose(positions[..., 1].mean(-1), 0, atol=1e-12)
    model = build_coalition_model(data, SPEC, positions, name_axes(both))
    point = draw_point(model, 2)
    names = ["intercept", "covariate_slope", "region_effect", "alignment_slope", "eta"]
    values = model.replace_rvs_by_values([model[name] for name in names])
    how = {"mode": "FAST_COMPILE", "on_unused_input": "ignore"}
    v = dict(zip(names, model.compile_fn(values, inputs=model.value_vars, **how)(point), strict=True))
    assert v["alignment_slope"].shape == (2, 2)
    wanted = v["intercept"][:, None] + (data.covariates * v["covariate_slope"][:, None]).sum(-1)
    wanted = wanted + v["region_effect"][:, data.region_idx]
    wanted = wanted + (v["alignment_slope"][:, None] * positions).sum(-1)
    np.testing.assert_allclose(v["eta"], wanted)
    draws = draws_of(model, data)
    eta = compute_eta(draws, data, xr.DataArray(positions, dims=("case", "state", "axis")))
    of_one = draws.assign(alignment_slope=draws["alignment_slope"].isel(axis=0, drop=True))
    rest = compute_eta(of_one, data, xr.DataArray(positions[..., 0], dims=("case", "state")))
    difference = (eta - rest).transpose("sample", "case", "state").values
    slope = draws["alignment_slope"].isel(axis=1).values
    np.testing.assert_allclose(difference, slope[:, :, None] * positions[..., 1], atol=1e-12)


def test_a_second_axis_on_which_nobody_differs_changes_only_its_own_prior():
    panel, alignment, _ = simulated()
    data, one = prepare_panel_data(panel), centre_alignment(panel, alignment)
    models = [
        build_coalition_model(data, SPEC, np.stack([one, second], axis=-1), AXES)
        for second in (np.zeros(one.shape), one)
    ]
    points = [draw_point(models[0], seed) for seed in (1, 2)]
    for name in ("alignment_slope_average_offset", "alignment_slope_mean_offset", "alignment_slope_contrast"):
        points[1][name] = points[0][name].copy()
        points[1][name][..., 1] += 0.7
    points[1] = points[0] | {n: points[1][n] for n in points[1] if n.startswith("alignment_slope_")}
    points[1]["alignment_slope_case_sd_signed"] = points[0]["alignment_slope_case_sd_signed"]
    likelihoods = [
        [float(model.compile_logp(vars=[model["joined"]], mode="FAST_COMPILE")(point)) for point in points]
        for model in models
    ]
    assert likelihoods[0][0] == pytest.approx(likelihoods[0][1])
    assert likelihoods[1][0] != pytest.approx(likelihoods[1][1])
    assert np.isfinite(evaluate_logp(models[0], points[0]))


def test_weights_take_the_likelihood_at_all_axes(monkeypatch):
    panel, _, both = simulated(n_state=20)
    data = prepare_panel_data(panel)
    noise = np.random.default_rng(5).normal(0, 0.3, size=(2, *both.shape))
    drawn = both.expand_dims(refit=2) + xr.DataArray(noise, dims=("refit", *both.dims))
    positions = centre_alignment(panel, drawn)
    draws = draws_of(build_coalition_model(data, SPEC, positions[0], AXES), data, n=900)
    seen = []
    monkeypatch.setattr(
        reweighting, "smooth_weights", lambda ratio: (seen.append(ratio), (ratio * 0 + 1, 0.0))[1]
    )
    monkeypatch.setattr(reweighting, "WEIGHED", 1000)
    weigh_draws(draws, data, positions, "logit", each=5, seed=1)
    predictor, slope, sd = describe_draws(draws, data)

    def by_hand(position):
        flat = np.zeros(position.shape[:2])
        eta = predictor + (slope[:, :, None] * position).sum(-1)
        return log_likelihood_at(flat, eta, 0 * slope[..., 0], sd, data.joined, data.included)

    wanted = [by_hand(position) - by_hand(positions.mean(0)) for position in positions]
    found = sorted(seen, key=lambda ratio: np.abs(ratio - wanted[0]).max())
    np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize("way", ["measurement", "joint"])
def test_ways_for_one_alignment_refuse_several(way):
    panel, _, both = simulated()
    with pytest.raises(SpecError, match=f"'{way}' takes one alignment, not several: first, second"):
        fit_propagated(way, panel, both.expand_dims(refit=1), SPEC, refit=REFIT, single=SINGLE, seed=1)


@pytest.mark.slow
def test_weights_recover_exact_refits_on_two_axes():
    panel, _, both = simulated(n_state=60, seed=11)
    noise = np.random.default_rng(0).normal(0, 0.25, size=(4, *both.shape))
    drawn = both.expand_dims(refit=4) + xr.DataArray(noise - noise.mean(0), dims=("refit", *both.dims))
    how = SamplerSpec(draws=2000, tune=500, chains=4, target_accept=0.9)
    tree = fit_reweighted(panel, drawn, SPEC, single=how, refit=REFIT, keep=16000, seed=5)
    weighed = tree["posterior"].dataset
    exact = fit_direct(panel, drawn, SPEC, REFIT, seed=6)["posterior"].dataset
    assert weighed["alignment_slope"]["axis"].values.tolist() == AXES
    for name in ("alignment_slope", "guarantee_effect", "eta"):
        own, mean = exact[name].std(("chain", "draw")), exact[name].mean(("chain", "draw"))
        assert np.abs((weighed[name].mean("draw") - mean) / own).max() < 0.25, name


@pytest.mark.slow
def test_the_direct_effect_is_right_with_both_axes_and_wrong_with_one():
    """The guarantee moves the second axis, both matter for joining, and the guarantee itself does nothing."""
    panel, alignment, _ = simulate_panel(
        n_state=400, seed=4, guarantee_effect=0.0, alignment_by_guarantee=0.0
    )
    rng = np.random.default_rng(4)
    pact = (panel["guarantee"] == "pact").values
    second = rng.normal(size=alignment.shape) + 1.5 * pact
    both = add_axis(alignment, second)
    eta = -0.5 + 0.8 * alignment.values + 1.5 * (second - second.mean(1, keepdims=True))
    panel["joined"].values = (rng.random(eta.shape) < 1 / (1 + np.exp(-eta))).astype(float)
    found = {}
    for name, positions in {"both": both, "first": alignment}.items():
        fit = fit_propagated(
            "plugin", panel, positions.expand_dims(refit=1), SPEC, refit=REFIT, single=SINGLE, seed=2
        )
        posterior = fit["posterior"].dataset
        found[name] = posterior["guarantee_effect_mean"].sel(level="pact").quantile([0.05, 0.95]).values
        if name == "both":
            slopes = posterior["alignment_slope_mean"].quantile([0.05, 0.95], ("chain", "draw"))
    assert found["both"][0] < 0 < found["both"][1]
    assert found["first"][0] > 0.3
    assert (slopes[0] < [0.8, 1.5]).all()
    assert (slopes[1] > [0.8, 1.5]).all()
