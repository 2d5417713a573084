"""Each state's probability of joining, with and without its guarantee, and how surprising its answer was."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.joining import predict_joining, weigh_state_effects
from analysis.posterior.schema.joining import compute_predictor, log_likelihood_by_state, predict_anew
from analysis.posterior.summaries import summarize_draws
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec


def predict_by_state(draws: xr.Dataset, panel: xr.Dataset, spec: CoalitionSpec) -> pd.DataFrame:
    """Predict each state's answer: the table ``predictions_by_state.csv``.

    Parameters
    ----------
    draws : xr.Dataset
        Draws along ``sample`` of the model without alignment, with ``eta``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    spec : CoalitionSpec
        Choices of the fit.

    Returns
    -------
    pd.DataFrame
        A row for each state and case of the sample: ``case, state, name, guarantee, joined``.

        ``with_guarantee``, ``without_guarantee`` and ``difference``, each with ``_lower`` and ``_upper``: the
        probability of joining with the guarantee that it has, had it none, and their difference, given all
        that it did. Averaged over the states with a level, the difference is ``att_<level>_total``.

        ``expected``: the probability of joining that follows from all other states, without its own answers
        (leave-one-out, by Pareto-smoothed weights, with ``pareto_k``). ``surprise``: minus the binary log of
        the probability of what it did, in bits. 1 is a toss of a coin; 4.3 has a chance of one in twenty.
    """
    data, reference = prepare_panel_data(panel, spec.missing), panel["guarantee"].attrs["levels"][0]
    weights = weigh_state_effects(draws, panel, spec.link)
    own, bare = (
        predict_joining(draws, panel, level, weights, link=spec.link).reset_coords(drop=True)
        for level in (None, reference)
    )
    labelled = panel[["guarantee", "joined"]].to_dataframe()[["name", "guarantee", "joined"]]
    table = labelled[panel["included"].to_series()].copy()
    for column, values in (
        ("with_guarantee", own),
        ("without_guarantee", bare),
        ("difference", own - bare),
    ):
        rows = values.stack(row=("case", "state")).transpose("row", "sample")
        found = summarize_draws(rows[rows.notnull().all("sample")]).set_index(["case", "state"])
        table[column] = found["mean"]
        table[[f"{column}_lower", f"{column}_upper"]] = found[["lower", "upper"]]
    predictor = compute_predictor(draws, panel)
    expected, pareto_k = leave_out(
        log_likelihood_by_state(draws, predictor, data, spec.link), predict_anew(draws, predictor, spec.link)
    )
    index = pd.MultiIndex.from_product([data.case, data.state], names=["case", "state"])
    table["expected"] = pd.Series(expected.ravel(), index)
    table["surprise"] = -np.log2(np.where(table["joined"] == 1, table["expected"], 1 - table["expected"]))
    table["pareto_k"] = pd.Series(np.tile(pareto_k, len(data.case)), index)
    return table.astype({"joined": int}).reset_index()


def calibrate_left_out(predictions: pd.DataFrame, seed: int, draws: int = 1000) -> xr.DataTree:
    """Return who joined, and answers drawn from ``expected``, in the form of ArviZ's calibration plots.

    Parameters
    ----------
    predictions : pd.DataFrame
        From ``predict_by_state``.
    seed, draws : int
        Seed and number of the drawn answers.

    Returns
    -------
    xr.DataTree
        ``posterior_predictive`` and ``observed_data`` with ``joined`` (obs), one for each state-case.
    """
    expected = predictions["expected"].to_numpy()
    drawn = np.random.default_rng(seed).binomial(1, expected, (1, draws, len(expected)))
    return xr.DataTree.from_dict(
        {
            "posterior_predictive": xr.Dataset({"joined": (("chain", "draw", "obs"), drawn)}),
            "observed_data": xr.Dataset({"joined": ("obs", predictions["joined"].to_numpy())}),
        }
    )


def leave_out(log_likelihood: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities without a state's own answers, (case, state), and Pareto k, (state,).

    Takes the log likelihood (sample, state) of all answers of a state, and its probabilities (sample, case,
    state) with its own effect unknown.
    """
    # ArviZ loads a compiler, which whoever only reads this table needs not wait for.
    from arviz_stats.base import array_stats

    expected, pareto_k = np.empty(probability.shape[1:]), np.empty(log_likelihood.shape[1])
    for state, log in enumerate(log_likelihood.T):
        if np.ptp(log) < 1e-9:
            expected[:, state], pareto_k[state] = probability[:, :, state].mean(0), 0.0
            continue
        log_weight, pareto_k[state] = array_stats.psislw(log)
        weight = np.exp(log_weight - log_weight.max())
        expected[:, state] = weight @ probability[:, :, state] / weight.sum()
    return expected, pareto_k
