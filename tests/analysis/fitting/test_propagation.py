"""Ways to propagate stage-1 uncertainty agree if positions are known well, and differ otherwise."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from support.densities import draw_point, evaluate_logp

from analysis.fitting.fit import fit_ideal_points
from analysis.fitting.propagation import fit_propagated
from analysis.posterior.positions import draw_alignment
from analysis.posterior.variance import share_explained, share_from_stage1
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from models.coalition import build_coalition_model, compute_eta
from models.coordinates.precondition import Coordinates, precondition
from models.ideal_point import build_ideal_point_model
from models.joint import build_joint_model
from models.measurement import spread_positions, summarize_measurement
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel, simulate_votes
from models.spec import CoalitionSpec, IdealPointSpec, SpecError

SPEC = CoalitionSpec(geography="region")
REFIT = SamplerSpec(draws=300, tune=75, chains=2, target_accept=0.7)
SINGLE = SamplerSpec(draws=600, tune=500)


def noisy(alignment, sd, n, seed=0):
    noise = np.random.default_rng(seed).normal(0, sd, size=(n, *alignment.shape))
    return alignment.expand_dims(refit=n) + xr.DataArray(noise, dims=("refit", *alignment.dims))


def unflatten(model, flat):
    """A point of a model from the vector of its unconstrained parameters."""
    start = model.initial_point()
    ends = np.cumsum([0, *(start[v.name].size for v in model.value_vars)])
    return {
        v.name: flat[a:b].reshape(start[v.name].shape)
        for v, a, b in zip(model.value_vars, ends[:-1], ends[1:], strict=True)
    }


def test_cases_whose_fits_differ_in_length_give_equally_many_draws():
    """A fit that missed a gate is made longer; that of the other case is not."""
    panel, _, _ = simulate_panel(n_state=12, seed=1)
    rng = np.random.default_rng(3)

    def tree(n_draw):
        sample, region = ("chain", "draw"), np.unique(panel["region"].values)
        shapes = {"ideal_point": 12, "region_mean": len(region), "region_sd": len(region)}
        dims = {"ideal_point": "state", "region_mean": "region", "region_sd": "region"}
        drawn = {k: ((*sample, dims[k]), rng.random((2, n_draw, n))) for k, n in shapes.items()}
        coords = {"state": panel["state"].values, "region": region}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(drawn, coords)})

    stage1 = {"iraq": tree(30), "isis": tree(60)}
    for way, n in (("measurement", 60), ("draws", 20)):
        variant = replace(MAIN, propagation=way, run=replace(MAIN.run, stage1_draws=20))
        alignment = draw_alignment(stage1, panel, variant)
        assert alignment.sizes["refit"] == n
        assert not alignment.where(panel["included"], 0.0).isnull().any()


def test_preconditioning_moves_the_coordinates_and_nothing_else():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    model = build_coalition_model(prepare_panel_data(panel), SPEC, centre_alignment(panel, alignment))
    shifted = precondition(model, ["guarantee_effect"])
    rng = np.random.default_rng(2)
    n = shifted["shift"].get_value().size
    shift, factor = rng.normal(size=n), np.eye(n) + 0.1 * rng.normal(size=(n, n))
    shifted["shift"].set_value(shift)
    shifted["factor"].set_value(factor)
    raw = rng.normal(size=n)
    point = unflatten(model, shift + factor @ raw)
    assert evaluate_logp(shifted, {"raw": raw}) == pytest.approx(evaluate_logp(model, point))
    assert evaluate_logp(shifted, {"raw": raw + 0.1}) != pytest.approx(evaluate_logp(model, point))


def test_linear_predictor_from_draws_equals_the_models():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    positions = centre_alignment(panel, alignment)
    model = build_coalition_model(prepare_panel_data(panel), SPEC, positions)
    point = draw_point(model, 3)
    names = ["intercept", "covariate_slope", "region_effect", "alignment_slope", "eta"]
    values = model.replace_rvs_by_values([model[name] for name in names])
    computed = model.compile_fn(
        values, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore"
    )(point)
    data = prepare_panel_data(panel)
    posterior = xr.Dataset(
        {
            "intercept": ("case", computed[0]),
            "covariate_slope": (("case", "covariate"), computed[1]),
            "region_effect": (("case", "region"), computed[2]),
            "alignment_slope": ("case", computed[3]),
        },
        {"case": panel["case"].values, "region": data.region},
    )
    eta = compute_eta(posterior, prepare_panel_data(panel), xr.DataArray(positions, dims=("case", "state")))
    np.testing.assert_allclose(eta.transpose("case", "state"), computed[4])


def test_measurement_keeps_every_covariance():
    rng = np.random.default_rng(4)
    mix = rng.normal(size=(2, 5, 5))
    draws = np.einsum("cij,dcj->dci", mix, rng.normal(size=(4000, 2, 5)))
    measured = summarize_measurement(draws)
    covariance = measured.factor @ measured.factor.transpose(0, 2, 1)
    for case in (0, 1):
        np.testing.assert_allclose(covariance[case], np.cov(draws[:, case].T), rtol=1e-6, atol=1e-9)
    with pytest.raises(ValueError, match="at least 15"):
        summarize_measurement(draws[:10])


def test_unknown_ways_are_refused():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    draws = noisy(alignment, 0.1, 3)
    with pytest.raises(SpecError, match="plugin, draws, measurement, joint"):
        fit_propagated("cut", panel, draws, SPEC, refit=REFIT, single=SINGLE, seed=1)
    with pytest.raises(SpecError, match="needs the votes"):
        fit_propagated("joint", panel, draws, SPEC, refit=REFIT, single=SINGLE, seed=1)


def test_positions_of_the_sample_are_kept_and_spread_again():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    panel["included"][1, 3] = False
    centred = centre_alignment(panel, noisy(alignment, 0.1, 4))
    kept = xr.DataArray(centred[:, panel["included"].values], dims=("draw", "row"))
    spread = spread_positions(kept, panel)
    np.testing.assert_array_equal(spread.transpose("draw", "case", "state"), centred)
    assert (spread.sel(case="isis", state="S003") == 0).all()


def test_share_from_stage1_is_the_share_that_was_put_in():
    rng = np.random.default_rng(5)
    refit = xr.DataArray(np.repeat(np.arange(300), 20), dims="sample")
    for between, within in ((1.0, 1.0), (0.0, 1.0), (0.5, 2.0)):
        draws = rng.normal(0, between, 300)[refit.values] + rng.normal(0, within, refit.size)
        share = share_from_stage1(xr.DataArray(draws, dims="sample"), refit).item()
        assert share == pytest.approx(between**2 / (between**2 + within**2), abs=0.08)
    with pytest.raises(ValueError, match="two draws"):
        share_from_stage1(
            xr.DataArray(draws[:300], dims="sample"), xr.DataArray(np.arange(300), dims="sample")
        )


def test_share_explained_is_the_share_that_was_put_in():
    rng = np.random.default_rng(6)
    position = rng.normal(size=(4000, 2, 90))
    position[:, 0, 7] = 0.0
    position = xr.DataArray(position, dims=("sample", "case", "state"))
    weight = rng.normal(size=(2, 90)) * (np.arange(90) != 7)
    through = (position.values * weight).sum((1, 2)) / np.sqrt((weight**2).sum())
    for between, within in ((1.0, 1.0), (0.0, 1.0), (0.5, 2.0)):
        draws = xr.DataArray(between * through + rng.normal(0, within, 4000), dims="sample")
        expected = between**2 / (between**2 + within**2)
        assert share_explained(draws, position).item() == pytest.approx(expected, abs=0.04)
    few = share_explained(draws[:100], position[:100])
    assert np.isnan(few)


def test_joint_density_is_the_sum_of_its_parts():
    votes, panel = simulate_both()
    rng = np.random.default_rng(8)
    n = sum(
        v.size
        for v in build_coalition_model(prepare_panel_data(panel), SPEC, np.zeros((2, 40)))
        .initial_point()
        .values()
    )
    shape = Coordinates(rng.normal(size=n), np.eye(n) + 0.1 * rng.normal(size=(n, n)))
    joint, places = build_joint_model(
        votes, prepare_panel_data(panel), IdealPointSpec(), SPEC, ["alignment_slope"], shape
    )
    point = draw_point(joint, 6)
    stage1 = build_ideal_point_model(votes["iraq"], IdealPointSpec())

    def part(name, at):
        return float(
            joint.compile_logp(vars=[joint[name]], sum=True, mode="FAST_COMPILE", on_unused_input="ignore")(
                at
            )
        )

    assert part("iraq_votes", point) == pytest.approx(
        evaluate_logp(stage1, unflatten(stage1, point["iraq_raw"]))
    )
    # The items of both cases are found, each once, and the scales of both: four of each.
    assert places.items.shape == (2 * votes["iraq"].sizes["item"], 3)
    assert len(np.unique(places.items)) == places.items.size
    assert np.isfinite(places.lowest).sum() == 8
    position = joint.replace_rvs_by_values([joint["position"]])
    given = joint.compile_fn(
        position, inputs=joint.value_vars, mode="FAST_COMPILE", on_unused_input="ignore"
    )(point)[0]
    stage2 = build_coalition_model(prepare_panel_data(panel), SPEC, given)
    flat = shape.shift + shape.factor @ point["coalition_raw"]
    expected = evaluate_logp(stage2, unflatten(stage2, flat))
    assert part("coalition", point) == pytest.approx(expected)
    # Joining sees the positions: other positions, another density.
    moved = point | {"isis_raw": point["isis_raw"] + 0.3 * np.sin(np.arange(point["isis_raw"].size))}
    assert part("coalition", moved) != pytest.approx(expected)


def simulate_both(n_state=40, n_item=30):
    """Votes of two cases, and coalitions that the states near the upper end join; one state is in none."""
    votes, rng = {}, np.random.default_rng(9)
    panel, _, _ = simulate_panel(n_state=n_state, seed=9)
    for number, case in enumerate(("iraq", "isis")):
        votes[case], truth = simulate_votes(n_state=n_state, n_item=n_item, absent=0.05, seed=7 + number)
        chance = 1 / (1 + np.exp(0.5 - 1.5 * truth["ideal_point"].values))
        panel["joined"][number] = (rng.random(n_state) < chance).astype(float)
    panel["included"][0, 5] = False
    panel = panel.assign_coords(region=("state", votes["iraq"]["region"].values))
    return votes, panel


@pytest.mark.slow
def test_joint_model_samples_and_joining_informs_badly_known_positions():
    votes, panel = simulate_both(n_item=25)
    single = SamplerSpec(draws=1000, tune=400, target_accept=0.95)
    sampler = SamplerSpec(draws=700, tune=100)
    stage1 = {case: fit_ideal_points(votes[case], IdealPointSpec(), sampler, seed=1) for case in votes}
    # A fit that needed another attempt has more draws than the other.
    kept = [tree["posterior"]["ideal_point"].isel(draw=slice(sampler.draws)) for tree in stage1.values()]
    known = xr.concat(
        [draws.stack(refit=("chain", "draw")) for draws in kept], xr.Variable("case", list(votes))
    ).drop_vars(("refit", "chain", "draw"))
    tree = fit_propagated(
        "joint",
        panel,
        known.transpose("refit", "case", "state"),
        SPEC,
        refit=REFIT,
        single=single,
        seed=2,
        votes=votes,
        ideal_point=IdealPointSpec(),
    )
    posterior = tree["posterior"].dataset
    assert tree.attrs["convergence"]["max_rhat"] < 1.01
    assert (posterior["alignment_slope_mean"] > 0).mean() > 0.95
    # Those who joined stand nearer to the upper end than their votes alone say, the others further off.
    moved = posterior["position"].mean(("chain", "draw")) - centre_alignment(panel, known).mean(0)
    assert moved.where(panel["joined"] == 1).mean() > 0.02 > -0.02 > moved.where(panel["joined"] == 0).mean()
    assert (posterior["position"].sel(case="iraq", state="S005") == 0).all()


@pytest.mark.slow
def test_all_ways_agree_where_positions_are_known():
    panel, alignment, _ = simulate_panel(n_state=60, seed=11)
    draws = noisy(alignment, 0.01, 200)
    effects = {}
    for way in ("plugin", "draws", "measurement"):
        given = draws.isel(refit=slice(6)) if way == "draws" else draws
        tree = fit_propagated(way, panel, given, SPEC, refit=REFIT, single=SINGLE, seed=3)
        effects[way] = tree["posterior"]["guarantee_effect"].sel(level="pact")
        assert "eta" in tree["posterior"]
    for way in ("draws", "measurement"):
        dims = [d for d in effects[way].dims if d != "case"]
        difference = effects[way].mean(dims) - effects["plugin"].mean(("chain", "draw"))
        assert np.abs(difference / effects["plugin"].std(("chain", "draw"))).max() < 0.15
