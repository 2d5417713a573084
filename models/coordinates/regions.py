"""Coordinates of regional means that suit regions which differ and regions which do not."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def place_region_mean(sd, position: np.ndarray, region_idx: np.ndarray):
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

    Returns
    -------
    vector (region,)
    """
    size = np.bincount(region_idx)
    mean = np.bincount(region_idx, position) / size
    within = np.sqrt(np.mean((position - mean[region_idx]) ** 2))
    error = pm.Data("region_error", within / np.sqrt(size), dims="region")
    spread = pt.sqrt(error**2 + sd**2)
    return sd / spread * pm.Normal("region_part", 0, spread, dims="region")
