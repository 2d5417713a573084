"""Trajectories leave a known density as it is."""

import numpy as np
from scipy.stats import kstest

from analysis.studies.dynamic.update.moves import take_trajectory


def test_trajectories_leave_a_density_as_it_is():
    rng = np.random.default_rng(1)
    sd = np.array([0.5, 1.5])

    def density(x):
        return -0.5 * np.sum((x / sd) ** 2), -x / sd**2

    ends = np.array([take_trajectory(sd * rng.normal(size=2), density, 0.4, rng)[0] for _ in range(3000)])
    for k in range(2):
        assert kstest(ends[:, k] / sd[k], "norm").pvalue > 0.001
