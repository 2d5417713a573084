"""Covariates that a state lacks, as unknowns of the model: neither dropped nor guessed beforehand."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.panel import PanelData

IMPUTED = "covariate_imputed"
"""Name of the unknown values, along the dim ``missing``."""


def impute_covariates(data: PanelData, spec):
    """Covariates with the missing ones as unknowns, in the model whose context is open.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``, with ``missing``.
    spec : CoalitionSpec
        Priors; its numbers may be data of the model.

    Returns
    -------
    tensor (case, state, covariate)
        Standardised. The model has gained ``covariate_imputed`` (missing).

    Notes
    -----
    For a covariate k that some lack, z those that nobody lacks and the guarantee levels,

        x_ick = region_k[r_i] + z_ic' b_k + s_k e_ick,   e ~ Normal(0, 1),

    told by the states that have it. What this misses about a state without a value is the same in all
    cases (one e_ik for each): such covariates hardly move in the years between two coalitions. Whether a
    state joined says something about the value too, because all is one model.
    """
    lacks = data.missing
    partial = np.flatnonzero(lacks.any((0, 1)))
    seen = np.argwhere((data.included[..., None] == 1) & ~lacks)
    seen, lost = seen[np.isin(seen[:, 2], partial)], place_missing(data)
    # A state that lacks a covariate in two cases has one offset there.
    lacking, own_offset = np.unique(lost[:, 1:], axis=0, return_inverse=True)
    # Dims, not shapes: one covariate is then a vector of any length to the compiler, as several are.
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
        """Of the values at places (case, state, covariate), as products with constant matrices."""
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
    """What the values at some places are told by.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``.
    places : np.ndarray
        (place, 3), int: case, state and covariate, one that is missing somewhere.

    Returns
    -------
    design : np.ndarray
        (place, coefficient), float: by covariate that is missing somewhere, a 0/1 column for each region,
        then the covariates that nobody lacks and the guarantee levels. 0 in the columns of other covariates.
    own : np.ndarray
        (place, covariate that is missing somewhere), float: 1 in the column of its own.
    """
    partial = data.missing.any((0, 1))
    case, state, covariate = places.T
    region = np.eye(len(data.region))[data.region_idx[state]]
    given = [data.covariates[case, state][:, ~partial], data.has_level[:, case, state].T]
    own = (covariate[:, None] == np.flatnonzero(partial)).astype(float)
    told = np.concatenate([region, *given], axis=1)
    return (own[:, :, None] * told[:, None, :]).reshape(len(places), -1), own


def place_missing(data: PanelData) -> np.ndarray:
    """Case, state and covariate (columns) of each unknown value, in the order of ``covariate_imputed``."""
    places = np.argwhere(data.missing)
    return places[np.argsort(places[:, 2], kind="stable")]


def add_imputed(posterior: xr.Dataset, data: PanelData) -> xr.DataArray | float:
    """What the unknown values add to the linear predictor, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``covariate_slope`` (..., case, covariate) and, where covariates were imputed, ``covariate_imputed``
        (..., missing).
    data : PanelData
        From ``models.panel.prepare_panel_data``, whose covariates are 0 where missing.

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
