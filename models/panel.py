"""What the models of stage 2 see of a panel: dense arrays, standardised covariates, centred alignment."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from models.exposure import CAPABILITY, list_exposures

REFERENCE_LEVEL = "none"
IMPUTED = "covariate_imputed"
"""Name of the imputed values in the model, along the dim ``missing``."""


class PanelData(NamedTuple):
    """A panel as dense arrays. The sample is the set of state-cases that the models count.

    Attributes
    ----------
    joined : np.ndarray
        (case, state), float: 1 if the state joined the coalition, else 0; 0 outside the sample.
    included : np.ndarray
        (case, state), float: 1 in the sample, else 0.
    has_level : np.ndarray
        (level, case, state), float: 1 if the state has this guarantee level, else 0, or a dose >= 0; 0
        outside the sample.
    covariates : np.ndarray
        (case, state, covariate), float: mean 0 and sd 1 over the sample; 0 outside it and where missing.
    missing : np.ndarray
        (case, state, covariate), bool: the value is missing in the sample.
    covariate_sd : np.ndarray
        (case, state, covariate), float: standard deviation of the value as its source publishes it, in units
        of ``covariates``; 0 where none is published, outside the sample and where the value is missing.
    region_idx : np.ndarray
        (state,), int: position of the state's region in ``region``.
    subregion_idx : np.ndarray
        (state,), int: position of the state's subregion in ``subregion``.
    region, subregion, level, case, state, covariate : np.ndarray
        Labels, str, one dimension each. ``level`` omits the first level, the absence of a guarantee.
    """

    joined: np.ndarray
    included: np.ndarray
    has_level: np.ndarray
    covariates: np.ndarray
    missing: np.ndarray
    covariate_sd: np.ndarray
    region_idx: np.ndarray
    subregion_idx: np.ndarray
    region: np.ndarray
    subregion: np.ndarray
    level: np.ndarray
    case: np.ndarray
    state: np.ndarray
    covariate: np.ndarray


class Stage2Data(NamedTuple):
    """Data of the model of joining, by the names that they have in the model.

    Attributes
    ----------
    joined_observed, included : np.ndarray
        (case, state), float, 0 or 1: as ``joined`` and ``included`` of ``PanelData``.
    has_level : np.ndarray
        (level, case, state), float: 0 or 1, or a dose.
    covariates : np.ndarray
        (case, state, covariate), float, standardised.
    region_idx : np.ndarray
        (state,), int.
    alignment : np.ndarray
        (case, state), or (case, state, axis), float: alignment, centred within each case, in standard
        deviations of the states. All 0 in a model of the total effect.
    subregion_idx : np.ndarray or None
        (state,), int; None if the model has no effects of subregions.
    """

    joined_observed: np.ndarray
    included: np.ndarray
    has_level: np.ndarray
    covariates: np.ndarray
    region_idx: np.ndarray
    alignment: np.ndarray
    subregion_idx: np.ndarray | None = None

    def list_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the model by name."""
        return {name: values for name, values in self._asdict().items() if values is not None}


def prepare_panel_data(panel: xr.Dataset, missing: str = "refuse") -> PanelData:
    """Turn a panel into dense arrays, and standardise its covariates over the sample.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``: ``joined``, ``included``, ``guarantee`` (case, state) with the
        attribute ``levels`` (the first is the absence of a guarantee), ``covariates_transformed`` and, if any
        is published, ``covariates_transformed_sd`` (case, state, covariate), and the coordinates ``region``
        and ``subregion`` (state).
    missing : {"refuse", "impute"}
        Refuse covariates that are missing in the sample, or mark them in ``PanelData.missing``.

    Returns
    -------
    PanelData

    Raises
    ------
    ValueError
        If a covariate is missing in the sample (unless ``missing="impute"``) or constant in it, if no state
        has some level, if a state has an unknown level, or if the first level is not the absence of a
        guarantee.
    """
    included = panel["included"].values
    levels = [str(level) for level in panel["guarantee"].attrs["levels"]]
    if levels[0] != REFERENCE_LEVEL:
        raise ValueError(f"the first guarantee level is {levels[0]!r}; it must be {REFERENCE_LEVEL!r}")
    present = set(map(str, panel["guarantee"].values[included]))
    if absent := sorted(set(levels[1:]) - present):
        raise ValueError(f"no state in the sample has the guarantee levels {absent}: drop or merge them")
    if unknown := sorted(present - set(levels)):
        raise ValueError(f"unknown guarantee levels {unknown}; the panel's levels are {levels}")
    covariates = panel["covariates_transformed"].values.astype(float)
    lacks = included[..., None] & np.isnan(covariates)
    sample = covariates[included]
    for number, name in enumerate(map(str, panel["covariate"].values)):
        lost, seen = lacks[..., number], sample[~np.isnan(sample[:, number]), number]
        if lost.any() and missing == "refuse":
            raise ValueError(
                f"covariate {name!r} is missing in {lost.sum()} rows: {name_rows(panel, lost)}. "
                "Use CoalitionSpec(missing='impute') to estimate missing values within the model"
            )
        if not seen.size or np.ptp(seen) == 0:
            raise ValueError(f"covariate {name!r} is {sample[0, number]} in every row: it has no slope")
    scale = np.nanstd(sample, 0)
    standardised = (covariates - np.nanmean(sample, 0)) / scale
    known = included[..., None] & ~lacks
    sd = np.zeros(covariates.shape)
    if "covariates_transformed_sd" in panel:
        published = panel["covariates_transformed_sd"]
        sd = np.where(known, published.transpose(*panel["covariates_transformed"].dims).values / scale, 0.0)
    region, region_idx = np.unique(panel["region"].values, return_inverse=True)
    subregion, subregion_idx = np.unique(panel["subregion"].values, return_inverse=True)
    return PanelData(
        joined=np.where(included, panel["joined"].values, 0.0),
        included=included.astype(float),
        has_level=np.where(included, list_exposures(panel).values, 0.0),
        covariates=np.where(known, standardised, 0.0),
        missing=lacks,
        covariate_sd=np.nan_to_num(sd),
        region_idx=region_idx,
        subregion_idx=subregion_idx,
        region=region,
        subregion=subregion,
        level=np.array(levels[1:]),
        case=panel["case"].values,
        state=panel["state"].values,
        covariate=panel["covariate"].values,
    )


def place_missing(data: PanelData) -> np.ndarray:
    """Case, state and covariate (value, 3) of each missing value, in the order of ``covariate_imputed``."""
    places = np.argwhere(data.missing)
    return places[np.argsort(places[:, 2], kind="stable")]


def prepare_tiers(panel: xr.Dataset) -> tuple[np.ndarray, list[str]]:
    """Number the tiers that any state reached in any case.

    The data cannot identify the threshold of a tier that nobody reached. A tier that is reached in one case
    only keeps its threshold in all cases.

    Parameters
    ----------
    panel : xr.Dataset
        ``tier`` (case, state), 0 and up, with the attribute ``levels``; ``included``.

    Returns
    -------
    tier : np.ndarray
        (case, state), int >= 0; 0 outside the sample.
    names : list of str
        The tiers, lowest first.

    Raises
    ------
    ValueError
        If a tier is missing or is not the number of a level, or if all states have the same tier.
    """
    included, tier = panel["included"].values, panel["tier"].values
    levels = panel["tier"].attrs["levels"]
    lost = included & ~np.isin(tier, np.arange(len(levels)))
    if lost.any():
        raise ValueError(
            f"tier must be 0 to {len(levels) - 1} ({', '.join(levels)}); it is not in {lost.sum()} rows: "
            + name_rows(panel, lost)
        )
    used, position = np.unique(tier[included].astype(int), return_inverse=True)
    if len(used) < 2:
        raise ValueError(f"all states are in tier {levels[used[0]]!r}: there is nothing to explain")
    counted = np.zeros(tier.shape, dtype=int)
    counted[included] = position
    return counted, [levels[k] for k in used]


def add_capability(panel: xr.Dataset) -> xr.Dataset:
    """Add log capability to the covariates: an interaction needs its main effect too.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``: ``characteristics`` (case, state, characteristic) includes
        ``capability``, the share of the world's, 0 to 1.

    Returns
    -------
    xr.Dataset
        The same panel if capability is a covariate already.

    Raises
    ------
    ValueError
        If the panel has no capability.
    """
    if CAPABILITY in panel["covariate"].values:
        return panel
    if "characteristic" not in panel.coords or CAPABILITY not in panel["characteristic"].values:
        raise ValueError(f"an interaction with capability needs the characteristic {CAPABILITY!r}")
    capability = np.log(panel["characteristics"].sel(characteristic=CAPABILITY, drop=True))
    wider = xr.concat(
        [
            panel["covariates_transformed"].reset_coords(drop=True),
            capability.reset_coords(drop=True).expand_dims(covariate=[CAPABILITY]),
        ],
        "covariate",
    )
    widened = panel.drop_dims("covariate").assign(
        covariates_transformed=wider.transpose("case", "state", "covariate")
    )
    if "covariates_transformed_sd" in panel:
        sd = panel["covariates_transformed_sd"].reset_coords(drop=True)
        widened["covariates_transformed_sd"] = sd.reindex(covariate=wider["covariate"])
    return widened


def centre_alignment(panel: xr.Dataset, alignment: xr.DataArray) -> np.ndarray:
    """Centre alignment within the sample of each case; set it to 0 outside the sample.

    Centring makes the reference state irrelevant to every slope and effect: a change of reference moves
    all states of a case by the same amount.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    alignment : xr.DataArray
        (case, state) or (draw, case, state), and with several axes (..., case, state, axis); float, in
        standard deviations of the states of stage 1.

    Returns
    -------
    np.ndarray
        Same shape and unit as ``alignment``, dims (..., case, state) or (..., case, state, axis).

    Raises
    ------
    ValueError
        If a state-case of the sample has no alignment.
    """
    last = ("case", "state", "axis")[: 3 if "axis" in alignment.dims else 2]
    aligned = alignment.reindex(case=panel["case"], state=panel["state"]).transpose(..., *last)
    others = [d for d in aligned.dims if d not in ("case", "state")]
    lost = panel["included"].values & aligned.isnull().any(others).values
    if lost.any():
        raise ValueError(f"no alignment for {lost.sum()} rows of the sample: {name_rows(panel, lost)}")
    sample = aligned.where(panel["included"]).transpose(..., *last)
    return (sample - sample.mean("state")).fillna(0.0).values


def name_axes(alignment: xr.DataArray) -> list[str]:
    """Names of the axes of alignment; empty if there is one axis, without a name."""
    return list(map(str, alignment["axis"].values)) if "axis" in alignment.dims else []


def name_rows(panel: xr.Dataset, where: np.ndarray) -> str:
    """Name up to ten of the state-cases marked in a (case, state) mask, for an error message."""
    rows = [f"{panel['state'].values[s]} ({panel['case'].values[c]})" for c, s in np.argwhere(where)[:10]]
    return ", ".join(rows) + (", ..." if where.sum() > 10 else "")
