"""Checks of stage 2 as functions of draws: right on what is known, and failing on what is wrong."""

import dataclasses

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit, logit, logsumexp
from support.densities import evaluate_logp

from analysis.posterior.joining import predict_joining, weigh_state_effects
from analysis.posterior.joining import average_contrasts
from analysis.posterior.answers import linear_predictor, log_likelihood_by_state, replicate_answers, state_contrasts
from analysis.studies.checks.bench import Stage2, leave_out
from analysis.studies.checks.comparison import leave_one_state_out, left_out_probability, with_log_likelihood
from analysis.studies.checks.confounding import e_value, explain_guarantee, find_tipping, weigh_hidden
from analysis.studies.checks.controls import check_permutations, permute_guarantees
from analysis.studies.checks.influence import effect_without_units, most_influential
from analysis.studies.checks.power_scaling import PRIORS, compute_log_priors
from analysis.studies.checks.prediction import predict_case, score_predictions, summarize_scores, train_on
from analysis.studies.checks.predictive import calibrate, count_joiners
from analysis.studies.checks.rows import to_table
from models.coalition import build_coalition_model, compute_eta
from models.confounding import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

SPEC = CoalitionSpec()


def make(n_state=30, seed=2):
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    panel["included"][0, 2] = False
    panel["joined"][0, 2] = np.nan
    positions = centre_alignment(panel, alignment)
    return panel, positions, Stage2(panel, SPEC, positions, None, 0).data(direct=True)


def make_posterior(panel, n=5, seed=0):
    rng = np.random.default_rng(seed)
    regions = np.unique(panel["region"].values)
    return xr.Dataset(
        {
            "intercept": (("sample", "case"), rng.normal(-1, 0.3, size=(n, 2))),
            "covariate_slope": (("sample", "case", "covariate"), rng.normal(0, 0.5, size=(n, 2, 2))),
            "region_effect": (("sample", "case", "region"), rng.normal(0, 0.5, size=(n, 2, len(regions)))),
            "guarantee_effect": (("sample", "case", "level"), rng.normal(1, 0.5, size=(n, 2, 2))),
            "alignment_slope": (("sample", "case"), rng.normal(0.8, 0.2, size=(n, 2))),
            "state_sd": ("sample", rng.uniform(0.5, 1.5, size=n)),
        },
        {"case": panel["case"].values, "level": ["rio", "pact"], "region": regions,
         "covariate": panel["covariate"].values},
    )  # fmt: skip


def test_draws_give_the_log_likelihood_of_the_model():
    panel, positions, data = make()
    model = build_coalition_model(prepare_panel_data(panel), SPEC, positions)
    rng = np.random.default_rng(1)
    point = {k: v + rng.normal(0, 0.3, size=np.shape(v)) for k, v in model.initial_point(0).items()}
    names = [
        "intercept",
        "covariate_slope",
        "region_effect",
        "guarantee_effect",
        "alignment_slope",
        "state_sd",
    ]
    values = model.compile_fn(
        [model[n] for n in names], inputs=model.free_RVs, mode="FAST_COMPILE", on_unused_input="ignore"
    )(point)
    template = make_posterior(panel, n=1)
    posterior = template.assign(
        {n: template[n].copy(data=v[None]) for n, v in zip(names, values, strict=True)}
    )
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")(point)
    total = log_likelihood_by_state(posterior, data).sum()
    assert total == pytest.approx(evaluate_logp(model, point) - prior, abs=1e-8)
    # The same check sees one state that did the opposite.
    data["joined_observed"][1, 4] = 1 - data["joined_observed"][1, 4]
    assert abs(log_likelihood_by_state(posterior, data).sum() - total) > 1e-3


# Weights with the tail of a Pareto law of shape 1.5, and with one heavier than of any: it has no shape.
@pytest.mark.parametrize(
    ("spoil", "k_is"),
    [
        (lambda rng, n: 1.5 * rng.exponential(size=n), np.isfinite),
        (lambda rng, n: rng.pareto(0.6, n), np.isnan),
    ],
)
def test_states_whose_weights_do_not_hold_are_left_out_for_real(monkeypatch, spoil, k_is):
    panel, positions, data = make()
    states = panel["state"].values
    stage2 = Stage2(panel, SPEC, positions, None, 0)
    flat = make_posterior(panel, n=4000)
    posterior = split_chains(flat)
    asked = []

    def refit(_, variations, sampler, name):
        """Draws without the state, by resampling those with it."""
        asked.extend(np.flatnonzero(data["included"][1] != v["included"][1]).tolist() for v in variations)
        log_weight = -log_likelihood_by_state(flat, data)[:, 7]
        weight = np.exp(log_weight - log_weight.max())
        drawn = np.random.default_rng(1).choice(4000, 4000, p=weight / weight.sum())
        return xr.DataTree.from_dict(
            {"posterior": split_chains(flat.isel(sample=drawn)).expand_dims("refit")}
        )

    monkeypatch.setattr("analysis.studies.checks.comparison.fit_variations", refit)
    tree = with_log_likelihood(posterior, data, states)
    right = leave_one_state_out(stage2, tree, data)
    assert right.refits == {}
    answers = tree["log_likelihood"]["answers"].copy(deep=True)
    answers[..., 7] -= spoil(np.random.default_rng(0), (4, 1000))
    spoilt = xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": answers.to_dataset()})
    trusted = az.loo(spoilt, pointwise=True)
    assert k_is(trusted.pareto_k[7])
    exact = leave_one_state_out(stage2, spoilt, data)
    assert asked == [[7]]
    assert list(exact.refits) == [states[7]]
    assert exact.estimate.pareto_k[7] > 0.7
    # By its spoilt weights alone the state would be far off.
    assert abs((trusted.elpd_i - right.estimate.elpd_i)[7]) > 1
    np.testing.assert_allclose(exact.estimate.elpd_i, right.estimate.elpd_i, atol=0.05)
    for name in ("elpd", "se"):
        assert getattr(exact.estimate, name) == pytest.approx(getattr(right.estimate, name), abs=0.1)
    with_all = (logsumexp(answers, axis=(0, 1)) - np.log(4000)).sum()
    assert exact.estimate.p == pytest.approx(with_all - exact.estimate.elpd)
    probability = [left_out_probability(spoilt, data, each) for each in (right, exact)]
    np.testing.assert_allclose(*probability, atol=0.02)


def split_chains(flat):
    """Draws along ``sample`` as four chains."""
    chain, draw = np.divmod(np.arange(flat.sizes["sample"]), flat.sizes["sample"] // 4)
    return (
        flat.assign_coords(chain=("sample", chain), draw=("sample", draw))
        .set_index(sample=("chain", "draw"))
        .unstack("sample")
        .transpose("chain", "draw", ...)
    )


def test_contrasts_are_those_of_the_effects():
    panel, positions, data = make()
    posterior = make_posterior(panel)
    located = xr.DataArray(positions, dims=("case", "state"), coords={"case": panel["case"]})
    with_eta = posterior.assign(eta=compute_eta(posterior, prepare_panel_data(panel), located))
    weights = weigh_state_effects(with_eta, panel)
    given, without = (predict_joining(with_eta, panel, level, weights) for level in ("pact", "none"))
    np.testing.assert_allclose(state_contrasts(posterior, data, 1), (given - without).values, atol=1e-12)
    average = average_contrasts(state_contrasts(posterior, data, 1))
    np.testing.assert_allclose(average[:, :2], (given - without).mean("state").values)
    np.testing.assert_allclose(average[:, 2], average[:, :2].mean(1))


def test_calibration_passes_for_the_right_link_and_fails_for_a_wrong_one():
    rng = np.random.default_rng(3)
    probability = expit(rng.normal(-0.5, 1.8, size=(2, 190)))
    joined = (rng.random((2, 190)) < probability).astype(float)
    included = np.ones((2, 190))
    curve, p_value = calibrate(probability, joined, included, seed=1)
    assert p_value > 0.05
    assert curve["n"].sum() == 380
    assert curve["expected"].is_monotonic_increasing
    # Too sure, not sure enough, and a link that never lets a probability near 1.
    for wrong in (expit(2.2 * logit(probability)), expit(0.4 * logit(probability)), 0.6 * probability):
        assert calibrate(wrong, joined, included, seed=1)[1] < 0.01


def test_counts_of_joiners_lie_inside_for_the_model_and_outside_for_another():
    panel, _, data = make(n_state=120)
    posterior = make_posterior(panel, n=400, seed=4).isel(sample=[0] * 400)
    data["joined_observed"] = replicate_answers(posterior, data, np.random.default_rng(5))[7]
    right = to_table(count_joiners(posterior, data, panel, seed=6))
    assert (right["verdict"] == "inside").mean() > 0.75
    wrong = to_table(
        count_joiners(posterior.assign(intercept=posterior["intercept"] + 1.5), data, panel, seed=6)
    )
    assert (wrong["verdict"] == "inside").mean() < 0.6


def test_importance_weights_find_a_planted_outlier():
    """Many draws around a known posterior: the state that contradicts the effect is the influential one."""
    panel, _, data = make(n_state=40)
    posterior = make_posterior(panel, n=3000, seed=1)
    has = data["has_level"][1].min(0) == 1
    eta = linear_predictor(posterior, data).mean(0)
    surest = np.flatnonzero(has)[np.argmax(eta.sum(0)[has])]
    data["joined_observed"] = (eta > 0).astype(float) * data["included"]
    data["joined_observed"][:, surest] = 0
    contrasts = state_contrasts(posterior, data, 1)
    likelihood = log_likelihood_by_state(posterior, data)
    units = {str(s): panel["state"].values == s for s in panel["state"].values}
    without, pareto_k = effect_without_units(contrasts, likelihood, units)
    main = np.append(*(lambda x: (x, x.mean()))(np.nanmean(contrasts.mean(0), axis=1)))
    assert most_influential(without, main)[0] == panel["state"].values[surest]
    assert max(pareto_k.values()) < 1
    # Unweighted, nothing but the average over states moves, and the outlier is not found.
    nothing = 1e-9 * np.random.default_rng(2).normal(size=likelihood.shape)
    flat, _ = effect_without_units(contrasts, nothing, units)
    assert abs(flat[str(panel["state"].values[surest])][-1] - main[-1]) < 0.02


def test_permutations_keep_what_must_be_kept():
    panel, _, data = make(n_state=60)
    for within in (False, True):
        for permuted in permute_guarantees(data, 5, within_region=within, seed=1):
            np.testing.assert_array_equal(permuted["has_level"].sum(2), data["has_level"].sum(2))
            if within:
                regions = np.eye(5)[data["region_idx"]]
                np.testing.assert_array_equal(permuted["has_level"] @ regions, data["has_level"] @ regions)
            assert not np.array_equal(permuted["has_level"], data["has_level"])
    assert panel.sizes["case"] == 2


def test_a_permuted_effect_that_is_not_nothing_is_named():
    rng = np.random.default_rng(0)
    chance = rng.normal(0, 0.05, size=(100, 3))
    cases = ["iraq", "isis", "pooled"]
    for shift, verdict in ((0.0, "no effect"), (0.08, "an effect of nothing")):
        rows = check_permutations(chance + shift, np.full(3, 0.4), cases, item="within_case")
        assert {r["verdict"] for r in rows} == {verdict}


def test_scores_by_hand():
    brier, log, auc = score_predictions(np.array([0.9, 0.6, 0.6, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]))
    assert brier == pytest.approx((0.01 + 0.16 + 0.36 + 0.01) / 4)
    assert log == pytest.approx((2 * np.log(0.9) + np.log(0.6) + np.log(0.4)) / 4)
    assert auc == pytest.approx(3.5 / 4)


def test_prediction_from_one_case_sees_nothing_of_the_other():
    panel, _, data = make(n_state=60)
    posterior = make_posterior(panel, n=50)
    chosen = train_on(data, 0, "direct")
    predicted = predict_case(posterior, chosen, 0, 1)
    changed = {**chosen, "joined_observed": chosen["joined_observed"].copy()}
    changed["joined_observed"][1] = 1 - changed["joined_observed"][1]
    np.testing.assert_array_equal(predict_case(posterior, changed, 0, 1), predicted)
    other = posterior.copy(deep=True)
    other["intercept"][:, 1] += 5
    np.testing.assert_array_equal(predict_case(other, chosen, 0, 1), predicted)
    labels = {"train": "iraq", "test": "isis", "model": "direct", "seed": 1}
    joined = (np.random.default_rng(1).random(60) < predicted.mean(0)).astype(float)
    good = summarize_scores(predicted, joined, **labels).set_index("score")["mean"]
    bad = summarize_scores(1 - predicted, joined, **labels).set_index("score")["mean"]
    assert good["auc"] > 0.5 > bad["auc"]
    assert good["brier"] < bad["brier"]
    assert good["log"] > bad["log"]


def test_leaving_out_changes_who_counts_and_nothing_else():
    _, _, data = make()
    out = np.arange(30) == 3
    left = leave_out(data, out)
    assert left["included"][:, 3].sum() == 0
    assert left["included"].sum() == data["included"].sum() - 2
    assert all(left[name] is data[name] for name in data if name != "included")


def test_tipping_and_e_value():
    assert find_tipping(np.array([0.0, 1.0, 2.0]), np.array([0.4, 0.1, -0.1])) == pytest.approx(1.5)
    assert find_tipping(np.array([0.0, 1.0]), np.array([0.4, 0.1])) == np.inf
    # VanderWeele and Ding (2017): smoking and lung cancer, risk ratio 10.73 (8.02).
    assert e_value(10.73) == pytest.approx(20.9, abs=0.1)
    assert e_value(8.02) == pytest.approx(15.5, abs=0.1)
    assert e_value(0.5) == e_value(2.0)


def test_the_hidden_cause_leans_to_those_with_a_guarantee_and_recovers_coefficients():
    rng = np.random.default_rng(2)
    n, strength = 4000, 2.0
    x, u = rng.normal(size=n), rng.normal(size=n)
    protected = (rng.random(n) < expit(-0.5 + 0.9 * x + strength * u)).astype(float)
    design = np.column_stack([np.ones(n), x])
    b = explain_guarantee(protected, design, strength)
    np.testing.assert_allclose(b, [-0.5, 0.9], atol=0.15)
    # Taken for absent, the hidden cause flattens the slope.
    assert explain_guarantee(protected, design, 0.0)[1] < 0.75
    expected = np.exp(weigh_hidden(protected, design, strength)) @ HIDDEN_NODES
    for has in (0, 1):
        assert expected[protected == has].mean() == pytest.approx(u[protected == has].mean(), abs=0.06)
    flat = weigh_hidden(protected, design, 0.0)
    np.testing.assert_allclose(flat, np.broadcast_to(HIDDEN_LOG_WEIGHTS, flat.shape))


def test_tables_survive_storage(tmp_path):
    from analysis.store.files import read_tree, write_tree
    from analysis.studies.checks.run import _to_frame, _to_tree

    table = pd.DataFrame({"unit": ["53", "54"], "value": [1.5, np.nan], "note": ["", "x"]})
    write_tree(_to_tree(table.astype({"unit": "str"})), tmp_path / "t.nc")
    stored = _to_frame(read_tree(tmp_path / "t.nc"))
    assert stored["value"].isna().tolist() == [False, True]
    assert stored["note"].tolist() == ["", "x"]


def test_waves_of_joining():
    from data.load import load_panel
    from data.panel.waves import WAVES, count_dates, prepare_waves
    from data.spec import DataSpec
    from data.tables.read import load_coalition, load_states
    from data.tables.rules import DataError

    spec = DataSpec()
    panel, coalition = load_panel(spec), load_coalition(spec.case("isis"), load_states())
    dates = count_dates(coalition).set_index("month")["partners"]
    # The sources carry no finer time: of 68 partners 55 stand for "by autumn", and five have no month.
    assert (dates.sum(), dates["2014-09"], dates["unknown"]) == (68, 55, 5)
    waves = prepare_waves(panel, coalition)
    assert waves["case"].values.tolist() == [name for name, _ in WAVES]
    ever = waves["joined"].sum("case")
    np.testing.assert_array_equal(ever, panel["joined"].sel(case="isis").fillna(0))
    first, second = (waves.sel(case=name) for name in ("2014", "2015-16"))
    assert not (second["included"] & (first["joined"] == 1)).any()
    assert int(second["included"].sum()) == int(first["included"].sum() - first["joined"].sum())
    broken = coalition.assign(joined=coalition["joined"].where(coalition["iso3"] != "GBR", "2016-01"))
    with pytest.raises(DataError, match="against partner_2014: GBR"):
        prepare_waves(panel, broken)
    with pytest.raises(DataError, match="no month of joining, nor a last possible one: FRA"):
        prepare_waves(panel, coalition.assign(joined=coalition["joined"].where(coalition["iso3"] != "FRA")))


def test_every_structural_prior_is_scaled_as_it_stands_in_the_spec():
    panel, *_ = make()
    posterior = make_posterior(panel, n=3).rename(sample="draw").expand_dims("chain")
    for name in ("guarantee_effect_mean", "alignment_slope_mean"):
        posterior[name] = posterior[name.removesuffix("_mean")].isel(case=0, drop=True)
    for name in ("guarantee_effect_case_sd", "alignment_slope_case_sd", "region_sd"):
        posterior[name] = posterior["state_sd"]
    priors = compute_log_priors(posterior, SPEC)
    expected = stats.norm.logpdf(posterior["guarantee_effect_mean"], 0, SPEC.guarantee_scale).sum(-1)
    expected = expected + stats.norm.logpdf(posterior["state_sd"], 0, SPEC.guarantee_case_scale)
    assert np.ptp(priors["guarantee"].values - expected) < 1e-10
    # None is forgotten: not when a model takes other coordinates, nor when it gets another prior.
    fields = {f.name for f in dataclasses.fields(SPEC) if f.name.endswith("_scale")}
    elsewhere = {"guarantee_level_scale"} | {name for name in fields if name.startswith("missing_")}
    assert {field for group in PRIORS.values() for field in group.values()} == fields - elsewhere
    assert set(priors) == set(PRIORS)
    with pytest.raises(ValueError, match="guarantee_pooling = 'levels'"):
        compute_log_priors(posterior, dataclasses.replace(SPEC, guarantee_pooling="levels"))
