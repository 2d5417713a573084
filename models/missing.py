"""Missing covariates as unknowns of the model: no state is dropped and no value is filled in beforehand."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.panel import IMPUTED, PanelData, place_missing


def impute_covariates(data: PanelData, spec):
    """Add the missing covariates to the model in context.

    Parameters
    ----------
    data : PanelData
        Prepared with ``missing="impute"``.
    spec : CoalitionSpec
        Priors.

    Returns
    -------
    tensor (case, state, covariate)
        Standardised, with the unknowns in their places. The model gains ``covariate_imputed`` (missing).

    Notes
    -----
    For a covariate k that some states lack, with z the complete covariates and the guarantee levels,

        x_ick = region_k[r_i] + z_ic' b_k + s_k e_ick,   e ~ Normal(0, 1),

    estimated from the states that have it. A state that lacks it in several cases has one e_ik in all of
    them: such covariates hardly change between two coalitions. Whether a state joined informs the value too,
    because all is one model.
    """
    lacks = data.missing
    partial = np.flatnonzero(lacks.any((0, 1)))
    seen = np.argwhere((data.included[..., None] == 1) & ~lacks)
    seen, lost = seen[np.isin(seen[:, 2], partial)], place_missing(data)
    # A state that lacks a covariate in several cases has one offset for all of them.
    lacking, own_offset = np.unique(lost[:, 1:], axis=0, return_inverse=True)
    # With dims instead of shapes, one covariate compiles like several: as a vector of any length.
    pm.modelcontext(None).add_coords(
        {
            "partial": partial,
            "given": np.arange((~lacks.any((0, 1))).sum() + len(data.level)),
            "lacking": np.arange(len(lacking)),
        }
    )
    region_sd = pm.HalfNormal("missing_region_sd", spec.missing_region_scale, dims="partial")
    region_offset = pm.Normal("missing_region_offset", dims=("partial", "region"))
    slope = pm.Normal("missing_slope", 0, spec.missing_slope_scale, dims=("partial", "given"))
    sd = pm.HalfNormal("missing_sd", spec.missing_sd_scale, dims="partial")
    offset = pm.Normal("missing_offset", dims="lacking")
    coefficient = pt.concatenate([region_sd[:, None] * region_offset, slope], axis=1).ravel()

    def mean_and_sd(rows: np.ndarray, name: str) -> tuple:
        """Mean and sd of the values at some (case, state, covariate)."""
        design, own = describe_places(data, rows)
        return pt.dot(pm.Data(f"{name}_design", design), coefficient), pt.dot(pm.Data(f"{name}_own", own), sd)

    mean, spread = mean_and_sd(seen, "seen")
    value = pm.Data("seen_value", data.covariates[tuple(seen.T)])
    pm.Potential("covariates_seen", pm.logp(pm.Normal.dist(mean, spread), value).sum())
    mean, spread = mean_and_sd(lost, "missing")
    unknown = mean + spread * offset[pm.Data("missing_own_offset", own_offset)]
    pm.Deterministic(IMPUTED, unknown, dims="missing")
    covariates = pm.Data("covariates", data.covariates, dims=("case", "state", "covariate"))
    place = pm.Data("missing_place", np.ravel_multi_index(tuple(lost.T), lacks.shape))
    return pt.set_subtensor(covariates.ravel()[place], unknown).reshape(covariates.shape)


def describe_places(data: PanelData, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Design matrices of the imputation model for the given cells.

    Parameters
    ----------
    data : PanelData
    places : np.ndarray
        (place, 3), int: case, state and a covariate that is missing somewhere.

    Returns
    -------
    design : np.ndarray
        (place, coefficient), float. For each covariate that is missing somewhere: a 0/1 column for each
        region, then the complete covariates and the guarantee levels. 0 in the columns of other covariates.
    own : np.ndarray
        (place, covariate that is missing somewhere), float: 1 in the covariate's own column, else 0.
    """
    partial = data.missing.any((0, 1))
    case, state, covariate = places.T
    region = np.eye(len(data.region))[data.region_idx[state]]
    given = [data.covariates[case, state][:, ~partial], data.has_level[:, case, state].T]
    own = (covariate[:, None] == np.flatnonzero(partial)).astype(float)
    predictors = np.concatenate([region, *given], axis=1)
    return (own[:, :, None] * predictors[:, None, :]).reshape(len(places), -1), own


def add_imputed(posterior: xr.Dataset, data: PanelData) -> xr.DataArray | float:
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
