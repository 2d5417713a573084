"""Prediction across cases: a fit to one coalition predicts who joined the other."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

from analysis.posterior.answers import answers_at_nodes, linear_predictor, state_effects
from analysis.posterior.draws import stack
from analysis.posterior.joining import predict_at_nodes, weigh_nodes
from analysis.posterior.summaries import interval
from analysis.studies.checks.bench import EXACT, KEPT, Bench, open_bench
from analysis.variants.sampler import Progress, derive_seed
from analysis.variants.variant import Variant
from models.panel import Stage2Data

PREDICTORS = {
    "region_only": ("has_level", "covariates", "alignment"),
    "alignment_only": ("has_level", "covariates", "region_idx"),
    "without_guarantee": ("has_level",),
    "total": ("alignment",),
    "direct": (),
}
"""Models that predict, each with the data that are set to 0; without ``region_idx``, all are one region."""
SCORES = ("brier", "log", "auc")
N_BOOTSTRAP = 2000


def make_predictions(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Fit each case alone and score its predictions of each other case; ``fits`` are those of stage 1."""
    bench = open_bench(panel, fits, variant, **run)
    n_case = len(bench.cases) - 1
    pairs = [(a, b) for a in range(n_case) for b in range(n_case) if a != b]
    tables = []
    for k, pair in enumerate(pairs):
        tables += _score_pair(bench, *pair, bench.part(k, len(pairs)))
    return pd.concat(tables, ignore_index=True)


def _score_pair(bench: Bench, train: int, test: int, progress: Progress | None) -> list[pd.DataFrame]:
    """Return the scores of all models trained on one case and tested on another."""
    data, names = bench.data("direct"), bench.cases
    present = data.included[test] == 1
    joined = data.joined_observed[test, present]
    seen = data.joined_observed[train, data.included[train] == 1]
    base_rate = (seen.sum() + 0.5) / (len(seen) + 1)
    predicted = {"base_rate": np.full((2, present.sum()), base_rate)}
    for model in PREDICTORS:
        chosen = train_on(data, train, model)
        idata = bench.fit([chosen], EXACT, f"{model} of {names[train]}", progress)
        posterior = stack(idata["posterior"].dataset.isel(refit=0, draw=slice(None, None, KEPT)))
        predicted[model] = predict_case(posterior, chosen, train, test)[:, present]
    seed = derive_seed(bench.seed, "score", train, test)
    labels = {"train": names[train], "test": names[test], "seed": seed}
    return [summarize_scores(p, joined, model=model, **labels) for model, p in predicted.items()]


def train_on(data: Stage2Data, case: int, model: str) -> Stage2Data:
    """Return data with the answers of one case only, and with the predictors of one model."""
    included = np.zeros_like(data.included)
    included[case] = data.included[case]
    absent = {name: np.zeros_like(getattr(data, name)) for name in PREDICTORS[model]}
    return data._replace(included=included, **absent)


def predict_case(posterior: xr.Dataset, data: Stage2Data, train: int, test: int) -> np.ndarray:
    """Return the probability of joining the test case, with the coefficients of the training case.

    Takes draws along ``sample`` of a fit to ``data``, the data of ``train_on``, and the indices of both
    cases. Returns (sample, state), 0 to 1. A state's own effect is weighed by its answer in the training
    case, never by that in the test case. For a state outside the training case, it follows its prior.
    """
    effect, log_prior = state_effects(posterior)
    weights = weigh_nodes(answers_at_nodes(linear_predictor(posterior, data), data, effect), log_prior)
    moved = posterior.isel(case=np.full(posterior.sizes["case"], train))
    return predict_at_nodes(linear_predictor(moved, data)[:, [test]], weights, effect)[:, 0]


def score_predictions(probability: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """Return the Brier score, the mean log score and the area under the ROC curve: (..., 3).

    ``probability`` and ``joined`` are (..., state); ``joined`` is 0 or 1, and both must occur. A small Brier
    score and a large log score are good. The area is the probability that a joiner has a higher prediction
    than a state that stayed out (ties count half).
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
    """Return the scores of one model with their uncertainty, as rows of predictions.csv.

    ``brier``, ``log``, ``auc`` score the predictive probability, with intervals from a bootstrap of states.
    ``brier_draws`` and so on score single posterior draws, with intervals over draws.
    ``probability`` is (sample, state), ``joined`` is (state,); ``seed`` is that of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    predictive = probability.mean(0)
    chosen = rng.integers(len(joined), size=(N_BOOTSTRAP, len(joined)))
    both = np.ptp(joined[chosen], axis=1) > 0
    again = score_predictions(predictive[chosen[both]], joined[chosen[both]])
    draws = score_predictions(probability, np.broadcast_to(joined, probability.shape))
    point = score_predictions(predictive, joined)
    tables = []
    for suffix, values, mean in (("", again, point), ("_draws", draws, draws.mean(0))):
        lower, upper = interval(values, axis=0)
        table = {"train": train, "test": test, "model": model, "score": [score + suffix for score in SCORES]}
        table |= {"mean": mean, "sd": values.std(0, ddof=1), "lower": lower, "upper": upper}
        tables.append(pd.DataFrame(table))
    return pd.concat(tables)
