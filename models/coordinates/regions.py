"""Coordinates of effects with a common scale that suit effects which differ and effects which do not."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def place_region_mean(sd, position: np.ndarray, region_idx: np.ndarray, prefix: str = ""):
    """Add regional means ~ Normal(0, sd) to the model in context.

    They are sampled nearly centred where ``sd`` is large beside the error with which states show their
    region's mean, and nearly as offsets where it is small. Fully centred, the density would have no bound
    where ``sd`` goes to 0: worlds without regional differences would be lost there.

    Parameters
    ----------
    sd : scalar
        Standard deviation of the means.
    position : np.ndarray
        (state,), float: rough positions, sd 1.
    region_idx : np.ndarray
        (state,), int: number of each state's region.
    prefix : str
        Of the names of the model's variables.

    Returns
    -------
    vector (region,)
    """
    size = np.bincount(region_idx)
    mean = np.bincount(region_idx, position) / size
    within = np.sqrt(np.mean((position - mean[region_idx]) ** 2))
    return place_part(f"{prefix}region", sd, within / np.sqrt(size), "region")


def place_part(name: str, sd, error: np.ndarray, dim: str):
    """Add effects ~ Normal(0, sd), nearly centred where ``sd`` is large beside their errors.

    Parameters
    ----------
    name : str
        Name of the effects: the model has ``<name>_part`` and the data ``<name>_error``.
    sd : scalar
    error : np.ndarray
        (dim,), float > 0: rough error with which the data show each effect.
    dim : str
        Dim of the effects.

    Returns
    -------
    vector (dim,)
    """
    spread = pt.sqrt(pm.Data(f"{name}_error", error, dims=dim) ** 2 + sd**2)
    return sd / spread * pm.Normal(f"{name}_part", 0, spread, dims=dim)
