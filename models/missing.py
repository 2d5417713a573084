"""Covariates as unknowns of the model: values that are missing, and values with a published error.

No state is dropped and no value is filled in beforehand.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from models.covariates import DEVIATION, place_uncertain
from models.panel import IMPUTED, PanelData, place_missing
from models.spec import CoalitionSpec, SpecError


def place_covariates(data: PanelData, spec: CoalitionSpec):
    """Add the covariates (case, state, covariate) to the model in context, standardised.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``.
    spec : CoalitionSpec
        With ``missing="impute"`` missing values are unknowns, with ``measurement_error="model"`` those with
        a published standard deviation.

    Notes
    -----
    With x the published value of a covariate k and s its published standard deviation, both transformed
    and standardised, the true value is

        x*_ick = x_ick + s_ick d_ik,   d ~ Normal(0, 1).

    The publisher's estimate is a posterior, so the truth spreads around it, and it needs no further model of
    how true values are distributed. One d of a state serves all cases: what is wrong with a national
    account is hardly repaired within a decade, and the sources publish no correlation between years.
    Ignored, such errors flatten the slope of a probability. Joining informs d, because all is one model.
    Missing values are imputed from the published values of other covariates.

    Raises
    ------
    SpecError
        If errors are to be modelled and no covariate has a published standard deviation.
    """
    imputed = data.missing.any()
    covariates = (
        impute_covariates(data, spec)
        if imputed
        else pm.Data("covariates", data.covariates, dims=("case", "state", "covariate"))
    )
    if spec.measurement_error == "ignore":
        return covariates
    places = place_uncertain(data)
    if not len(places):
        raise SpecError(
            "CoalitionSpec.measurement_error = 'model': none of the covariates "
            f"{', '.join(map(str, data.covariate))} has a published standard deviation"
        )
    names = [f"{data.covariate[k]} {data.state[i]}" for i, k in places]
    pm.modelcontext(None).add_coord("uncertain", names)
    deviation = pm.Normal(DEVIATION, dims="uncertain")
    sd = pm.Data("covariate_sd", data.covariate_sd, dims=("case", "state", "covariate"))
    place = pm.Data("uncertain_place", np.ravel_multi_index(tuple(places.T), data.covariate_sd.shape[1:]))
    by_state = pt.set_subtensor(pt.zeros(sd[0].size)[place], deviation).reshape(sd[0].shape)
    return covariates + sd * by_state


def impute_covariates(data: PanelData, spec: CoalitionSpec):
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
