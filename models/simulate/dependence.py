"""How votes depend on each other: measured on simulated votes, where the truth is known."""

from itertools import pairwise

import numpy as np
import xarray as xr
from scipy.special import ndtri

LEAST_VARIANCE = 0.05
"""Smallest variance by which a residual is divided: an answer that is nearly sure says little."""
SHIFTS = ndtri((np.arange(64) + 0.5) / 64)
"""Equally probable values of a standard normal effect on a reaction."""


def compute_residuals(votes: xr.Dataset, truth: xr.Dataset) -> np.ndarray:
    """Compute standardised residuals (item, state) of answers, no 0 to yes 2, given the first position alone.

    Takes what ``models.simulate.worlds.simulate_window`` returns. 0 where a state was absent.
    """
    slope, position = truth["discrimination"].values, truth["ideal_point"].values
    cutpoint = truth["cutpoint"].values
    width = np.sqrt(truth["second_discrimination"].values ** 2 + float(truth["bloc_sd"]) ** 2)
    exceed = np.zeros((*votes["counts"].shape[:2], 2))
    for shift in SHIFTS:
        predictor = slope[:, None] * position + (width * shift)[:, None]
        exceed += 1 / (1 + np.exp(cutpoint[:, None, :] - predictor[..., None]))
    exceed /= len(SHIFTS)
    expected = exceed.sum(-1)
    variance = exceed[..., 0] + 3 * exceed[..., 1] - expected**2
    answer = votes["counts"].values @ np.arange(3)
    residual = (answer - expected) / np.sqrt(np.maximum(variance, LEAST_VARIANCE))
    return np.where(votes["counts"].values.any(-1), residual, 0.0)


def measure_dependence(votes: xr.Dataset, truth: xr.Dataset) -> dict[str, float]:
    """Measure the dependence of simulated votes.

    Returns
    -------
    dict
        ``repeats``: correlation of residuals of a state's answers to a resolution and to the same resolution
        when it was last put. ``first_share``: share of the residuals' sum of squares in their first
        dimension, 0 to 1. ``contradictions``: share of those pairs of answers that differ.
    """
    residual = compute_residuals(votes, truth)
    answer, seen = votes["counts"].values.argmax(-1), votes["counts"].values.any(-1)
    group, date = votes["match_group"].values, votes["date"].values
    pairs = []
    for one in np.unique(group):
        items = np.flatnonzero(group == one)
        pairs += pairwise(items[np.argsort(date[items], kind="stable")])
    before, after = np.array(pairs, int).reshape(-1, 2).T
    both = seen[before] & seen[after]
    singular = np.linalg.svd(residual, compute_uv=False)
    return {
        "repeats": float(np.corrcoef(residual[before][both], residual[after][both])[0, 1]),
        "first_share": float(singular[0] ** 2 / (singular**2).sum()),
        "contradictions": float((answer[before] != answer[after])[both].mean()),
    }
