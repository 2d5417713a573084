"""From one coalition to the other: how well a fit to one case predicts who joined the other."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, log_expit
from scipy.stats import rankdata

from analysis.posterior.answers import linear_predictor, state_effects
from analysis.posterior.summaries import INTERVAL

PREDICTORS = {
    "region_only": ("has_level", "covariates", "alignment"),
    "alignment_only": ("has_level", "covariates", "region_idx"),
    "without_guarantee": ("has_level",),
    "total": ("alignment",),
    "direct": (),
}
"""Models of prediction, each with the data that are set to 0: all states then are of one region."""
COLUMNS = ["train", "test", "model", "score", "mean", "sd", "lower", "upper"]
N_BOOTSTRAP = 2000


def train_on(data: dict[str, np.ndarray], case: int, model: str) -> dict[str, np.ndarray]:
    """Data with the answers of one case only, and the predictors of one model."""
    masked = data | {name: np.zeros_like(data[name]) for name in PREDICTORS[model]}
    keep = np.zeros_like(data["included"])
    keep[case] = data["included"][case]
    return masked | {"included": keep}


def predict_case(posterior: xr.Dataset, data: dict[str, np.ndarray], train: int, test: int) -> np.ndarray:
    """Probability of joining the other case, with the coefficients of the one that was seen.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of a fit to ``train_on`` data.
    data : dict of str to np.ndarray
        As the model had it.
    train, test : int
        Index of the case seen, and of the one predicted.

    Returns
    -------
    np.ndarray
        (sample, state), 0 to 1. A state's own effect is weighed by what it did in the case seen; a state
        that was not in it has the effect of any.
    """
    own = linear_predictor(posterior, data)[:, train]
    moved = posterior.isel(case=np.full(posterior.sizes["case"], train))
    eta = linear_predictor(moved, data)[:, test]
    effect, log_weight = state_effects(posterior)
    sign, seen = 2 * data["joined_observed"][train] - 1, data["included"][train]
    total, probability = 0.0, 0.0
    for n, w in enumerate(log_weight):
        nu = effect[:, None, n]
        weight = np.exp(w + seen * log_expit(sign * (own + nu)))
        total = total + weight
        probability = probability + weight * expit(eta + nu)
    return probability / total


def score_predictions(probability: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """Brier score, mean log score and area under the curve.

    Parameters
    ----------
    probability : np.ndarray
        (..., state), 0 to 1.
    joined : np.ndarray
        (..., state), 0 or 1; both kinds must occur.

    Returns
    -------
    np.ndarray
        (..., 3): mean squared error (small is good), mean log probability of what happened (large is good),
        probability that a joiner was given more than one who stayed out, ties counting half.
    """
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    brier = ((p - joined) ** 2).mean(-1)
    log = (joined * np.log(p) + (1 - joined) * np.log1p(-p)).mean(-1)
    joiners = joined.sum(-1)
    others = joined.shape[-1] - joiners
    ranks = (rankdata(p, axis=-1) * joined).sum(-1)
    auc = (ranks - joiners * (joiners + 1) / 2) / (joiners * others)
    return np.stack([brier, log, auc], axis=-1)


def summarize_scores(
    probability: np.ndarray, joined: np.ndarray, *, train: str, test: str, model: str, seed: int
) -> pd.DataFrame:
    """Scores of one model with their uncertainty, as rows of predictions.csv.

    Parameters
    ----------
    probability : np.ndarray
        (sample, state).
    joined : np.ndarray
        (state,), 0 or 1.
    train, test, model : str
        Names.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pd.DataFrame
        ``brier``, ``log``, ``auc``: scores of the predictive probability, with intervals over bootstrapped
        states; ``brier_draws`` ...: of single posterior draws, with their spread over draws.
    """
    rng = np.random.default_rng(seed)
    predictive = probability.mean(0)
    chosen = rng.integers(len(joined), size=(N_BOOTSTRAP, len(joined)))
    both = np.ptp(joined[chosen], axis=1) > 0
    again = score_predictions(predictive[chosen[both]], joined[chosen[both]])
    draws = score_predictions(probability, np.broadcast_to(joined, probability.shape))
    point = score_predictions(predictive, joined)
    rows = []
    for suffix, values, means in (("", again, point), ("_draws", draws, draws.mean(0))):
        bounds = np.quantile(values, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2], axis=0)
        for k, score in enumerate(("brier", "log", "auc")):
            spread = values[:, k].std(ddof=1)
            rows.append((train, test, model, score + suffix, means[k], spread, bounds[0, k], bounds[1, k]))
    return pd.DataFrame(rows, columns=COLUMNS)
