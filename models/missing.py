"""Covariates that a state lacks, as unknowns of the model: neither dropped nor guessed beforehand."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

IMPUTED = "covariate_imputed"
"""Name of the unknown values, along the dim ``missing``."""

LOG_ROOT_TWO_PI = 0.5 * np.log(2 * np.pi)


def impute_covariates(data: dict[str, np.ndarray], spec):
    """Covariates with the missing ones as unknowns, in the model whose context is open.

    Parameters
    ----------
    data : dict of str to np.ndarray
        From ``models.coalition.prepare_coalition_data``, with ``missing``.
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
    lacks = data["missing"]
    partial = np.flatnonzero(lacks.any((0, 1)))
    whole = np.flatnonzero(~lacks.any((0, 1)))
    known = ((data["included"][..., None] == 1) & ~lacks).astype(float)
    given = np.concatenate([data["covariates"][..., whole], np.moveaxis(data["has_level"], 0, -1)], axis=-1)
    region_sd = pm.HalfNormal("missing_region_sd", spec.missing_region_scale, shape=len(partial))
    region_offset = pm.Normal("missing_region_offset", shape=(len(partial), len(data["region"])))
    slope = pm.Normal("missing_slope", 0, spec.missing_slope_scale, shape=(len(partial), given.shape[-1]))
    sd = pm.HalfNormal("missing_sd", spec.missing_sd_scale, shape=len(partial))

    filled = pm.Data("covariates", data["covariates"], dims=("case", "state", "covariate"))
    seen = 0.0
    for number, covariate in enumerate(partial):
        own_region = (region_sd[number] * region_offset[number])[data["region_idx"]]
        mean = own_region + pt.dot(given, slope[number])
        value = filled[..., covariate]
        # The whole grid, with what is not seen counted as nothing: simple to compile.
        density = -0.5 * ((value - mean) / sd[number]) ** 2 - pt.log(sd[number]) - LOG_ROOT_TWO_PI
        seen += (known[..., covariate] * density).sum()
        states = np.flatnonzero(lacks[..., covariate].any(0))
        offset = pm.Normal(f"missing_offset_{covariate}", shape=len(states))
        offset = pt.set_subtensor(pt.zeros(lacks.shape[1])[states], offset)
        unknown = pt.switch(lacks[..., covariate], mean + sd[number] * offset, value)
        filled = pt.set_subtensor(filled[..., covariate], unknown)
    pm.Potential("covariates_seen", seen)
    pm.Deterministic(IMPUTED, filled[tuple(place_missing(data).T)], dims="missing")
    return filled


def place_missing(data: dict[str, np.ndarray]) -> np.ndarray:
    """Case, state and covariate (columns) of each unknown value, in the order of ``covariate_imputed``."""
    places = np.argwhere(data["missing"])
    return places[np.argsort(places[:, 2], kind="stable")]


def add_imputed(posterior: xr.Dataset, data: dict[str, np.ndarray]) -> xr.DataArray | float:
    """What the unknown values add to the linear predictor, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``covariate_slope`` (..., case, covariate) and, where covariates were imputed, ``covariate_imputed``
        (..., missing).
    data : dict of str to np.ndarray
        From ``models.coalition.prepare_coalition_data``, whose covariates are 0 where missing.

    Returns
    -------
    xr.DataArray or float
        (..., case, state), logits; 0 where nothing is missing.
    """
    if IMPUTED not in posterior:
        return 0.0
    case, state, covariate = (xr.DataArray(place, dims="missing") for place in place_missing(data).T)
    slope = posterior["covariate_slope"].isel(case=case, covariate=covariate).reset_coords(drop=True)
    place = np.zeros((len(case), *data["included"].shape))
    place[np.arange(len(case)), case, state] = 1.0
    added = (slope * posterior[IMPUTED]).drop_vars("missing", errors="ignore")
    return xr.dot(added, xr.DataArray(place, dims=("missing", "case", "state")), dim="missing")
