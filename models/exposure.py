"""What a guarantee does to which state: exposure to each level, and the level's effect on each state.

    effect of level l on state i in case c  =  effect_cl + slope_cl k_i + region_cl[r_i]

with k log capability, standardised; see models/docs/causes.md. Without interactions only the first remains.
"""

import numpy as np
import xarray as xr

from models.spec import CAPABILITY, SpecError

BY_CAPABILITY, BY_REGION = "guarantee_capability", "guarantee_region"
"""Names of the interactions in the model: (case, level) and (case, level, region), logits."""


def list_exposures(panel: xr.Dataset) -> xr.DataArray:
    """Exposure of each state-case to each guarantee level above the first.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``. A variable ``dose`` (case, state), float >= 0, replaces the 0/1
        indicator of level ``attrs['level']``; its effect is per unit of dose.

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


def find_capability(covariates: np.ndarray) -> int:
    """Return the place of log capability among the names of covariates.

    Raises
    ------
    SpecError
        If it is none of them: an interaction needs its main effect.
    """
    names = list(map(str, covariates))
    if CAPABILITY not in names:
        raise SpecError(
            "CoalitionSpec.heterogeneity = 'capability-region' needs the covariate 'capability'; "
            f"covariates: {', '.join(names)}"
        )
    return names.index(CAPABILITY)


def spread_guarantee(posterior: xr.Dataset, covariates: np.ndarray, region_idx: np.ndarray) -> xr.DataArray:
    """Return the effect of each level on each state, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``guarantee_effect`` (..., case, level) and, where the model has them, the interactions.
    covariates : np.ndarray
        (case, state, covariate), float, standardised as in the model.
    region_idx : np.ndarray
        (state,), int: position of each state's region in the posterior's coordinate ``region``.

    Returns
    -------
    xr.DataArray
        (..., case, level), logits, and with interactions also (state).
    """
    effect = posterior["guarantee_effect"]
    if BY_REGION not in posterior:
        return effect
    capability = covariates[..., find_capability(posterior["covariate"].values)]
    by_region = posterior[BY_REGION].isel(region=xr.DataArray(region_idx, dims="state"))
    slope = posterior[BY_CAPABILITY]
    spread = effect + slope * xr.DataArray(capability, dims=("case", "state")) + by_region
    return spread.drop_vars("region", errors="ignore")
