"""Quantities of interest: pure functions of posteriors. Nothing here fits, reads or writes."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, log_expit, softmax
from scipy.stats import rankdata

from models.joining import STATE_LOG_WEIGHTS, STATE_NODES

INTERVAL = 0.9
"""Probability of every interval that the project reports (equal-tailed)."""


def compute_alignment(
    ideal_point: xr.DataArray, reference: str, yardstick: str | None = None
) -> xr.DataArray:
    """Position relative to a reference state, the difference taken within each draw.

    Parameters
    ----------
    ideal_point : xr.DataArray
        Draws; one dim is ``state``. Standard deviations of the states in the sample.
    reference : str
        iso3 of the state from which alignment is measured.
    yardstick : str, optional
        The state that the responses were counted against, which has no position of its own. With it as
        the reference, alignment is known up to a constant, and the ideal point is returned.

    Returns
    -------
    xr.DataArray
        As ``ideal_point``; negative: further from the upper end than the reference. Posterior sd of two
        states must not be combined to get it: the reference's own error is shared by all states.

    Raises
    ------
    ValueError
        If the reference is neither a state of the sample nor the yardstick.
    """
    if reference in ideal_point["state"].values:
        return ideal_point - ideal_point.sel(state=reference, drop=True)
    if reference == yardstick:
        return ideal_point
    raise ValueError(
        f"reference {reference!r} has no position; states with one: "
        + ", ".join(map(str, ideal_point["state"].values[:12]))
        + ", ..."
    )


def compute_rank(ideal_point: xr.DataArray) -> xr.DataArray:
    """Rank of each state within each draw, 1 = at the upper end, where the US votes."""
    ranks = xr.apply_ufunc(
        lambda x: rankdata(-x, axis=-1),
        ideal_point,
        input_core_dims=[["state"]],
        output_core_dims=[["state"]],
    )
    return ranks.transpose(*ideal_point.dims)


def weigh_state_effects(posterior: xr.Dataset, panel: xr.Dataset) -> xr.DataArray:
    """What a state's answers say about its own effect, which the model integrates out, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, case, state), ``guarantee_effect`` (sample, case, level) and, where the model has
        state effects, ``state_sd`` (sample).
    panel : xr.Dataset
        The contract's panel.

    Returns
    -------
    xr.DataArray
        (node, sample, state): probability, given the answers and the draw, of each value of the state
        effect; coordinate ``effect`` (node, sample), logits.
    """
    if "state_sd" not in posterior:
        weights = xr.ones_like(posterior["eta"].isel(case=0, drop=True)).expand_dims(node=1)
        return weights.assign_coords(effect=(("node", "sample"), np.zeros((1, posterior.sizes["sample"]))))
    sd = posterior["state_sd"].values
    own = posterior["eta"] + _added_by(posterior, panel, level=None)
    sign = xr.where(panel["joined"] == 1, 1.0, -1.0).where(panel["included"])
    log_weights = []
    for node, log_weight in zip(STATE_NODES, STATE_LOG_WEIGHTS, strict=True):
        answer = sign * (own + xr.DataArray(sd * node, dims="sample"))
        log_weights.append(log_weight + log_expit(answer).fillna(0.0).sum("case"))
    stacked = xr.concat(log_weights, "node").transpose("node", "sample", "state")
    weights = stacked.copy(data=softmax(stacked.values, axis=0))
    return weights.assign_coords(effect=(("node", "sample"), STATE_NODES[:, None] * sd))


def predict_joining(
    posterior: xr.Dataset, panel: xr.Dataset, level: str | None, weights: xr.DataArray
) -> xr.DataArray:
    """Probability of joining of each state-case, had it the given guarantee, everything else as it is.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, case, state) and ``guarantee_effect`` (sample, case, level), logits.
    panel : xr.Dataset
        The contract's panel.
    level : str or None
        Guarantee level given to all; None for each state's own.
    weights : xr.DataArray
        From ``weigh_state_effects``.

    Returns
    -------
    xr.DataArray
        (sample, case, state), 0 to 1; NaN where a state is not in the case.
    """
    eta = posterior["eta"] + _added_by(posterior, panel, level)
    probability = xr.zeros_like(eta)
    for node in range(weights.sizes["node"]):
        at_node = weights.isel(node=node)
        probability += at_node.drop_vars("effect") * expit(eta + at_node["effect"].drop_vars("effect"))
    return probability.where(panel["included"]).transpose("sample", "case", "state")


def _added_by(posterior: xr.Dataset, panel: xr.Dataset, level: str | None) -> xr.DataArray:
    """What the guarantee adds to each state-case's logit: its own, or one level for all."""
    effect = posterior["guarantee_effect"]
    levels = panel["guarantee"].attrs["levels"]
    if level is not None:
        return 0.0 if level == levels[0] else effect.sel(level=level, drop=True)
    return sum(effect.sel(level=name, drop=True) * (panel["guarantee"] == name) for name in levels[1:])


def average_over_states(values: xr.DataArray) -> xr.DataArray:
    """Mean over the included states of each case, and over the cases (``pooled``), within each draw.

    Parameters
    ----------
    values : xr.DataArray
        (sample, case, state), NaN where a state is not in a case.

    Returns
    -------
    xr.DataArray
        (case, sample); the last case is ``pooled``, in which each case has the same weight.
    """
    return _with_pooled(values.mean("state").reset_coords(drop=True))


def _with_pooled(by_case: xr.DataArray) -> xr.DataArray:
    pooled = by_case.mean("case").expand_dims(case=["pooled"])
    return xr.concat([by_case, pooled], "case").transpose("case", "sample")


def compute_effects(total: xr.Dataset, direct: xr.Dataset, panel: xr.Dataset) -> xr.Dataset:
    """Average marginal effects of each guarantee level and slopes of alignment, as labelled draws.

    Parameters
    ----------
    total, direct : xr.Dataset
        Posteriors of stage 2 without and with alignment, along ``sample`` (equally many).
    panel : xr.Dataset
        The contract's panel.

    Returns
    -------
    xr.Dataset
        (case, sample), ``case`` includes ``pooled``: ``ame_<level>_total`` and ``ame_<level>_direct``,
        change in the probability of joining, averaged over the included states as they are
        (g-computation; Robins 1986, Hanmer and Kalkan 2013); ``alignment_slope``, logits per sd;
        ``probability_<level>_total``: mean probability had all states that level.

    Raises
    ------
    ValueError
        If the posteriors have different numbers of draws.
    """
    if total.sizes["sample"] != direct.sizes["sample"]:
        raise ValueError(
            f"total has {total.sizes['sample']} draws and direct {direct.sizes['sample']}; "
            "equally many are needed"
        )
    effects = {}
    reference, *levels = panel["guarantee"].attrs["levels"]
    for name, posterior in (("total", total), ("direct", direct)):
        weights = weigh_state_effects(posterior, panel)
        without = predict_joining(posterior, panel, reference, weights)
        if name == "total":
            effects[f"probability_{reference}_total"] = average_over_states(without)
        for level in levels:
            with_level = predict_joining(posterior, panel, level, weights)
            effects[f"ame_{level}_{name}"] = average_over_states(with_level - without)
            if name == "total":
                effects[f"probability_{level}_total"] = average_over_states(with_level)
    effects["alignment_slope"] = _with_pooled(direct["alignment_slope"].transpose("case", "sample"))
    return xr.Dataset(effects)


def summarize_draws(draws: xr.DataArray, dim: str | tuple[str, ...] = "sample") -> pd.DataFrame:
    """Mean, sd and the equal-tailed 90 % interval over draws, one row per remaining coordinate.

    Returns
    -------
    pd.DataFrame
        Coordinate columns, then ``mean``, ``sd``, ``lower``, ``upper``.
    """
    tail = (1 - INTERVAL) / 2
    bounds = draws.quantile([tail, 1 - tail], dim).drop_vars("quantile")
    summary = xr.Dataset(
        {
            "mean": draws.mean(dim),
            "sd": draws.std(dim, ddof=1),
            "lower": bounds.isel(quantile=0),
            "upper": bounds.isel(quantile=1),
        }
    )
    keep = [d for d in draws.dims if d != dim and d not in dim]
    return summary.to_dataframe().reset_index()[[*keep, "mean", "sd", "lower", "upper"]]


def summarize_effects(effects: xr.Dataset) -> pd.DataFrame:
    """One row per quantity and case: mean, sd, 90 % interval, probability of being positive."""
    tables = []
    for name, draws in effects.data_vars.items():
        table = summarize_draws(draws)
        table.insert(0, "quantity", name)
        table["prob_positive"] = (draws > 0).mean("sample").sel(case=table["case"].values).values
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def summarize_ideal_points(
    posterior: xr.Dataset, case: str, reference: str, yardstick: str | None
) -> pd.DataFrame:
    """Positions, alignment and ranks of the states of one case.

    Returns
    -------
    pd.DataFrame
        ``case, state, quantity`` (ideal_point, alignment, rank), ``mean, sd, lower, upper``.
    """
    ideal_point = posterior["ideal_point"]
    quantities = {
        "ideal_point": ideal_point,
        "alignment": compute_alignment(ideal_point, reference, yardstick),
        "rank": compute_rank(ideal_point),
    }
    tables = []
    for quantity, draws in quantities.items():
        table = summarize_draws(draws, ("chain", "draw"))
        table.insert(0, "case", case)
        table.insert(2, "quantity", quantity)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
