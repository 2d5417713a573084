"""Summarize draws as tables of means and intervals."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from analysis.posterior.joining import ALL
from analysis.posterior.variance import share_explained, share_from_stage1

INTERVAL = 0.9
"""Probability of every reported interval. All are equal-tailed."""

ENDS = ((1 - INTERVAL) / 2, 1 - (1 - INTERVAL) / 2)
"""Probabilities of the two ends of an interval."""

NORMAL_ERRORS = round(float(norm.ppf(ENDS[1])), 3)
"""Half the width of an interval of a normal distribution, in standard deviations."""


def interval(draws: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Return both ends of the equal-tailed interval of draws, along an axis or over all."""
    return np.quantile(draws, ENDS, axis=axis)


def summarize_draws(
    draws: xr.DataArray, dim: str | tuple[str, ...] = "sample", *, positive: bool = False
) -> pd.DataFrame:
    """Summarize draws by mean, sd and equal-tailed interval. Each remaining coordinate is a row.

    Returns
    -------
    pd.DataFrame
        Coordinate columns, then ``mean``, ``sd``, ``lower``, ``upper`` and, if asked for, ``prob_positive``:
        P(> 0), NaN where a draw is NaN. One number is one row.
    """
    if set(draws.dims) == ({dim} if isinstance(dim, str) else set(dim)):
        draws = draws.expand_dims("number")
    bounds = draws.quantile(ENDS, dim).drop_vars("quantile")
    numbers = {
        "mean": draws.mean(dim),
        "sd": draws.std(dim, ddof=1),
        "lower": bounds.isel(quantile=0),
        "upper": bounds.isel(quantile=1),
    }
    if positive:
        numbers["prob_positive"] = (draws > 0).where(draws.notnull()).mean(dim, skipna=False)
    summary = xr.Dataset(numbers)
    # Each label of a stacked dim becomes a column.
    kept = [d for d in draws.dims if d != dim and d not in dim]
    keep = [name for d in kept if d in draws.indexes for name in draws.indexes[d].names]
    return summary.to_dataframe().reset_index()[[*keep, *summary.data_vars]]


def summarize_effects(
    effects: xr.Dataset,
    refit: xr.DataArray | None,
    propagation: str,
    position: xr.DataArray | None = None,
) -> pd.DataFrame:
    """Summarize effects: one row per quantity, case and group.

    Parameters
    ----------
    effects : xr.Dataset
        From ``analysis.posterior.effects.compute_effects``.
    refit : xr.DataArray or None
        (sample,): the stage-1 draw that each draw was made with, with ``draws``.
    propagation : str
        How stage 2 accounts for the uncertainty of stage 1.
    position : xr.DataArray, optional
        (sample, case, state): positions drawn together with the effects, with ``measurement`` and ``joint``.

    Returns
    -------
    pd.DataFrame
        ``quantity, case, group, mean, sd, lower, upper``. ``prob_positive``: probability that the effect is
        above 0 (a risk ratio: above 1). ``stage1_share``: share of the variance due to the uncertainty of
        positions, see ``analysis.posterior.variance``; 0 for totals and ``plugin``, NaN if unknown.
        ``mcse``: Monte Carlo standard error of the mean. Averages over no state have no row.
    """
    # ArviZ loads a compiler, which whoever only reads intervals needs not wait for.
    from arviz import mcse

    of_all = {name: draws for name, draws in effects.data_vars.items() if "group" not in draws.dims}
    grouped = {n: d.expand_dims(group=[ALL]).reindex(group=effects["group"]) for n, d in of_all.items()}
    labels = ("quantity", "case", "group")
    rows = effects.assign(grouped).to_dataarray("quantity").stack(row=labels).transpose("row", "sample")
    rows = rows[rows.notnull().all("sample")]
    table = summarize_draws(rows)
    is_ratio = table["quantity"].str.startswith("risk_ratio") & (table["case"] != "difference")
    table["prob_positive"] = (rows.values > is_ratio.to_numpy(float)[:, None]).mean(1)
    if refit is not None:
        table["stage1_share"] = share_from_stage1(rows, refit).values
    elif position is not None:
        table["stage1_share"] = share_explained(rows, position).values
    else:
        table["stage1_share"] = 0.0 if propagation == "plugin" else np.nan
    table.loc[table["quantity"].str.endswith("_total"), "stage1_share"] = 0.0
    # Draws are ordered by refit and chain, so differences between refits or chains count as autocorrelation.
    table["mcse"] = mcse(rows.values, method="mean", chain_axis=None, draw_axis=-1)
    return table
