"""Leaving out one state: weights where they hold, refits where they do not."""

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp
from support.made_bench import SPEC, make_data, make_draws, split_chains

from analysis.posterior.answers import log_likelihood_by_state
from analysis.studies.checks.bench import WITHOUT, Bench, list_nested, nest
from analysis.studies.checks.calibration import calibrate, left_out_probability, replicate_left_out
from analysis.studies.checks.comparison import leave_one_state_out, with_log_likelihood
from analysis.studies.checks.prediction import score_predictions


# Weights with the tail of a Pareto distribution of shape 1.5, and weights whose tail fits none.
@pytest.mark.parametrize(
    ("spoil", "k_is"),
    [
        (lambda rng, n: 1.5 * rng.exponential(size=n), np.isfinite),
        (lambda rng, n: rng.pareto(0.6, n), np.isnan),
    ],
)
def test_states_with_unreliable_weights_are_refitted(monkeypatch, spoil, k_is):
    panel, positions, data = make_data()
    states = panel["state"].values
    bench = Bench(panel, positions, SPEC, seed=0)
    flat = make_draws(panel, n=4000)
    # With uncertain subregions, the weights of the right fit would be unreliable too.
    flat["subregion_effect"] *= 0.0
    posterior = split_chains(flat)
    asked = []

    def refit(_, variations, sampler, name, progress=None):
        """Return draws without the state, by resampling those with it."""
        asked.extend(np.flatnonzero(data.included[1] != v.included[1]).tolist() for v in variations)
        log_weight = -log_likelihood_by_state(flat, data)[:, 7]
        weight = np.exp(log_weight - log_weight.max())
        drawn = np.random.default_rng(1).choice(4000, 4000, p=weight / weight.sum())
        return xr.DataTree.from_dict(
            {"posterior": split_chains(flat.isel(sample=drawn)).expand_dims("refit")}
        )

    monkeypatch.setattr(Bench, "fit", refit)
    tree = with_log_likelihood(posterior, data, states)
    right = leave_one_state_out(bench, tree, data)
    assert right.refits == {}
    answers = tree["log_likelihood"]["answers"].copy(deep=True)
    answers[..., 7] -= spoil(np.random.default_rng(0), (4, 1000))
    spoilt = xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": answers.to_dataset()})
    trusted = az.loo(spoilt, pointwise=True)
    assert k_is(trusted.pareto_k[7])
    exact = leave_one_state_out(bench, spoilt, data)
    assert asked == [[7]]
    assert list(exact.refits) == [states[7]]
    assert exact.estimate.pareto_k[7] > 0.7
    # With its spoilt weights the state would be far off.
    assert abs((trusted.elpd_i - right.estimate.elpd_i)[7]) > 1
    np.testing.assert_allclose(exact.estimate.elpd_i, right.estimate.elpd_i, atol=0.05)
    for name in ("elpd", "se"):
        assert getattr(exact.estimate, name) == pytest.approx(getattr(right.estimate, name), abs=0.1)
    with_all = (logsumexp(answers, axis=(0, 1)) - np.log(4000)).sum()
    assert exact.estimate.p == pytest.approx(with_all - exact.estimate.elpd)
    probability = [left_out_probability(spoilt, data, each) for each in (right, exact)]
    np.testing.assert_allclose(*probability, atol=0.02)
    again = [replicate_left_out(spoilt, data, each, seed=3).mean(0) for each in (right, exact)]
    np.testing.assert_allclose(again, np.array(probability) * data.included, atol=0.04)


@pytest.mark.slow
def test_nested_models_are_ranked_and_calibrated(bench, nested):
    left_out, trees = {}, {}
    for model in nested.children:
        data = nest(bench.data("direct"), model)
        trees[model] = with_log_likelihood(nested[model].dataset, data, bench.panel["state"].values)
        left_out[model] = leave_one_state_out(bench, trees[model], data)
    ranked = list(az.compare({model: each.estimate for model, each in left_out.items()}).index)
    assert ranked[0] in ("alignment", "guarantee")
    assert ranked[-1] == "region_only"
    data = bench.data("direct")
    probability = left_out_probability(trees["alignment"], data, left_out["alignment"])
    again = replicate_left_out(trees["alignment"], data, left_out["alignment"], seed=1)
    assert calibrate(probability, data.joined_observed, data.included, again)[1] > 0.05
    # The same share for all states would be calibrated too, but would predict worse.
    rate = np.full_like(probability, data.joined_observed.mean())
    best = score_predictions(probability.ravel(), data.joined_observed.ravel())
    assert best[0] < score_predictions(rate.ravel(), data.joined_observed.ravel())[0]


def test_each_axis_of_alignment_is_tried_alone():
    panel, positions, data = make_data()
    wide = np.stack([positions, 2 * positions, 3 * positions], axis=-1)
    axes = ("security", "economy", "trade")
    bench = Bench(panel, wide, SPEC, seed=0, axes=axes)
    assert list_nested(()) == list(WITHOUT)
    assert list_nested(axes)[-3:] == [f"alignment_{axis}" for axis in axes]
    flat = make_draws(panel, n=5)
    slopes = xr.concat([flat["alignment_slope"]] * 3, "axis").transpose("sample", "case", "axis")
    several = flat.assign(alignment_slope=slopes)
    for k, axis in enumerate(axes):
        alone = nest(bench.data("direct"), f"alignment_{axis}", axes)
        np.testing.assert_array_equal(alone.alignment[..., k], wide[..., k])
        assert np.delete(alone.alignment, k, axis=-1).any() == np.False_
        one = data._replace(alignment=wide[..., k])
        np.testing.assert_allclose(
            log_likelihood_by_state(several, alone), log_likelihood_by_state(flat, one), atol=1e-12
        )
    whole = log_likelihood_by_state(several, bench.data("direct"))
    np.testing.assert_allclose(whole, log_likelihood_by_state(flat, data._replace(alignment=6 * positions)))
    assert not nest(bench.data("direct"), "guarantee", axes).alignment.any()
