"""What the model says before and after the data, held against the data: pure functions of draws."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import replicate_answers
from analysis.posterior.summaries import INTERVAL
from analysis.studies.checks.rows import inside, row

TAILS = ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
N_BINS = 8


def check_prior(prior: xr.Dataset, data: dict[str, np.ndarray], cases: list[str], *, seed: int) -> list[dict]:
    """Share of joiners that the prior expects, beside the share that there was.

    Parameters
    ----------
    prior : xr.Dataset
        Draws from the prior along ``sample``.
    data : dict of str to np.ndarray
        From ``analysis.studies.checks.bench.Stage2.data``.
    cases : list of str
        Names of the cases.
    seed : int
        Seed of the answers.
    """
    answers = replicate_answers(prior, data, np.random.default_rng(seed))
    seats = data["included"].sum(1)
    rows = []
    for c, case in enumerate(cases):
        lower, upper = np.quantile(answers[:, c].sum(1) / seats[c], TAILS)
        observed = (data["joined_observed"] * data["included"])[c].sum() / seats[c]
        verdict = inside(observed, lower, upper)
        note = "observed share beside the prior's 90 % interval"
        rows.append(
            row(
                "prior_predictive",
                "share_joined",
                case=case,
                value=observed,
                lower=lower,
                upper=upper,
                verdict=verdict,
                note=note,
            )
        )
    return rows


def count_joiners(
    posterior: xr.Dataset, data: dict[str, np.ndarray], panel: xr.Dataset, *, seed: int
) -> list[dict]:
    """Joiners by guarantee level and by region, as observed and as the model would have them again.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample``.
    data : dict of str to np.ndarray
        As the model had it.
    panel : xr.Dataset
        Names of cases, levels and regions.
    seed : int
        Seed of the replicated answers.
    """
    answers = replicate_answers(posterior, data, np.random.default_rng(seed))
    observed = data["joined_observed"] * data["included"]
    rows = []
    for c, case in enumerate(panel["case"].values):
        guarantee = panel["guarantee"].values[c]
        groups = {f"level {v}": guarantee == v for v in panel["guarantee"].attrs["levels"]}
        groups |= {f"region {v}": panel["region"].values == v for v in np.unique(panel["region"].values)}
        for item, members in groups.items():
            value = observed[c, members].sum()
            lower, upper = np.quantile(answers[:, c, members].sum(1), TAILS)
            verdict = inside(value, lower, upper)
            expected = answers[:, c, members].sum(1).mean()
            rows.append(
                row(
                    "posterior_predictive",
                    item,
                    case=str(case),
                    value=value,
                    lower=lower,
                    upper=upper,
                    reference=expected,
                    verdict=verdict,
                    note="joiners; reference: mean expected by the model",
                )
            )
    return rows


def calibrate(
    probability: np.ndarray, joined: np.ndarray, included: np.ndarray, *, seed: int
) -> tuple[pd.DataFrame, float]:
    """Calibration curve: share that joined where the model, not knowing the state, expected how much.

    Parameters
    ----------
    probability : np.ndarray
        (case, state): predicted with the state left out.
    joined, included : np.ndarray
        (case, state), 0 or 1.
    seed : int
        Seed of the answers that a calibrated model would give.

    Returns
    -------
    table : pd.DataFrame
        A bin of equally many state-cases a row: ``expected`` (mean probability), ``observed`` share,
        ``lower`` and ``upper``: 90 % interval of the share if the probabilities are right, ``n``.
    p_value : float
        Probability that right probabilities give squared errors of the bins (in units of their variance)
        as large as those observed.
    """
    chosen = included == 1
    p, y = probability[chosen], joined[chosen]
    order = np.argsort(p)
    again = np.random.default_rng(seed).random((4000, len(p))) < p
    rows, errors = [], np.zeros(len(again) + 1)
    for members in np.array_split(order, N_BINS):
        expected, variance = p[members].mean(), (p[members] * (1 - p[members])).mean() / len(members)
        shares = again[:, members].mean(1)
        lower, upper = np.quantile(shares, TAILS)
        observed = y[members].mean()
        errors += (np.append(shares, observed) - expected) ** 2 / max(variance, 1e-6)
        rows.append((expected, observed, lower, upper, len(members)))
    table = pd.DataFrame(rows, columns=["expected", "observed", "lower", "upper", "n"])
    return table, float((errors[:-1] >= errors[-1]).mean())
