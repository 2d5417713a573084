"""Calibration passes for a right model, even where a state's answers agree, and fails for a wrong one."""

from types import SimpleNamespace

import numpy as np
import xarray as xr
from scipy.special import expit, logit
from support.made_bench import make_data, make_draws, split_chains

from analysis.posterior.answers import replicate_answers
from analysis.studies.checks.calibration import calibrate, left_out_probability, replicate_left_out
from analysis.studies.checks.comparison import LeftOut, with_log_likelihood

STATES, REPLICATES = 190, 1000


def draw(rng, probability, n):
    """Return ``n`` sets of independent answers."""
    return (rng.random((n, *probability.shape)) < probability).astype(float)


def test_calibration_passes_for_the_right_link_and_fails_for_a_wrong_one():
    rng = np.random.default_rng(3)
    probability = expit(rng.normal(-0.5, 1.8, size=(2, STATES)))
    included = np.ones((2, STATES))
    joined = draw(rng, probability, 1)[0]
    curve, p_value = calibrate(probability, joined, included, draw(rng, probability, 4000))
    assert p_value > 0.05
    assert curve["n"].sum() == 2 * STATES
    assert curve["expected"].is_monotonic_increasing
    # Too sure, not sure enough, and a link that never lets a probability near 1.
    for wrong in (expit(2.2 * logit(probability)), expit(0.4 * logit(probability)), 0.6 * probability):
        assert calibrate(wrong, joined, included, draw(rng, wrong, 4000))[1] < 0.01


def test_states_that_answer_alike_do_not_make_a_right_model_look_wrong():
    """In a world with large state effects, independent answers are the wrong yardstick."""
    rng = np.random.default_rng(4)
    own = rng.normal(-0.5, 3.0, size=(1, STATES))

    def predict(steepness):
        """Return each state's probability of joining, the same in both cases, and answers drawn again."""
        at = steepness * own + 5.0 * rng.normal(size=(6000, 1, STATES))
        answers = rng.random((6000, 2, STATES)) < expit(at)
        return np.repeat(expit(at).mean(0), 2, axis=0), answers.astype(float)

    included, right = np.ones((2, STATES)), predict(1.0)
    probability, together = right
    apart = draw(rng, probability, 4000)
    rejected, widths = {}, {}
    for name, again in (("together", together[2000:]), ("apart", apart)):
        tests = [calibrate(probability, joined, included, again) for joined in together[:200]]
        rejected[name] = np.mean([p_value < 0.05 for _, p_value in tests])
        widths[name] = (tests[0][0]["upper"] - tests[0][0]["lower"]).mean()
    assert rejected["together"] < 0.1
    assert rejected["apart"] > 0.15
    assert widths["apart"] < 0.85 * widths["together"]
    # Predictions that are too sure are still found.
    sure, again = predict(3.0)
    assert np.mean([calibrate(sure, joined, included, again)[1] < 0.05 for joined in together[:50]]) > 0.9


def test_answers_drawn_again_of_a_state_depend_on_each_other_as_in_the_model():
    panel, _, data = make_data()
    flat = make_draws(panel, n=1000)
    flat = flat.assign(state_sd=("sample", np.full(1000, 4.0)))
    tree = with_log_likelihood(split_chains(flat), data, panel["state"].values)
    answers = tree["log_likelihood"]["answers"]
    # Equal weights, with one state whose weights are unreliable: its refit says that it never joins.
    never = flat.assign(intercept=flat["intercept"] - 100)
    estimate = SimpleNamespace(log_weights=xr.zeros_like(answers))
    found = LeftOut(estimate, {str(panel["state"].values[7]): never})
    again = replicate_left_out(tree, data, found, seed=1, n=8000)
    expected = left_out_probability(tree, data, found)
    np.testing.assert_allclose(again.mean(0), expected * data.included, atol=0.03)
    assert not again[:, :, 7].any()
    assert not again[:, 0, 2].any()
    both = (again[:, 0] * again[:, 1]).mean(0)
    of_model = replicate_answers(flat, data, np.random.default_rng(2)).astype(float)
    others = np.setdiff1d(np.arange(30), [2, 7])
    np.testing.assert_allclose(both[others], (of_model[:, 0] * of_model[:, 1]).mean(0)[others], atol=0.06)
    assert (both > expected[0] * expected[1] + 0.03)[others].mean() > 0.8
