"""Location, scale and mirror image of ideal points, which the votes cannot see."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt


def standardise(raw, gauge_scale: float, prefix: str = "") -> tuple:
    """Standardise positions within the model in context, and hold the raw ones near mean 0 and sd 1.

    Without the two ``gauge`` terms the sampler would drift along location and scale. They do not change the
    posterior of the standardised positions.

    Parameters
    ----------
    raw : vector (position,)
    gauge_scale : float
        Normal scale of the raw mean and of the log of the raw standard deviation.
    prefix : str
        Of the names of the two terms.

    Returns
    -------
    standardised : vector (position,)
        Mean 0, standard deviation 1.
    location, scale : scalar
        Mean and standard deviation of ``raw``.
    """
    location, scale = raw.mean(), raw.std()
    standardised = (raw - location) / scale
    pm.Potential(f"{prefix}gauge", pm.logp(pm.Normal.dist(0, gauge_scale), location))
    pm.Potential(f"{prefix}gauge_spread", pm.logp(pm.Normal.dist(0, gauge_scale), pt.log(scale)))
    return standardised, location, scale


def remove_overlap(raw, position, gauge_scale: float):
    """Take from the raw positions on a second axis what they share with the first, and hold it near 0.

    Otherwise the second axis could lean towards the first, with slopes on the first that make up for it.

    Parameters
    ----------
    raw : vector (state,)
    position : vector (state,)
        On the first axis; mean 0, standard deviation 1.
    gauge_scale : float
        Normal scale of the covariance of the two.
    """
    overlap = (raw * position).mean()
    pm.Potential("overlap_gauge", pm.logp(pm.Normal.dist(0, gauge_scale), overlap))
    return raw - overlap * position


def orient(discrimination, direction: np.ndarray, dim: str, prefix: str = ""):
    """Sign, 1 or -1, that turns positions so that the upper end is the one at which the US votes.

    Parameters
    ----------
    discrimination : vector (item,)
    direction : np.ndarray
        (item,), float: from ``models.coordinates.start.prepare_direction``, summed over an item's roll calls.
    dim : str
        Name of the items' dim in the model in context.
    prefix : str
        Of the name of the direction among the model's data.
    """
    # A sum, since compiling a call of BLAS takes as long as compiling the rest of the model.
    return pt.sign((pm.Data(f"{prefix}direction", direction, dims=dim) * discrimination).sum())
