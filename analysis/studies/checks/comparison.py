"""Leaving out one state: what the model then expects of it, and which predictors that needs."""

from dataclasses import dataclass

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.utils import ELPDDataLOO
from scipy.special import logsumexp

from analysis.posterior.answers import log_likelihood_by_state, probability_of_joining
from analysis.studies.checks.bench import Stage2, fit_variations, leave_out
from analysis.studies.checks.rows import row
from analysis.variants.sampler import SamplerSpec

WITHOUT = {
    "region_only": ("has_level", "covariates", "alignment"),
    "covariates": ("has_level", "alignment"),
    "guarantee": ("alignment",),
    "alignment": (),
}
"""Nested models in rising order, each with the predictors that it lacks, which are data set to 0."""
EXACT = SamplerSpec(draws=1000, tune=300, chains=4)


def nest(data: dict[str, np.ndarray], model: str) -> dict[str, np.ndarray]:
    """Data of a nested model: a predictor that is 0 for all states says nothing of any."""
    return data | {name: np.zeros_like(data[name]) for name in WITHOUT[model]}


def stack(posterior: xr.Dataset) -> xr.Dataset:
    """Draws of one fit, (chain, draw), along ``sample``."""
    return posterior.stack(sample=("chain", "draw")).drop_vars(("sample", "chain", "draw"))


def with_log_likelihood(
    posterior: xr.Dataset, data: dict[str, np.ndarray], states: np.ndarray
) -> xr.DataTree:
    """A fit with the log likelihood of each state's answers, as ArviZ takes it.

    Parameters
    ----------
    posterior : xr.Dataset
        (chain, draw, ...).
    data : dict of str to np.ndarray
        As the model had it.
    states : np.ndarray
        Names; those without an answer in any case are left out.

    Returns
    -------
    xr.DataTree
        ``posterior``, ``log_likelihood`` with ``answers`` (chain, draw, unit).
    """
    answered = data["included"].any(0)
    values = log_likelihood_by_state(stack(posterior), data)[:, answered]
    shape = posterior.sizes["chain"], posterior.sizes["draw"], answered.sum()
    answers = xr.DataArray(
        values.reshape(shape), dims=("chain", "draw", "unit"), coords={"unit": states[answered]}
    )
    return xr.DataTree.from_dict(
        {"posterior": posterior, "log_likelihood": answers.to_dataset(name="answers")}
    )


@dataclass(frozen=True)
class LeftOut:
    """What is expected of each state by the others.

    Attributes
    ----------
    estimate : arviz_stats.utils.ELPDDataLOO
        By state, exact for those in ``refits``; ``pareto_k`` is that of the weights, infinite where they have
        too heavy a tail for any k.
    refits : dict of str to xr.Dataset
        Posterior along ``sample`` without a state whose weights do not hold.
    """

    estimate: ELPDDataLOO
    refits: dict[str, xr.Dataset]


def leave_one_state_out(stage2: Stage2, tree: xr.DataTree, data: dict[str, np.ndarray]) -> LeftOut:
    """PSIS-LOO by state; states whose Pareto k is too high are left out for real.

    Parameters
    ----------
    stage2 : Stage2
        The compiled model.
    tree : xr.DataTree
        From ``with_log_likelihood``.
    data : dict of str to np.ndarray
        As the model had it.
    """
    estimate = az.loo(tree, pointwise=True)
    estimate.pareto_k = estimate.pareto_k.fillna(np.inf)
    bad = estimate.pareto_k["unit"].values[(estimate.pareto_k > estimate.good_k).values]
    if not len(bad):
        return LeftOut(estimate, {})
    states = stage2.panel["state"].values
    variations = [leave_out(data, states == unit) for unit in bad]
    idata = fit_variations(stage2, variations, EXACT, "leave one state out")
    refits = {str(unit): stack(idata["posterior"].dataset.isel(refit=k)) for k, unit in enumerate(bad)}
    before = estimate.elpd_i.sum().item()
    for unit, posterior in refits.items():
        density = log_likelihood_by_state(posterior, data)[:, states == unit]
        estimate.elpd_i.loc[{"unit": unit}] = logsumexp(density) - np.log(density.size)
    estimate.elpd = estimate.elpd_i.sum().item()
    estimate.se = np.sqrt(estimate.elpd_i.size * estimate.elpd_i.var(ddof=1).item())
    estimate.p += before - estimate.elpd
    return LeftOut(estimate, refits)


def left_out_probability(tree: xr.DataTree, data: dict[str, np.ndarray], left_out: LeftOut) -> np.ndarray:
    """Probability of joining of each state-case from the other states' answers alone.

    Parameters
    ----------
    tree : xr.DataTree
        From ``with_log_likelihood``.
    data : dict of str to np.ndarray
        As the model had it.
    left_out : LeftOut
        Weights of PSIS, and refits where these do not hold.

    Returns
    -------
    np.ndarray
        (case, state), 0 to 1.
    """
    answered = data["included"].any(0)
    log_weights = left_out.estimate.log_weights
    weights = log_weights.stack(sample=("chain", "draw")).transpose("sample", "unit").values
    weights = np.exp(weights - weights.max(0))
    probability = probability_of_joining(stack(tree["posterior"].dataset), data)
    expected = np.zeros(data["included"].shape)
    expected[:, answered] = np.einsum("ncu,nu->cu", probability[:, :, answered], weights / weights.sum(0))
    # States that answered, in their order: those of the estimate.
    number = dict(zip(log_weights["unit"].values, np.flatnonzero(answered), strict=True))
    for unit, posterior in left_out.refits.items():
        expected[:, number[unit]] = probability_of_joining(posterior, data)[:, :, number[unit]].mean(0)
    return expected


def compare_models(estimates: dict) -> pd.DataFrame:
    """ArviZ's comparison of nested models, best first, unrounded."""
    return az.compare(estimates, round_to="none")


def check_comparison(table: pd.DataFrame, refitted: dict[str, int]) -> list[dict]:
    """Rows of the comparison: differences in expected log density from the best, in its standard errors."""
    rows = []
    for name, line in table.iterrows():
        difference, error = float(line["elpd_diff"]), float(line["dse"])
        difference = -abs(difference)
        rows.append(
            row(
                "comparison",
                str(name),
                value=difference,
                lower=difference - 1.645 * error,
                upper=difference + 1.645 * error,
                reference=float(line["elpd"]),
                verdict="best"
                if difference == 0
                else "worse"
                if difference < -2 * error
                else "near the best",
                note=f"elpd less the best's; reference: elpd; {refitted[str(name)]} states refitted",
            )
        )
    return rows
