"""Quantities of interest: pure functions of posteriors. Nothing here fits, reads or writes."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

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
    return (-ideal_point).rank("state")


def predict_joining(posterior: xr.Dataset, panel: xr.Dataset, level: str | None) -> xr.DataArray:
    """Probability of joining of each state-case, had it the given guarantee, everything else as it is.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, row) and ``guarantee_effect`` (sample, case, level), logits.
    panel : xr.Dataset
        The contract's panel; its included state-cases are the rows.
    level : str or None
        Guarantee level given to all; None for each state's own.

    Returns
    -------
    xr.DataArray
        (sample, row), 0 to 1, with coordinates ``case`` and ``state`` along ``row``.
    """
    case_idx, state_idx = np.nonzero(panel["included"].values)
    case, state = panel["case"].values[case_idx], panel["state"].values[state_idx]
    own = panel["guarantee"].values[case_idx, state_idx]
    given = own if level is None else np.full(len(own), level)
    effect = posterior["guarantee_effect"].transpose("sample", "case", "level")
    reference = xr.zeros_like(effect.isel(level=[0])).assign_coords(
        level=[panel["guarantee"].attrs["levels"][0]]
    )
    by_level = xr.concat([reference, effect], "level")
    added = by_level.sel(case=xr.DataArray(case, dims="row"), level=xr.DataArray(given, dims="row"))
    probability = expit(posterior["eta"].transpose("sample", "row") + added.drop_vars(["case", "level"]))
    return probability.assign_coords(case=("row", case), state=("row", state))


def average_by_case(values: xr.DataArray) -> xr.DataArray:
    """Mean over the states of each case, and over the cases (``pooled``), within each draw.

    Parameters
    ----------
    values : xr.DataArray
        (sample, row) with the coordinate ``case`` along ``row``.

    Returns
    -------
    xr.DataArray
        (case, sample); the last case is ``pooled``, in which each case has the same weight.
    """
    cases = list(dict.fromkeys(values["case"].values.tolist()))
    means = [values.isel(row=np.flatnonzero(values["case"].values == case)).mean("row") for case in cases]
    by_case = xr.concat([m.drop_vars("case", errors="ignore") for m in means], "case")
    return _with_pooled(by_case.assign_coords(case=cases))


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
    """
    effects = {}
    reference = panel["guarantee"].attrs["levels"][0]
    for name, posterior in (("total", total), ("direct", direct)):
        without = predict_joining(posterior, panel, reference)
        for level in panel["guarantee"].attrs["levels"][1:]:
            with_level = predict_joining(posterior, panel, level)
            effects[f"ame_{level}_{name}"] = average_by_case(with_level - without)
            if name == "total":
                effects[f"probability_{level}_total"] = average_by_case(with_level)
        if name == "total":
            effects[f"probability_{reference}_total"] = average_by_case(without)
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
