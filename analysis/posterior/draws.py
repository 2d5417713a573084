"""Draws along one dimension, and fewer of them."""

import math

import numpy as np
import xarray as xr

SAMPLE_DIMS = ("refit", "chain", "draw")
GROUPS = ("posterior", "sample_stats")


def count_draws(posterior: xr.Dataset) -> int:
    """Draws in all refits and chains."""
    return math.prod(posterior.sizes[d] for d in SAMPLE_DIMS if d in posterior.dims)


def stack(posterior: xr.Dataset, keep: int | None = None) -> xr.Dataset:
    """Put all draws along one dim ``sample``, refit by refit and chain by chain.

    Parameters
    ----------
    posterior : xr.Dataset
        (refit, chain, draw, ...) or (chain, draw, ...).
    keep : int, optional
        At most so many draws, evenly spaced; all if none is given.

    Returns
    -------
    xr.Dataset
        (sample, ...), numbered. The coordinate ``refit`` (sample) stays where there are refits.
    """
    dims = [d for d in SAMPLE_DIMS if d in posterior.dims]
    stacked = posterior.stack(sample=dims)
    refit = {"refit": ("sample", stacked["refit"].values)} if "refit" in dims else {}
    stacked = stacked.drop_vars([*dims, "sample"]).assign_coords(refit)
    size = stacked.sizes["sample"]
    if keep is not None and keep < size:
        stacked = stacked.isel(sample=np.linspace(0, size - 1, keep).round().astype(int))
    return stacked.assign_coords(sample=np.arange(stacked.sizes["sample"]))


def thin(idata: xr.DataTree, keep: int) -> xr.DataTree:
    """Keep every so many draws of each chain, about ``keep`` in all and at least one of each chain."""
    sizes = idata["posterior"].sizes
    every = -(-count_draws(idata["posterior"].dataset) // keep)
    every = min(max(every, 1), sizes["draw"])
    return pick_draws(idata, slice(every - 1, None, every))


def thin_evenly(idata: xr.DataTree, keep: int) -> xr.DataTree:
    """Keep ``keep`` draws in all, the same number of each chain, its first and last among them."""
    sizes = idata["posterior"].sizes
    each = min(sizes["draw"], max(1, keep // sizes["chain"]))
    return pick_draws(idata, np.linspace(0, sizes["draw"] - 1, each).round().astype(int))


def pick_draws(idata: xr.DataTree, draws: slice | np.ndarray) -> xr.DataTree:
    """Some draws of posterior and sampler statistics, attributes kept."""
    picked = xr.DataTree.from_dict({group: idata[group].dataset.isel(draw=draws) for group in GROUPS})
    picked.attrs = dict(idata.attrs)
    return picked
