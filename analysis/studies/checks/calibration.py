"""Calibration: whether states with a predicted probability of 30 % join in 30 % of cases."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from analysis.posterior.answers import linear_predictor, probability_of_joining
from analysis.posterior.draws import stack
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import open_bench
from analysis.studies.checks.comparison import LeftOut, leave_one_state_out, with_log_likelihood
from analysis.studies.checks.rows import row, to_table
from analysis.variants.variant import Variant
from models.panel import Stage2Data

N_BINS = 8
LEVEL = 0.05
"""Probability below which the model counts as not calibrated."""
REPLICATES = 4000
"""Sets of answers that the model would give again."""


def make_calibration(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return the curve of the full model, each state left out; ``fits``: stage 1, then the nested models."""
    bench = open_bench(panel, fits, variant, **run)
    data = bench.data("direct")
    tree = with_log_likelihood(fits[-1]["alignment"].dataset, data, panel["state"].values)
    left_out = leave_one_state_out(bench, tree, data, bench.progress)
    probability = left_out_probability(tree, data, left_out)
    again = replicate_left_out(tree, data, left_out, seed=bench.seed)
    curve, p_value = calibrate(probability, data.joined_observed, data.included, again)
    return curve.assign(p_value=p_value, refitted=len(left_out.refits))


def judge_calibration(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the row of checks.csv for a curve of ``make_calibration``."""
    p_value, refitted = float(curve["p_value"].iloc[0]), int(curve["refitted"].iloc[0])
    verdict = "calibrated" if p_value > LEVEL else "not calibrated"
    note = "probability of errors at least this large if the model is right; a state's answers are drawn "
    note += f"together; each state is predicted from the others (by weights; states refitted: {refitted})"
    numbers = {"value": p_value, "reference": LEVEL}
    return to_table([row("calibration", "left out by state", verdict=verdict, note=note, **numbers)])


def left_out_probability(tree: xr.DataTree, data: Stage2Data, left_out: LeftOut) -> np.ndarray:
    """Return the probability of joining of each state-case, from the other states' answers alone.

    Takes a fit to ``data`` and what ``leave_one_state_out`` found for it; returns (case, state), 0 to 1.
    """
    weights = weigh_draws(left_out)
    probability = probability_of_joining(stack(tree["posterior"].dataset), data)
    answered = data.included.any(0)
    expected = np.zeros(data.included.shape)
    expected[:, answered] = np.einsum("ncu,nu->cu", probability[:, :, answered], weights)
    for state, posterior in find_refits(data, left_out):
        expected[:, state] = probability_of_joining(posterior, data)[:, :, state].mean(0)
    return expected


def replicate_left_out(
    tree: xr.DataTree, data: Stage2Data, left_out: LeftOut, *, seed: int, n: int = REPLICATES
) -> np.ndarray:
    """Draw answers that a right model would give again, each state's from the fit without that state.

    A state's answers in all cases share one draw of the parameters and one state effect, newly drawn from the
    model, so they depend on each other as the model says. Parameters are those of ``left_out_probability``,
    the seed and the number of replicates. Returns (replicate, case, state), 0 or 1.
    """
    rng, weights = np.random.default_rng(seed), weigh_draws(left_out)
    posterior, refits = stack(tree["posterior"].dataset), dict(find_refits(data, left_out))
    eta, state_sd = linear_predictor(posterior, data), _state_sd(posterior)
    again = np.zeros((n, *data.included.shape))
    for unit, state in enumerate(np.flatnonzero(data.included.any(0))):
        # Each state has weights of its own, and so samples of its own.
        if state in refits:
            own, sd = linear_predictor(refits[state], data)[:, :, state], _state_sd(refits[state])
            chosen = rng.choice(len(sd), n)
        else:
            own, sd = eta[:, :, state], state_sd
            chosen = rng.choice(len(sd), n, p=weights[:, unit])
        logits = own[chosen] + (sd[chosen] * rng.normal(size=n))[:, None]
        again[:, :, state] = rng.random(logits.shape) < expit(logits)
    return again * data.included


def find_refits(data: Stage2Data, left_out: LeftOut) -> Iterator[tuple[int, xr.Dataset]]:
    """Yield the index of each state whose weights are unreliable, and the draws of the refit without it."""
    units = left_out.estimate.log_weights["unit"].values
    number = dict(zip(units, np.flatnonzero(data.included.any(0)), strict=True))
    for unit, posterior in left_out.refits.items():
        yield number[unit], posterior


def _state_sd(posterior: xr.Dataset) -> np.ndarray:
    """Return the standard deviation of state effects, (sample,) logits; 0 if the model has none."""
    if "state_sd" not in posterior:
        return np.zeros(posterior.sizes["sample"])
    return posterior["state_sd"].transpose("sample").values


def weigh_draws(left_out: LeftOut) -> np.ndarray:
    """Return the weight of each draw without each state: (sample, unit), adding up to 1 over samples.

    The units are the states that answered, in their order.
    """
    log_weights = left_out.estimate.log_weights
    weights = log_weights.stack(sample=("chain", "draw")).transpose("sample", "unit").values
    weights = np.exp(weights - weights.max(0))
    return weights / weights.sum(0)


def calibrate(
    probability: np.ndarray, joined: np.ndarray, included: np.ndarray, again: np.ndarray
) -> tuple[pd.DataFrame, float]:
    """Return the calibration curve, and how probable its errors are if the model is calibrated.

    Parameters
    ----------
    probability : np.ndarray
        (case, state), 0 to 1: probability of joining with the state left out.
    joined, included : np.ndarray
        (case, state), 0 or 1: who joined, and who is in the case.
    again : np.ndarray
        (replicate, case, state), 0 or 1: answers that a right model would give. A state's answers must depend
        on each other as they do in the model. Were they drawn one by one, errors of the observed answers, in
        which a state that is above its probability in one case tends to be above it in the other, would
        look too large.

    Returns
    -------
    curve : pd.DataFrame
        One row for each of ``N_BINS`` equally large bins of state-cases: ``expected`` (mean probability),
        ``observed`` share, ``lower`` and ``upper`` (interval of the share if the model is right), ``n``.
    p_value : float
        Probability that a right model has squared errors of the bins, each divided by the variance of
        independent answers, at least as large in sum.
    """
    chosen = included == 1
    p, y, again = probability[chosen], joined[chosen], again[:, chosen]
    rows, errors = [], np.zeros(len(again) + 1)
    for members in np.array_split(np.argsort(p), N_BINS):
        expected, variance = p[members].mean(), (p[members] * (1 - p[members])).mean() / len(members)
        shares, observed = again[:, members].mean(1), y[members].mean()
        errors += (np.append(shares, observed) - expected) ** 2 / max(variance, 1e-6)
        rows.append((expected, observed, *interval(shares), len(members)))
    table = pd.DataFrame(rows, columns=["expected", "observed", "lower", "upper", "n"])
    return table, float((errors[:-1] >= errors[-1]).mean())
