"""Joining a coalition, given the security guarantee, alignment and covariates."""

from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.joining import joining_logp
from models.missing import IMPUTED, add_imputed, impute_covariates, place_missing
from models.predictor import linear_predictor
from models.spec import CoalitionSpec

REFERENCE_LEVEL = "none"


def prepare_coalition_data(panel: xr.Dataset, missing: str = "refuse") -> dict[str, np.ndarray]:
    """The panel as dense arrays, covariates standardised over the state-cases in the sample.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel: ``joined``, ``included``, ``guarantee`` (case, state) with the attribute
        ``levels`` (the first is no guarantee), ``covariates_transformed`` (case, state, covariate), and the
        coordinate ``region`` (state).
    missing : {"refuse", "impute"}
        What becomes of covariates that are missing in the sample.

    Returns
    -------
    dict of str to np.ndarray
        ``joined`` and ``included`` (case, state), float 0 or 1; ``has_level`` (level, case, state), float 0
        or 1 (or a dose), levels above none; ``covariates`` (case, state, covariate), float, mean 0 and sd 1
        over the sample and 0 outside it and where missing; ``missing`` (case, state, covariate), bool;
        ``region_idx`` (state,), int; ``region`` and ``level``: labels.

    Raises
    ------
    ValueError
        A covariate that is missing somewhere in the sample (if that is refused), or the same everywhere in
        it; a level unknown to the panel, or that no state has; a panel whose first level is not the absence
        of a guarantee.
    """
    included = panel["included"].values
    levels = [str(level) for level in panel["guarantee"].attrs["levels"]]
    if levels[0] != REFERENCE_LEVEL:
        raise ValueError(f"the first guarantee level is {levels[0]!r}; it must be {REFERENCE_LEVEL!r}")
    guarantee = panel["guarantee"].values
    if absent := sorted(set(levels[1:]) - set(map(str, guarantee[included]))):
        raise ValueError(
            f"guarantee levels {absent}: no state of the sample has them, so they have no effect"
        )
    if unknown := sorted(set(map(str, guarantee[included])) - set(levels)):
        raise ValueError(f"guarantee levels {unknown} are none of the panel's levels {levels}")
    covariates = panel["covariates_transformed"].values.astype(float)
    sample = covariates[included]
    for name, column in zip(panel["covariate"].values, sample.T, strict=True):
        lost = np.isnan(column)
        if lost.any() and missing == "refuse":
            rows = name_rows(
                panel, included & np.isnan(covariates[..., list(panel["covariate"].values).index(name)])
            )
            raise ValueError(
                f"covariate {str(name)!r} is missing in {lost.sum()} rows: {rows}. "
                "CoalitionSpec(missing='impute') makes them unknowns of the model"
            )
        if lost.all() or np.ptp(column[~lost]) == 0:
            raise ValueError(f"covariate {str(name)!r} is {column[0]} in every row: it has no slope")
    standardised = (covariates - np.nanmean(sample, 0)) / np.nanstd(sample, 0)
    lacks = included[..., None] & np.isnan(covariates)
    regions, region_idx = np.unique(panel["region"].values, return_inverse=True)
    return {
        "joined": np.where(included, panel["joined"].values, 0.0),
        "included": included.astype(float),
        "has_level": np.where(included, list_exposures(panel).values, 0.0),
        "covariates": np.where(included[..., None] & ~lacks, standardised, 0.0),
        "missing": lacks,
        "region_idx": region_idx,
        "region": regions,
        "level": np.array(levels[1:]),
    }


def list_exposures(panel: xr.Dataset) -> xr.DataArray:
    """How much of each guarantee level above the first each state-case has.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel. A variable ``dose`` (case, state), float >= 0, stands for the level that its
        attribute ``level`` names, an effect of which is then that of a dose of 1.

    Returns
    -------
    xr.DataArray
        (level, case, state), float: 0 or 1, or the dose.
    """
    guarantee = panel["guarantee"].reset_coords(drop=True)
    exposure = {level: (guarantee == level).astype(float) for level in guarantee.attrs["levels"][1:]}
    if "dose" in panel:
        exposure[panel["dose"].attrs["level"]] = panel["dose"].reset_coords(drop=True)
    return xr.concat(list(exposure.values()), "level", join="exact").assign_coords(level=list(exposure))


def centre_alignment(panel: xr.Dataset, alignment: xr.DataArray) -> np.ndarray:
    """Alignment of the sample, centred within each case, 0 outside the sample.

    Centring makes the reference state irrelevant to every slope and effect: a change of reference moves
    all states of a case by the same amount.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    alignment : xr.DataArray
        (case, state) or (draw, case, state), float, standard deviations of stage 1's states.

    Returns
    -------
    np.ndarray
        (case, state) or (draw, case, state), float.

    Raises
    ------
    ValueError
        If a state-case of the sample has no alignment.
    """
    aligned = alignment.reindex(case=panel["case"], state=panel["state"]).transpose(..., "case", "state")
    others = [d for d in aligned.dims if d not in ("case", "state")]
    lost = panel["included"].values & aligned.isnull().any(others).values
    if lost.any():
        raise ValueError(f"no alignment for {lost.sum()} rows of the sample: {name_rows(panel, lost)}")
    sample = aligned.where(panel["included"])
    return (sample - sample.mean("state")).fillna(0.0).values


def name_rows(panel: xr.Dataset, where: np.ndarray) -> str:
    """Up to ten of the state-cases marked in a (case, state) mask, for a message."""
    rows = [f"{panel['state'].values[s]} ({panel['case'].values[c]})" for c, s in np.argwhere(where)[:10]]
    return ", ".join(rows) + (", ..." if where.sum() > 10 else "")


@dataclass(frozen=True)
class Measurement:
    """Multivariate normal approximation of stage 1's posterior, with all covariances between states.

    Attributes
    ----------
    mean : np.ndarray
        (case, state), float, centred within each case.
    factor : np.ndarray
        (case, state, state), float: times its own transpose it is the covariance.
    """

    mean: np.ndarray
    factor: np.ndarray


def summarize_measurement(positions: np.ndarray) -> Measurement:
    """Mean and covariance of draws of stage 1.

    Parameters
    ----------
    positions : np.ndarray
        (draw, case, state), centred within each case and draw.

    Returns
    -------
    Measurement

    Raises
    ------
    ValueError
        If there are fewer draws than three a state: the covariance would be mostly noise.
    """
    n_draw, _, n_state = positions.shape
    if n_draw < 3 * n_state:
        raise ValueError(f"{n_draw} draws for the covariance of {n_state} states; at least {3 * n_state}")
    mean = positions.mean(0)
    factor = []
    for deviation in np.moveaxis(positions - mean, 1, 0):
        value, vector = np.linalg.eigh(deviation.T @ deviation / (n_draw - 1))
        factor.append(vector * np.sqrt(np.maximum(value, 0)))
    return Measurement(mean, np.stack(factor))


def build_coalition_model(
    panel: xr.Dataset, spec: CoalitionSpec, alignment: np.ndarray | Measurement | None = None
) -> pm.Model:
    """Joining two or more coalitions, effects partially pooled over them.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
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
    rest, a state's likelihood is a mixture over ``models.joining.STATE_NODES``. See models/README.md.
    """
    data = prepare_coalition_data(panel, spec.missing)
    # A spec is checked when it is made: no need to check its numbers at every step.
    with pm.Model(coords=name_coords(panel, data), check_bounds=False) as model:
        # Data, not constants: another panel of the same shape needs no new compilation.
        joined = pm.Data("joined_observed", data["joined"], dims=("case", "state"))
        included = pm.Data("included", data["included"], dims=("case", "state"))
        eta = place_predictor(data, spec, alignment)
        state_sd = half_normal("state_sd", spec.state_scale) if spec.state_effect else None
        how = {"implementation": spec.likelihood, "link": spec.link}
        pm.Potential("joined", joining_logp(eta, state_sd, joined, included, **how))
    return model


def name_coords(panel: xr.Dataset, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Coordinates of a model of stage 2: case, state, region, level (above none), covariate, missing."""
    names = [panel[dim].values for dim in ("covariate", "state", "case")]
    return {
        "missing": [f"{names[0][k]} {names[1][s]} {names[2][c]}" for c, s, k in place_missing(data)],
        "case": panel["case"].values,
        "state": panel["state"].values,
        "region": data["region"],
        "level": data["level"],
        "covariate": panel["covariate"].values,
    }


def place_predictor(
    data: dict[str, np.ndarray], spec: CoalitionSpec, alignment: np.ndarray | Measurement | None
):
    """Linear predictor with all its priors, in the model whose context is open.

    Parameters
    ----------
    data : dict of str to np.ndarray
        From ``prepare_coalition_data``.
    spec, alignment
        As in ``build_coalition_model``.

    Returns
    -------
    matrix (case, state)
        Logits, the guarantee included, the state effect not.
    """
    has_level = pm.Data("has_level", data["has_level"], dims=("level", "case", "state"))
    imputed = data["missing"].any()
    covariates = (
        impute_covariates(data, spec)
        if imputed
        else pm.Data("covariates", data["covariates"], dims=("case", "state", "covariate"))
    )
    region_idx = pm.Data("region_idx", data["region_idx"], dims="state")

    intercept = pm.Normal("intercept", 0, spec.intercept_scale, dims="case")
    covariate_slope = pm.Normal("covariate_slope", 0, spec.covariate_scale, dims=("case", "covariate"))
    region_sd = half_normal("region_sd", spec.region_scale)
    region_offset = pm.Normal("region_offset", dims=("case", "region"))
    region_effect = pm.Deterministic("region_effect", region_sd * region_offset, dims=("case", "region"))
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
        position = _place_states(alignment, data["included"])
        alignment_slope = _pooled_over_cases(
            "alignment_slope", spec.alignment_scale, spec.alignment_case_scale, ()
        )
        eta += alignment_slope[:, None] * position
    # What is saved is a matter of saving alone: the density needs the sum.
    by_guarantee = (has_level * guarantee_effect.T[:, :, None]).sum(0)
    pm.Deterministic("eta", eta - by_guarantee, dims=("case", "state"))
    return eta


def compute_eta(posterior: xr.Dataset, panel: xr.Dataset, alignment: xr.DataArray | None) -> xr.DataArray:
    """Linear predictor without the guarantee and the state effect, from draws of the parameters.

    Parameters
    ----------
    posterior : xr.Dataset
        ``intercept``, ``covariate_slope``, ``region_effect``, with alignment ``alignment_slope`` and, where
        covariates were imputed, ``covariate_imputed``.
    panel : xr.Dataset
        The contract's panel.
    alignment : xr.DataArray or None
        (..., case, state), centred as ``centre_alignment`` gives it.

    Returns
    -------
    xr.DataArray
        (..., case, state), float, logits; the same numbers as the model's own ``eta``.
    """
    data = prepare_coalition_data(panel, "impute" if IMPUTED in posterior else "refuse")
    covariates = xr.DataArray(data["covariates"], dims=("case", "state", "covariate"))
    eta = posterior["intercept"] + xr.dot(posterior["covariate_slope"], covariates, dim="covariate")
    eta = eta + add_imputed(posterior, data)
    eta = eta + posterior["region_effect"].isel(region=xr.DataArray(data["region_idx"], dims="state"))
    if alignment is not None:
        eta = eta + posterior["alignment_slope"] * alignment
    return eta.drop_vars("region", errors="ignore").assign_coords(state=panel["state"].values)


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
    """
    if level_scale is None:
        mean = pm.Normal(f"{name}_mean", 0, scale, dims=dims or None)
    else:
        common = pm.Normal(f"{name}_common", 0, scale)
        level_sd = half_normal(f"{name}_level_sd", level_scale)
        level_offset = pm.Normal(f"{name}_level_offset", dims=dims)
        mean = pm.Deterministic(f"{name}_mean", common + level_sd * level_offset, dims=dims)
    case_sd = half_normal(f"{name}_case_sd", case_scale, dims or None)
    offset = pm.Normal(f"{name}_offset", dims=("case", *dims))
    return pm.Deterministic(name, mean + case_sd * offset, dims=("case", *dims))


def half_normal(name: str, scale: float, dims: tuple[str, ...] | None = None):
    """A standard deviation with a half-normal prior, to be multiplied by something symmetric about 0.

    Its sign then changes nothing, and the sampler walks through 0, where the logarithm usual for a scale
    would send it down an endless tail. The variable of that name is the absolute value.
    """
    signed = pm.Normal(f"{name}_signed", 0, scale, dims=dims)
    pm.Deterministic(name, pt.abs(signed), dims=dims)
    return signed
