"""Joining a coalition, given the security guarantee, alignment and covariates."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from scipy.linalg import helmert

from models.likelihood.joining import joining_logp
from models.likelihood.predictor import linear_predictor
from models.missing import add_imputed, impute_covariates, place_missing
from models.panel import Measurement, PanelData
from models.spec import CoalitionSpec


def build_coalition_model(
    data: PanelData, spec: CoalitionSpec, alignment: np.ndarray | Measurement | None = None
) -> pm.Model:
    """Joining two or more coalitions, effects partially pooled over them.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``.
    spec : CoalitionSpec
        Priors and choices.
    alignment : np.ndarray or Measurement, optional
        (case, state), as ``centre_alignment`` gives it: the direct effect holds it fixed. Without it the
        guarantee's coefficient is the total effect, through alignment included. It is data named
        ``alignment``, so that a compiled model takes the next draw of stage 1. A ``Measurement`` is a
        multivariate normal prior of the positions instead, which joining then informs.

    Returns
    -------
    pm.Model
        ``guarantee_effect`` (case, level), ``alignment_slope`` (case), ``covariate_slope`` (case,
        covariate), ``region_effect`` (case, region): logits; ``eta`` (case, state): the linear predictor
        without the guarantee and the state effect; ``state_sd``: spread of the state effects, which are
        integrated out.

    Notes
    -----
    A state answers at most once per case, so that its own effect is hardly known and sampling it with its
    spread makes a funnel. The integral over it is done by Gauss-Hermite quadrature instead: given the
    rest, a state's likelihood is a mixture over ``models.likelihood.joining.STATE_NODES``. See models/README.md.
    """
    # A spec is checked when it is made: no need to check its numbers at every step.
    with pm.Model(coords=name_coords(data), check_bounds=False) as model:
        # Data, not constants: another panel of the same shape needs no new compilation.
        joined = pm.Data("joined_observed", data.joined, dims=("case", "state"))
        included = pm.Data("included", data.included, dims=("case", "state"))
        eta = place_predictor(data, spec, alignment)
        state_sd = half_normal("state_sd", spec.state_scale) if spec.state_effect else None
        how = {"implementation": spec.likelihood, "link": spec.link}
        pm.Potential("joined", joining_logp(eta, state_sd, joined, included, **how))
    return model


def name_coords(data: PanelData) -> dict[str, np.ndarray]:
    """Coordinates of a model of stage 2: case, contrast, state, region, level (above none) and more."""
    return {
        "missing": [f"{data.covariate[k]} {data.state[s]} {data.case[c]}" for c, s, k in place_missing(data)],
        "case": data.case,
        # Directions in which the cases differ: one less than there are cases.
        "contrast": np.arange(1, len(data.case)),
        "state": data.state,
        "region": data.region,
        "level": data.level,
        "covariate": data.covariate,
    }


def place_predictor(data: PanelData, spec: CoalitionSpec, alignment: np.ndarray | Measurement | None):
    """Linear predictor with all its priors, in the model whose context is open.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``.
    spec, alignment
        As in ``build_coalition_model``.

    Returns
    -------
    matrix (case, state)
        Logits, the guarantee included, the state effect not.
    """
    has_level = pm.Data("has_level", data.has_level, dims=("level", "case", "state"))
    imputed = data.missing.any()
    covariates = (
        impute_covariates(data, spec)
        if imputed
        else pm.Data("covariates", data.covariates, dims=("case", "state", "covariate"))
    )
    region_idx = pm.Data("region_idx", data.region_idx, dims="state")

    intercept = pm.Normal("intercept", 0, place_scale("intercept", spec.intercept_scale), dims="case")
    covariate_scale = place_scale("covariate_slope", spec.covariate_scale)
    covariate_slope = pm.Normal("covariate_slope", 0, covariate_scale, dims=("case", "covariate"))
    # Effects themselves where they are large and the states know them, offsets where they are small and
    # the prior does: either alone mixes badly at the other end.
    region_sd = half_normal("region_sd", spec.region_scale)
    centred = pt.sqrt(1 + region_sd**2)
    region_part = pm.Normal("region_part", 0, centred, dims=("case", "region"))
    region_effect = pm.Deterministic(
        "region_effect", region_sd / centred * region_part, dims=("case", "region")
    )
    guarantee_effect = _pooled_over_cases(
        "guarantee_effect",
        spec.guarantee_scale,
        spec.guarantee_case_scale,
        ("level",),
        spec.guarantee_level_scale if spec.guarantee_pooling == "levels" else None,
    )
    eta = linear_predictor(
        intercept,
        covariate_slope,
        region_effect,
        guarantee_effect,
        covariates=covariates,
        region_idx=region_idx,
        has_level=has_level,
        implementation="graph" if imputed else spec.likelihood,
    )
    if alignment is not None:
        position = _place_states(alignment, data.included)
        alignment_slope = _pooled_over_cases(
            "alignment_slope", spec.alignment_scale, spec.alignment_case_scale, ()
        )
        eta += alignment_slope[:, None] * position
    # What is saved is a matter of saving alone: the density needs the sum.
    by_guarantee = (has_level * guarantee_effect.T[:, :, None]).sum(0)
    pm.Deterministic("eta", eta - by_guarantee, dims=("case", "state"))
    return eta


def compute_eta(posterior: xr.Dataset, data: PanelData, alignment: xr.DataArray | None) -> xr.DataArray:
    """Linear predictor without the guarantee and the state effect, from draws of the parameters.

    Parameters
    ----------
    posterior : xr.Dataset
        ``intercept``, ``covariate_slope``, ``region_effect``, with alignment ``alignment_slope`` and, where
        covariates were imputed, ``covariate_imputed``.
    data : PanelData
        From ``models.panel.prepare_panel_data``; the one that the model was built from.
    alignment : xr.DataArray or None
        (..., case, state), centred as ``centre_alignment`` gives it.

    Returns
    -------
    xr.DataArray
        (..., case, state), float, logits; the same numbers as the model's own ``eta``.
    """
    covariates = xr.DataArray(data.covariates, dims=("case", "state", "covariate"))
    eta = posterior["intercept"] + xr.dot(posterior["covariate_slope"], covariates, dim="covariate")
    eta = eta + add_imputed(posterior, data)
    eta = eta + posterior["region_effect"].isel(region=xr.DataArray(data.region_idx, dims="state"))
    if alignment is not None:
        eta = eta + posterior["alignment_slope"] * alignment
    return eta.drop_vars("region", errors="ignore").assign_coords(state=data.state)


def keep_positions(position, included: np.ndarray) -> None:
    """Keep positions (case, state) as ``position_in_sample`` (row,), state-cases of the sample one by one.

    The others are 0 in every draw, which no diagnostic of convergence can tell from a chain that is stuck.
    """
    pm.Deterministic("position_in_sample", position[np.nonzero(included)])


def spread_positions(in_sample: xr.DataArray, panel: xr.Dataset) -> xr.DataArray:
    """What ``keep_positions`` kept, as (..., case, state), 0 outside the sample like ``centre_alignment``."""
    *sample, row = in_sample.dims
    included = panel["included"].transpose("case", "state")
    full = np.zeros((*(in_sample.sizes[d] for d in sample), *included.shape))
    full[..., included.values] = in_sample.transpose(..., row).values
    coords = {d: in_sample[d] for d in sample} | {d: panel[d].values for d in included.dims}
    return xr.DataArray(full, dims=(*sample, *included.dims), coords=coords)


def _place_states(alignment: np.ndarray | Measurement, included: np.ndarray):
    """Alignment as data, or as unknown positions with a multivariate normal prior."""
    if not isinstance(alignment, Measurement):
        return pm.Data("alignment", alignment, dims=("case", "state"))
    offset = pm.Normal("position_offset", dims=("case", "state"))
    mean, factor = pm.Data("position_mean", alignment.mean), pm.Data("position_factor", alignment.factor)
    deviation = pt.stack([pt.dot(factor[case], offset[case]) for case in range(len(alignment.mean))])
    position = pm.Deterministic("position", mean + deviation, dims=("case", "state"))
    keep_positions(position, included)
    return position


def _pooled_over_cases(
    name: str, scale: float, case_scale: float, dims: tuple[str, ...], level_scale: float | None = None
):
    """One effect per case around a common mean, non-centred: two cases say little about their spread.

    With ``level_scale`` the means themselves lie around one that is common to the levels.

    The unknowns are not mean and offsets, which only together say what an effect is, but what the cases
    have on average, which states know, how they differ, and what is left open of the mean: the same
    distribution, in nearly independent parts.
    """
    if level_scale is None:
        common, scale = 0.0, place_scale(name, scale)
    else:
        common = pm.Normal(f"{name}_common", 0, place_scale(name, scale))
        scale = half_normal(f"{name}_level_sd", level_scale)
    case_sd = half_normal(f"{name}_case_sd", case_scale, dims or None)
    n_case = len(pm.modelcontext(None).coords["case"])
    average_sd = pt.sqrt(scale**2 + case_sd**2 / n_case)
    average_offset = pm.Normal(f"{name}_average_offset", dims=dims or None)
    mean_offset = pm.Normal(f"{name}_mean_offset", dims=dims or None)
    shrunk = (scale**2 * average_offset + scale * case_sd / np.sqrt(n_case) * mean_offset) / average_sd
    pm.Deterministic(f"{name}_mean", common + shrunk, dims=dims or None)
    contrast = pm.Normal(f"{name}_contrast", dims=("contrast", *dims))
    apart = case_sd * pt.dot(helmert(n_case).T, contrast)
    return pm.Deterministic(name, common + average_sd * average_offset + apart, dims=("case", *dims))


def place_scale(name: str, scale: float):
    """A prior's scale as data: as a number it would be part of the code, compiled anew for every other."""
    return pm.Data(f"{name}_scale", scale)


def half_normal(name: str, scale: float, dims: tuple[str, ...] | None = None):
    """A standard deviation with a half-normal prior, to be multiplied by something symmetric about 0.

    Its sign then changes nothing, and the sampler walks through 0, where the logarithm usual for a scale
    would send it down an endless tail. The variable of that name is the absolute value. Where it is far from
    0 the two signs are two modes: see ``MIRRORED``.
    """
    signed = pm.Normal(f"{name}_signed", 0, place_scale(name, scale), dims=dims)
    pm.Deterministic(name, pt.abs(signed), dims=dims)
    return signed


MIRRORED = {"region_sd_signed": "region_part"}
"""Variables that change sign together without any change of the density."""
