"""Coordinates of items in which place, slope and gap are nearly independent; the priors stay as they are."""

import pymc as pm
import pytensor.tensor as pt

from models.coordinates.regions import place_part
from models.coordinates.start import Start


class ItemWarp:
    """How a warp of the positions (``models.coordinates.warp``) carries items along.

    Attributes
    ----------
    shift : vector (item,)
        Movement of the position at which each item divides the states.
    stretch : vector (item,)
        Factor, above 0, by which positions are stretched there.
    """

    def __init__(self, weight, shape, slope):
        self.shift = (weight * pm.Data("item_shape", shape)).sum(-1)
        self.stretch = pt.exp((weight * pm.Data("item_slope", slope)).sum(-1))


def place_discrimination(sd, start: Start, dim: str, warp: ItemWarp | None):
    """Discriminations (item,) ~ Normal(0, sd), sampled relative to the warp, if any."""
    if warp is None:
        return pm.Normal("raw_discrimination", 0, sd, dims=dim, initval=start.discrimination)
    relative = pm.Normal(
        "relative_discrimination", 0, sd * warp.stretch, dims=dim, initval=start.discrimination
    )
    return relative / warp.stretch


def place_log_gap(mean, sd, start: Start, dim: str):
    """Log gaps (item,) between the cutpoints ~ Normal(mean, sd).

    Static models know an error of each and have them partly centred. The dynamic model has values to begin
    at, and has them centred.
    """
    if isinstance(start, Start):
        return mean + place_part("gap", sd, start.gap_error, dim)
    return pm.Normal("log_gap", mean, sd, dims=dim, initval=start.log_gap)


def place_midpoint(mean, sd, discrimination, gap, start: Start, dim: str, warp: ItemWarp | None):
    """Midpoints (item,) ~ Normal(mean, sd), sampled as anchors.

    An item that divides the states far from 0 has a midpoint that moves with its discrimination, and one
    without abstentions has only one well-known cutpoint. The anchor is the midpoint less what follows from
    discrimination and gap, so that it is nearly independent of both. The Jacobian is 1.
    """
    centre = pm.Data("centre", start.centre, dims=dim)
    upper_weight = pm.Data("upper_weight", start.upper_weight, dims=dim)
    if warp is not None:
        centre = centre + warp.shift
    beside_midpoint = centre * discrimination + (0.5 - upper_weight) * gap
    anchor = pm.Normal(
        "anchor",
        mean - beside_midpoint,
        sd,
        dims=dim,
        initval=start.midpoint - start.centre * start.discrimination,
    )
    return anchor + beside_midpoint
