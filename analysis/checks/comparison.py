"""Leaving out one state: what the model then expects of it, and which predictors that needs."""

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats import reloo
from arviz_stats.loo.wrapper import SamplingWrapper

from analysis.checks.answers import log_likelihood_by_state, probability_of_joining
from analysis.checks.stage2 import Stage2, fit_variations, leave_out
from analysis.checks.tables import row
from analysis.fit import SamplerSpec

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


class LeaveOneState(SamplingWrapper):
    """Tells ArviZ how the model is fitted without a state.

    ``model`` is the ``Stage2``; ``sample_kwargs`` holds the ``data`` of the fit with all states.
    """

    def sel_observations(self, idx):
        """Data without the states, and which they are."""
        units = np.atleast_1d(self.idata_orig["log_likelihood"]["unit"].values[idx])
        states = np.isin(self.model.panel["state"].values, units)
        return leave_out(self.sample_kwargs["data"], states), states

    def sample(self, modified_observed_data):
        """Fit without them."""
        return fit_variations(self.model, [modified_observed_data], EXACT, "leave one state out")

    def get_inference_data(self, fitted_model):
        """The fit."""
        return fitted_model

    def log_likelihood__i(self, excluded_obs, idata__i):
        """Log likelihood of what the states did."""
        posterior = idata__i["posterior"].dataset.isel(refit=0)
        values = log_likelihood_by_state(stack(posterior), self.sample_kwargs["data"])[:, excluded_obs]
        shape = posterior.sizes["chain"], posterior.sizes["draw"]
        return xr.DataArray(values[:, 0].reshape(shape), dims=("chain", "draw"))


def leave_one_state_out(stage2: Stage2, tree: xr.DataTree, data: dict[str, np.ndarray]):
    """PSIS-LOO by state; states whose Pareto k is too high are left out for real.

    Returns
    -------
    arviz_stats.utils.ELPDDataLOO
        After the refits.
    n_refitted : int
    """
    estimate = az.loo(tree, pointwise=True)
    high = int((estimate.pareto_k > estimate.good_k).sum())
    if high:
        wrapper = LeaveOneState(stage2, idata_orig=tree, sample_kwargs={"data": data})
        exact = reloo(wrapper, loo_orig=estimate, pointwise=True)
        exact.pareto_k = estimate.pareto_k
        estimate = exact
    return estimate, high


def left_out_probability(tree: xr.DataTree, data: dict[str, np.ndarray], estimate) -> np.ndarray:
    """Probability of joining of each state-case from the other states' answers alone.

    Parameters
    ----------
    tree : xr.DataTree
        From ``with_log_likelihood``.
    data : dict of str to np.ndarray
        As the model had it.
    estimate : arviz_stats.utils.ELPDDataLOO
        Before refits: its weights are those of PSIS.

    Returns
    -------
    np.ndarray
        (case, state), 0 to 1.
    """
    answered = data["included"].any(0)
    weights = estimate.log_weights.stack(sample=("chain", "draw")).transpose("sample", "unit").values
    weights = np.exp(weights - weights.max(0))
    probability = probability_of_joining(stack(tree["posterior"].dataset), data)
    left_out = np.zeros(data["included"].shape)
    left_out[:, answered] = np.einsum("ncu,nu->cu", probability[:, :, answered], weights / weights.sum(0))
    return left_out


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
