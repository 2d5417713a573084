"""Calibration passes for the right link and fails for a wrong one."""

import numpy as np
from scipy.special import expit, logit

from analysis.studies.checks.calibration import calibrate


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
