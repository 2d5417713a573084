"""Draws of the covariates of stage 2 where a model has them as unknowns (``models.missing``)."""

import numpy as np
import xarray as xr

from models.panel import IMPUTED, PanelData, place_missing

DEVIATION = "covariate_deviation"
"""Name of the deviations of true values from published ones in the model, along the dim ``uncertain``."""


def place_uncertain(data: PanelData) -> np.ndarray:
    """State and covariate (value, 2) of each value with a published standard deviation in some case."""
    return np.argwhere((data.covariate_sd > 0).any(0))


def add_unknown(posterior: xr.Dataset, data: PanelData) -> xr.DataArray | float:
    """Contribution of unknown values to the linear predictor, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``covariate_slope`` (..., case, covariate) and, where the model has them, ``covariate_imputed``
        (..., missing) and ``covariate_deviation`` (..., uncertain).
    data : PanelData
        The one that the model was built from.

    Returns
    -------
    xr.DataArray or float
        (..., case, state), logits: what imputed values add to covariates that are 0 where missing, and what
        deviations add to published values. 0 if all covariates are taken as known.
    """
    added = _add_imputed(posterior, data)
    if DEVIATION in posterior:
        deviation = _spread_deviations(posterior[DEVIATION], data)
        sd = xr.DataArray(data.covariate_sd, dims=("case", "state", "covariate"))
        slope = posterior["covariate_slope"].reset_coords(drop=True)
        added = added + xr.dot(slope, sd * deviation, dim="covariate")
    return added


def draw_covariates(posterior: xr.Dataset, data: PanelData) -> np.ndarray | None:
    """Draws (sample, case, state, covariate) of the covariates, standardised; None if all are known.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws of a model of joining along ``sample``.
    data : PanelData
        The one that the model was built from.
    """
    if IMPUTED not in posterior and DEVIATION not in posterior:
        return None
    drawn = np.repeat(data.covariates[None], posterior.sizes["sample"], axis=0)
    if DEVIATION in posterior:
        deviation = _spread_deviations(posterior[DEVIATION], data).transpose("sample", "state", "covariate")
        drawn += data.covariate_sd * deviation.values[:, None]
    if IMPUTED in posterior:
        drawn[:, *place_missing(data).T] = posterior[IMPUTED].transpose("sample", "missing").values
    return drawn


def _spread_deviations(deviation: xr.DataArray, data: PanelData) -> xr.DataArray:
    """Turn deviations (..., uncertain) into (..., state, covariate), 0 where a value is taken as known."""
    by_place = deviation.transpose(..., "uncertain")
    spread = np.zeros((*by_place.shape[:-1], *data.covariate_sd.shape[1:]))
    spread[..., *place_uncertain(data).T] = by_place.values
    dims = [dim for dim in by_place.dims if dim != "uncertain"]
    coords = {dim: by_place[dim] for dim in dims if dim in by_place.coords}
    return xr.DataArray(spread, coords, (*dims, "state", "covariate"))


def _add_imputed(posterior: xr.Dataset, data: PanelData) -> xr.DataArray | float:
    """Contribution of the imputed values to the linear predictor, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``covariate_slope`` (..., case, covariate) and, where covariates were imputed, ``covariate_imputed``
        (..., missing).
    data : PanelData
        Its covariates are 0 where missing.

    Returns
    -------
    xr.DataArray or float
        (..., case, state), logits; 0 where nothing is missing.
    """
    if IMPUTED not in posterior:
        return 0.0
    case, state, covariate = (xr.DataArray(place, dims="missing") for place in place_missing(data).T)
    slope = posterior["covariate_slope"].isel(case=case, covariate=covariate).reset_coords(drop=True)
    place = np.zeros((len(case), *data.included.shape))
    place[np.arange(len(case)), case, state] = 1.0
    added = (slope * posterior[IMPUTED]).drop_vars("missing", errors="ignore")
    return xr.dot(added, xr.DataArray(place, dims=("missing", "case", "state")), dim="missing")
