"""Joining a coalition, given the guarantee, alignment and covariates. See models/docs/coalition.md."""

from collections.abc import Sequence

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.alignment import move_predictor
from models.coordinates.effects import (
    half_normal,
    half_shared_effects,
    place_effects,
    place_scale,
    pooled_effects,
)
from models.covariates import add_unknown
from models.exposure import BY_CAPABILITY, BY_REGION, find_capability
from models.likelihood.joining import joining_logp
from models.likelihood.predictor import linear_predictor
from models.measurement import Measurement, place_positions
from models.missing import place_covariates
from models.panel import PanelData, place_missing
from models.spec import CoalitionSpec


def build_coalition_model(
    data: PanelData,
    spec: CoalitionSpec,
    alignment: np.ndarray | Measurement | None = None,
    axes: Sequence[str] = (),
) -> pm.Model:
    """Build the model of joining two or more coalitions, effects partially pooled over them.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``.
    spec : CoalitionSpec
        Priors and choices.
    alignment : np.ndarray or Measurement, optional
        (case, state) or, on several axes, (case, state, axis), from ``models.panel.centre_alignment``. With
        it the guarantee's coefficient is the direct effect, alignment held fixed; without it the total
        effect. An array becomes the data ``alignment``, so that a compiled model can take the next draw of
        stage 1. A ``Measurement``, on one axis, is a prior of the positions, which joining then informs.
    axes : sequence of str
        Names of the axes if there are several; see ``models.panel.name_axes``.

    Returns
    -------
    pm.Model
        ``guarantee_effect`` (case, level), with interactions ``guarantee_capability`` (case, level) and
        ``guarantee_region`` (case, level, region), ``alignment_slope`` (case) or (case, axis),
        ``covariate_slope`` (case, covariate), ``region_effect`` (case, region), ``subregion_effect`` (case,
        subregion): logits; ``eta`` (case, state): the linear predictor without guarantee and state effect,
        logits; ``state_sd``: standard deviation of the state effects.

    Notes
    -----
    A state answers at most once per case, so its own effect is hardly identified, and sampling it together
    with its standard deviation makes a funnel. It is integrated out by Gauss-Hermite quadrature instead.
    """
    # The spec has been validated, so the model need not check its numbers at every step.
    with pm.Model(coords=name_coords(data), check_bounds=False) as model:
        if axes:
            model.add_coord("axis", axes)
        # Arrays are data, not constants: another panel of the same shape then needs no new compilation.
        joined = pm.Data("joined_observed", data.joined, dims=("case", "state"))
        included = pm.Data("included", data.included, dims=("case", "state"))
        eta = place_predictor(data, spec, alignment)
        state_sd = half_normal("state_sd", spec.state_scale) if spec.state_effect else None
        how = {"implementation": spec.likelihood, "link": spec.link}
        pm.Potential("joined", joining_logp(eta, state_sd, joined, included, **how))
    return model


def place_predictor(data: PanelData, spec: CoalitionSpec, alignment: np.ndarray | Measurement | None):
    """Add the linear predictor and all of its priors to the model in context.

    Parameters
    ----------
    data, spec, alignment
        As in ``build_coalition_model``.

    Returns
    -------
    matrix (case, state)
        Logits, with the guarantee, without the state effect.
    """
    has_level = pm.Data("has_level", data.has_level, dims=("level", "case", "state"))
    covariates = place_covariates(data, spec)
    unknown = data.missing.any() or spec.measurement_error == "model"
    region_idx = pm.Data("region_idx", data.region_idx, dims="state")

    intercept = pm.Normal("intercept", 0, place_scale("intercept", spec.intercept_scale), dims="case")
    covariate_scale = place_scale("covariate_slope", spec.covariate_scale)
    covariate_slope = pm.Normal("covariate_slope", 0, covariate_scale, dims=("case", "covariate"))
    place_effect = place_effects("region", half_normal("region_sd", spec.region_scale))
    place_idx = region_idx[None]
    if spec.geography == "subregion":
        subregion_idx = pm.Data("subregion_idx", data.subregion_idx, dims="state")
        subregion = place_effects("subregion", half_normal("subregion_sd", spec.subregion_scale))
        place_effect = pt.concatenate([place_effect, subregion], axis=1)
        place_idx = pt.stack([region_idx, len(data.region) + subregion_idx])
    guarantee_effect = pooled_effects(
        "guarantee_effect",
        spec.guarantee_scale,
        spec.guarantee_case_scale,
        ("level",),
        spec.guarantee_level_scale if spec.guarantee_pooling == "levels" else None,
    )
    exposure = has_level
    if spec.heterogeneity != "none":
        guarantee_effect, exposure = place_interactions(
            guarantee_effect, has_level, covariates, region_idx, data, spec
        )
    eta = linear_predictor(
        intercept,
        covariate_slope,
        place_effect,
        guarantee_effect,
        covariates=covariates,
        place_idx=place_idx,
        has_level=exposure,
        # The fused form has no gradient by the covariates.
        implementation="graph" if unknown else spec.likelihood,
    )
    if alignment is not None:
        position = place_positions(alignment, data.included)
        several = position.ndim == 3
        scales = (spec.alignment_scale, spec.alignment_case_scale)
        slope = pooled_effects("alignment_slope", *scales, ("axis",) if several else ())
        eta += (slope[:, None] * position).sum(-1) if several else slope[:, None] * position
    # Saved without the guarantee, so that effects can be computed for other levels.
    by_guarantee = (exposure * guarantee_effect.T[:, :, None]).sum(0)
    pm.Deterministic("eta", eta - by_guarantee, dims=("case", "state"))
    return eta


def place_interactions(
    guarantee_effect, has_level, covariates, region_idx, data: PanelData, spec: CoalitionSpec
):
    """Add the interactions to the model in context, as further levels of the guarantee.

    Parameters
    ----------
    guarantee_effect : matrix (case, level)
    has_level : tensor (level, case, state)
    covariates : tensor (case, state, covariate)
        Standardised.
    region_idx : int vector (state,)
    data : PanelData
    spec : CoalitionSpec

    Returns
    -------
    effect : matrix (case, further level)
        The levels, their slopes on capability, and their regional effects.
    exposure : tensor (further level, case, state)
        What each multiplies.
    """
    capability = covariates[..., find_capability(data.covariate)]
    scales = spec.interaction_scale, spec.interaction_case_scale
    slope = pooled_effects(BY_CAPABILITY, *scales, ("level",))
    sd = half_normal(f"{BY_REGION}_sd", spec.interaction_region_scale)
    region = half_shared_effects(BY_REGION, sd, ("level", "region"))
    inside = pt.eq(region_idx, np.arange(len(data.region))[:, None])
    n_case, n_state = data.included.shape
    in_region = (has_level[:, None] * inside[None, :, None, :]).reshape((-1, n_case, n_state))
    effect = pt.concatenate([guarantee_effect, slope, region.reshape((n_case, -1))], axis=1)
    exposure = pt.concatenate([has_level, has_level * capability, in_region], axis=0)
    return effect, exposure


def name_coords(data: PanelData) -> dict[str, np.ndarray]:
    """Coordinates of a model of stage 2, by dim."""
    return {
        "missing": [f"{data.covariate[k]} {data.state[s]} {data.case[c]}" for c, s, k in place_missing(data)],
        "case": data.case,
        # Directions in which the cases differ: one less than there are cases.
        "contrast": np.arange(1, len(data.case)),
        "state": data.state,
        "region": data.region,
        "subregion": data.subregion,
        "level": data.level,
        "covariate": data.covariate,
    }


def compute_eta(posterior: xr.Dataset, data: PanelData, alignment: xr.DataArray | None) -> xr.DataArray:
    """Compute the linear predictor without guarantee and state effect from draws of the parameters.

    Parameters
    ----------
    posterior : xr.Dataset
        ``intercept``, ``covariate_slope``, ``region_effect``, where the model has them ``subregion_effect``,
        with alignment ``alignment_slope`` and, where covariates are unknowns, ``covariate_imputed`` and
        ``covariate_deviation``.
    data : PanelData
        The one that the model was built from.
    alignment : xr.DataArray or None
        (..., case, state) or (..., case, state, axis), from ``models.panel.centre_alignment``.

    Returns
    -------
    xr.DataArray
        (..., case, state), float, logits: the same numbers as the model's own ``eta``.
    """
    covariates = xr.DataArray(data.covariates, dims=("case", "state", "covariate"))
    eta = posterior["intercept"] + xr.dot(posterior["covariate_slope"], covariates, dim="covariate")
    eta = eta + add_unknown(posterior, data)
    for kind, idx in (("region", data.region_idx), ("subregion", data.subregion_idx)):
        if f"{kind}_effect" in posterior:
            effect = posterior[f"{kind}_effect"].isel({kind: xr.DataArray(idx, dims="state")})
            eta = eta + effect.drop_vars(kind, errors="ignore")
    if alignment is not None:
        eta = eta + move_predictor(posterior["alignment_slope"], alignment)
    return eta.assign_coords(state=data.state)
