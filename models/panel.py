"""What the models of stage 2 see of a panel: dense arrays, standardised covariates, centred alignment."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

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
