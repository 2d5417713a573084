"""A fit to one case predicts the other, whose answers it does not see."""

import numpy as np
import pytest
from support.made_bench import make_data, make_draws

from analysis.posterior.draws import stack
from analysis.studies.checks.bench import SINGLE
from analysis.studies.checks.prediction import predict_case, score_predictions, summarize_scores, train_on


def test_scores_by_hand():
    brier, log, auc = score_predictions(np.array([0.9, 0.6, 0.6, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]))
    assert brier == pytest.approx((0.01 + 0.16 + 0.36 + 0.01) / 4)
    assert log == pytest.approx((2 * np.log(0.9) + np.log(0.6) + np.log(0.4)) / 4)
    assert auc == pytest.approx(3.5 / 4)


def test_prediction_from_one_case_sees_nothing_of_the_other():
    panel, _, data = make_data(n_state=60)
    posterior = make_draws(panel, n=50)
    chosen = train_on(data, 0, "direct")
    predicted = predict_case(posterior, chosen, 0, 1)
    turned = chosen.joined_observed.copy()
    turned[1] = 1 - turned[1]
    changed = chosen._replace(joined_observed=turned)
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


@pytest.mark.slow
def test_one_case_predicts_the_other_better_than_chance(bench):
    data = bench.data("direct")
    chosen = train_on(data, 0, "direct")
    idata = bench.fit([chosen], SINGLE, "one case")
    posterior = stack(idata["posterior"].dataset.isel(refit=0, draw=slice(None, None, 5)))
    predicted = predict_case(posterior, chosen, 0, 1).mean(0)
    joined = data.joined_observed[1]
    auc = score_predictions(predicted, joined)[2]
    assert auc > 0.75
    shuffled = np.random.default_rng(1).permutation(joined)
    assert score_predictions(predicted, shuffled)[2] < 0.65
