"""Calibration: whether states with a predicted probability of 30 % join in 30 % of cases."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import probability_of_joining
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


def make_calibration(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return the curve of the full model, each state left out; ``fits``: stage 1, then the nested models."""
    bench = open_bench(panel, fits, variant, **run)
    data = bench.data("direct")
    tree = with_log_likelihood(fits[-1]["alignment"].dataset, data, panel["state"].values)
    left_out = leave_one_state_out(bench, tree, data, bench.progress)
    probability = left_out_probability(tree, data, left_out)
    curve, p_value = calibrate(probability, data.joined_observed, data.included, seed=bench.seed)
    return curve.assign(p_value=p_value)


def judge_calibration(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the row of checks.csv for a curve of ``make_calibration``."""
    p_value = float(curve["p_value"].iloc[0])
    verdict = "calibrated" if p_value > LEVEL else "not calibrated"
    note = "probability of errors at least this large if the predicted probabilities are right"
    numbers = {"value": p_value, "reference": LEVEL}
    return to_table([row("calibration", "left out by state", verdict=verdict, note=note, **numbers)])


def left_out_probability(tree: xr.DataTree, data: Stage2Data, left_out: LeftOut) -> np.ndarray:
    """Return the probability of joining of each state-case, from the other states' answers alone.

    Takes a fit to ``data`` and what ``leave_one_state_out`` found for it; returns (case, state), 0 to 1.
    """
    answered = data.included.any(0)
    log_weights = left_out.estimate.log_weights
    weights = log_weights.stack(sample=("chain", "draw")).transpose("sample", "unit").values
    weights = np.exp(weights - weights.max(0))
    probability = probability_of_joining(stack(tree["posterior"].dataset), data)
    expected = np.zeros(data.included.shape)
    expected[:, answered] = np.einsum("ncu,nu->cu", probability[:, :, answered], weights / weights.sum(0))
    # The estimate's units are the states that answered, in their order.
    number = dict(zip(log_weights["unit"].values, np.flatnonzero(answered), strict=True))
    for unit, posterior in left_out.refits.items():
        expected[:, number[unit]] = probability_of_joining(posterior, data)[:, :, number[unit]].mean(0)
    return expected


def calibrate(
    probability: np.ndarray, joined: np.ndarray, included: np.ndarray, *, seed: int
) -> tuple[pd.DataFrame, float]:
    """Return the calibration curve, and how probable its errors are if the model is calibrated.

    Takes the probability of joining with the state left out, who joined and who is included, (case, state)
    each; ``seed`` is that of the answers that a calibrated model would give. The curve has a row for each of
    ``N_BINS`` equally large bins of state-cases: ``expected`` (mean probability), ``observed`` share,
    ``lower`` and ``upper`` (interval of the share if the probabilities are right), ``n``. The p-value is the
    probability that a calibrated model has squared errors of the bins, in units of their variance, at least
    as large.
    """
    chosen = included == 1
    p, y = probability[chosen], joined[chosen]
    again = np.random.default_rng(seed).random((4000, len(p))) < p
    rows, errors = [], np.zeros(len(again) + 1)
    for members in np.array_split(np.argsort(p), N_BINS):
        expected, variance = p[members].mean(), (p[members] * (1 - p[members])).mean() / len(members)
        shares, observed = again[:, members].mean(1), y[members].mean()
        errors += (np.append(shares, observed) - expected) ** 2 / max(variance, 1e-6)
        rows.append((expected, observed, *interval(shares), len(members)))
    table = pd.DataFrame(rows, columns=["expected", "observed", "lower", "upper", "n"])
    return table, float((errors[:-1] >= errors[-1]).mean())
