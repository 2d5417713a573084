"""The share of an effect's variance that is due to the uncertainty of positions."""

import numpy as np
import xarray as xr


def share_from_stage1(draws: xr.DataArray, refit: xr.DataArray) -> xr.DataArray:
    """Estimate the share of variance due to positions, from refits to draws of the positions.

    Parameters
    ----------
    draws : xr.DataArray
        (..., sample): draws of an effect.
    refit : xr.DataArray
        (sample,): the refit of each draw.

    Returns
    -------
    xr.DataArray
        (...), 0 to 1: the variance between refit means, less its Monte Carlo error, over the total variance.
        Draws of a refit are thinned, and taken as independent.

    Raises
    ------
    ValueError
        If a refit has fewer than two draws.
    """
    grouped = draws.assign_coords(refit=("sample", refit.values)).groupby("refit")
    names, sizes = np.unique(refit.values, return_counts=True)
    size = xr.DataArray(sizes, {"refit": names})
    if int(size.min()) < 2:
        raise ValueError("each refit needs at least two draws, to separate refits from noise")
    within = (grouped.var(ddof=1) / size).mean("refit")
    between = grouped.mean().var("refit", ddof=1)
    return (np.maximum(between - within, 0.0) / draws.var("sample", ddof=1)).rename("stage1_share")


def share_explained(draws: xr.DataArray, position: xr.DataArray) -> xr.DataArray:
    """Estimate the share of variance due to positions, from joint draws of effects and positions.

    Parameters
    ----------
    draws : xr.DataArray
        (..., sample): draws of an effect.
    position : xr.DataArray
        (sample, case, state): the positions of the same draws.

    Returns
    -------
    xr.DataArray
        (...), 0 to 1: the adjusted R-squared of a regression of the effect on all positions. This is the law
        of total variance with a linear conditional mean. NaN unless there are more draws than positions.
    """
    columns = position.transpose("sample", ...).values.reshape(position.sizes["sample"], -1)
    basis, size, _ = np.linalg.svd(columns - columns.mean(0), full_matrices=False)
    basis = basis[:, size > 1e-9 * size[0]]
    n, n_column = basis.shape
    by_draw = draws.transpose(..., "sample")
    centred = by_draw.values - by_draw.values.mean(-1, keepdims=True)
    left = 1 - ((centred @ basis) ** 2).sum(-1) / (centred**2).sum(-1)
    share = 1 - left * (n - 1) / (n - n_column - 1) if n > n_column + 1 else np.full(left.shape, np.nan)
    return by_draw.isel(sample=0, drop=True).copy(data=np.maximum(share, 0.0)).rename("stage1_share")
