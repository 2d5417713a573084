"""Checks of stage 2 that fit: on simulated coalitions, where the truth is known."""

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from analysis.fitting.fit import SAVED_TOTAL, list_saved
from analysis.fitting.refits import refit_to_gates, shape_refits
from analysis.posterior.joining import average_contrasts
from analysis.posterior.answers import log_likelihood_by_state, state_contrasts
from analysis.studies.checks import confounding
from analysis.studies.checks.bench import SHORT, SINGLE, fit_variations, leave_out
from analysis.studies.checks.comparison import (
    EXACT,
    compare_models,
    leave_one_state_out,
    left_out_probability,
    nest,
    stack,
    with_log_likelihood,
)
from analysis.studies.checks.controls import check_permutations, permute_guarantees
from analysis.studies.checks.influence import effect_without_units, most_influential
from analysis.studies.checks.model import EFFECTS, Bench, fit_nested
from analysis.studies.checks.prediction import predict_case, score_predictions, train_on
from analysis.studies.checks.predictive import calibrate
from models.confounding import build_confounded_model
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel, standardise
from models.spec import CoalitionSpec

pytestmark = pytest.mark.slow
SPEC = CoalitionSpec()


@pytest.fixture(scope="module")
def bench():
    panel, alignment, _ = simulate_panel(n_state=120, guarantee_effect=2.0, seed=5)
    return Bench(panel, centre_alignment(panel, alignment), SPEC, seed=1)


@pytest.fixture(scope="module")
def nested(bench):
    return fit_nested(bench, lambda share: None)


def test_weights_agree_with_true_refits_and_loo_with_leaving_out(bench, nested):
    data = bench.data("direct")
    posterior = stack(nested["alignment"].dataset)
    contrasts = state_contrasts(posterior, data, bench.top)
    likelihood = log_likelihood_by_state(posterior, data)
    units = {str(s): bench.panel["state"].values == s for s in bench.panel["state"].values}
    without, _ = effect_without_units(contrasts, likelihood, units)
    main = average_contrasts(contrasts).mean(0)
    top = most_influential(without, main, n=3)
    fitted = [leave_out(data, units[u]) for u in top]
    idata = fit_variations(bench.stage2, fitted, EXACT, "left out")
    sd = average_contrasts(contrasts).std(0)
    tree = with_log_likelihood(nested["alignment"].dataset, data, bench.panel["state"].values)
    estimate = leave_one_state_out(bench.stage2, tree, data).estimate
    for k, unit in enumerate(top):
        refitted = stack(idata["posterior"].dataset.isel(refit=k))
        effect = average_contrasts(state_contrasts(refitted, fitted[k], bench.top)).mean(0)
        np.testing.assert_allclose(without[unit], effect, atol=0.15 * sd.max())
        # The shift itself is larger than what the two ways differ by.
        assert abs(effect[-1] - main[-1]) > abs(without[unit][-1] - effect[-1])
        density = log_likelihood_by_state(refitted, data)[:, units[unit]]
        exact = (logsumexp(density, axis=0) - np.log(len(density))).item()
        assert estimate.elpd_i.sel(unit=unit).item() == pytest.approx(exact, abs=0.15)


def test_nested_models_are_ranked_and_calibrated(bench, nested):
    left_out, trees = {}, {}
    for model in nested.children:
        data = nest(bench.data("direct"), model)
        trees[model] = with_log_likelihood(nested[model].dataset, data, bench.panel["state"].values)
        left_out[model] = leave_one_state_out(bench.stage2, trees[model], data)
    ranked = list(compare_models({model: each.estimate for model, each in left_out.items()}).index)
    assert ranked[0] in ("alignment", "guarantee")
    assert ranked[-1] == "region_only"
    data = bench.data("direct")
    probability = left_out_probability(trees["alignment"], data, left_out["alignment"])
    assert calibrate(probability, data["joined_observed"], data["included"], seed=1)[1] > 0.05
    # The same share for everyone would be calibrated too; it would predict worse.
    rate = np.full_like(probability, data["joined_observed"].mean())
    best = score_predictions(probability.ravel(), data["joined_observed"].ravel())
    assert best[0] < score_predictions(rate.ravel(), data["joined_observed"].ravel())[0]


def test_permuted_guarantees_have_no_effect_and_real_ones_do(bench, nested):
    data = bench.data("total")
    real = average_contrasts(state_contrasts(stack(nested[EFFECTS["total"]].dataset), data, bench.top)).mean(
        0
    )
    dealt = permute_guarantees(data, 24, within_region=False, seed=2)
    effects, _ = bench.fit_effects(dealt, "permuted", None)
    rows = check_permutations(effects, real, bench.cases, item="within_case")
    assert {r["verdict"] for r in rows} == {"no effect"}
    assert (real > effects.max(0)).all()
    # The same check names what is not permuted at all.
    same = [data] * 3
    effects, _ = bench.fit_effects(same, "not permuted", None)
    rows = check_permutations(effects, real, bench.cases, item="within_case")
    assert {r["verdict"] for r in rows} == {"an effect of nothing"}


def test_one_case_predicts_the_other_better_than_chance(bench):
    data = bench.data("direct")
    chosen = train_on(data, 0, "direct")
    idata = fit_variations(bench.stage2, [chosen], SINGLE, "one case")
    posterior = stack(idata["posterior"].dataset.isel(refit=0, draw=slice(None, None, 5)))
    predicted = predict_case(posterior, chosen, 0, 1).mean(0)
    joined = data["joined_observed"][1]
    auc = score_predictions(predicted, joined)[2]
    assert auc > 0.75
    shuffled = np.random.default_rng(1).permutation(joined)
    assert score_predictions(predicted, shuffled)[2] < 0.65


PLANTED = 2.0
"""Logits per standard deviation of a hidden cause, on the guarantee and on joining."""
WORLDS = 8


def fit_worlds(planted, strengths):
    """Pooled effect of a pact that does nothing: 5 %, mean and 95 % by world and assumed strength."""
    variations, worlds, model = [], [], None
    for seed in range(WORLDS):
        rng = np.random.default_rng(seed)
        panel, _, _ = simulate_panel(n_state=190, seed=seed)
        wealth = standardise(panel["covariates_transformed"].values[..., 0])
        hidden = rng.normal(size=190)
        pact = rng.random(190) < expit(-0.8 + 0.8 * wealth[0] + planted * hidden)
        held = panel["guarantee"].copy(data=np.broadcast_to(np.where(pact, "pact", "none"), (2, 190)))
        panel["guarantee"] = held.assign_attrs(levels=["none", "pact"])
        logit = -0.8 + 0.5 * wealth + planted * hidden
        panel["joined"][:] = (rng.random((2, 190)) < expit(logit)).astype(float)
        data = Bench(panel, np.zeros((2, 190)), SPEC, seed=1).data("total")
        protected, design = confounding.describe_guarantee(data, 0)
        weights = [confounding.weigh_hidden(protected, design, a) for a in strengths]
        model = model or build_confounded_model(prepare_panel_data(panel), SPEC, weights[0], 0.0)
        names = ("joined_observed", "included", "has_level", "covariates", "region_idx")
        of_world = {name: data[name] for name in names}
        variations += [
            of_world | {"hidden_log_weight": w, "strength": np.array(b)}
            for w, b in zip(weights, strengths, strict=True)
        ]
        worlds += [(data, w, b) for w, b in zip(weights, strengths, strict=True)]
    saved = list_saved(model, [name for name in SAVED_TOTAL if name != "eta"])
    compiled = shape_refits(model, saved, seed=1)
    idata = refit_to_gates(compiled, variations, SHORT, name="confounded", seed=1)
    found = []
    for k, (data, weight, strength) in enumerate(worlds):
        draws = stack(idata["posterior"].dataset.isel(refit=k, draw=slice(None, None, 5)))
        contrasts = confounding.hidden_contrasts(draws, data, 0, weight, strength)
        effect = average_contrasts(contrasts)[:, -1]
        found.append([*np.quantile(effect, [0.05, 0.95]), effect.mean()])
    return np.array(found).reshape(WORLDS, len(strengths), 3)


def test_a_planted_cause_is_taken_for_an_effect_and_explained_away_at_its_strength():
    """One world is noisy: its interval leaves zero out once in ten. The mean of eight is not."""
    naive, weak, right = np.moveaxis(fit_worlds(PLANTED, (0.0, 0.5, PLANTED)), 1, 0)
    error = right[:, 2].std(ddof=1) / np.sqrt(WORLDS)
    assert naive[:, 2].mean() > 0.1 + 3 * error
    assert abs(right[:, 2].mean()) < 3 * error
    # At least six of eight intervals of 90 % hold the truth: fewer happen once in 26 if they are right.
    assert np.sum((right[:, 0] < 0) & (right[:, 1] > 0)) >= 6
    # A quarter of its strength does not explain it away: the surface tells strengths apart.
    assert weak[:, 2].mean() > 0.05 + 3 * error


def test_where_no_cause_is_planted_nothing_is_explained_away():
    naive, assumed = np.moveaxis(fit_worlds(0.0, (0.0, PLANTED)), 1, 0)
    error = naive[:, 2].std(ddof=1) / np.sqrt(WORLDS)
    assert abs(naive[:, 2].mean()) < 3 * error
    # A cause that is not there takes away an effect that is not there either: what is left is below zero.
    assert assumed[:, 2].mean() < -0.1
