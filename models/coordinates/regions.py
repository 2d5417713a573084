"""Coordinates of effects with a common scale that suit effects which differ and effects which do not."""

from functools import partial

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


def place_position(name: str, mean, sd, start: np.ndarray, error: np.ndarray, df: float | None = None):
    """Add states' positions ~ Normal(mean, sd), or Student t, to the model in context.

    A state whose votes tell its position is sampled at its place. One whose votes hardly tell it, because
    its region answers as one, is sampled relative to its region: at its place it would follow the region's
    spread wherever that goes, and the closer the states, the smaller the sampler's steps would have to be.

    Parameters
    ----------
    name : str
        The model has ``<name>_part`` and the data ``<name>_error``.
    mean, sd : vector (state,)
        Of each state's region.
    start : np.ndarray
        (state,), float: where chains begin, for a mean of 0 and a sd of 1.
    error : np.ndarray
        (state,), float >= 0: rough error with which the votes show each position.
    df : float, optional
        Degrees of freedom. Default: normal.

    Returns
    -------
    vector (state,)
    """
    rough = pm.Data(f"{name}_error", error, dims="state")
    shown = (1 + rough**2) ** -0.5
    spread = pt.sqrt(rough**2 + sd**2)
    within = {"mu": shown * mean, "sigma": spread, "dims": "state", "initval": start * np.sqrt(1 + error**2)}
    family = pm.Normal if df is None else partial(pm.StudentT, nu=df)
    part = family(f"{name}_part", **within)
    return mean + sd / spread * (part - shown * mean)
