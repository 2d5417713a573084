"""Stack draws along one dim, and thin them."""

import math

import numpy as np
import xarray as xr

SAMPLE_DIMS = ("refit", "chain", "draw")
GROUPS = ("posterior", "sample_stats")


def count_draws(posterior: xr.Dataset) -> int:
    """Count the draws of all refits and chains."""
    return math.prod(posterior.sizes[d] for d in SAMPLE_DIMS if d in posterior.dims)


def stack(posterior: xr.Dataset, keep: int | None = None) -> xr.Dataset:
    """Put all draws along one dim ``sample``, refit by refit and chain by chain.

    Parameters
    ----------
    posterior : xr.Dataset
        (refit, chain, draw, ...) or (chain, draw, ...).
    keep : int, optional
        Keep at most this many draws, evenly spaced. By default all.

    Returns
    -------
    xr.Dataset
        (sample, ...), numbered from 0. With refits, it has the coordinate ``refit`` (sample).
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
    """Thin each chain at a fixed interval, to about ``keep`` draws in all and at least one of each chain."""
    sizes = idata["posterior"].sizes
    every = -(-count_draws(idata["posterior"].dataset) // keep)
    every = min(max(every, 1), sizes["draw"])
    return pick_draws(idata, slice(every - 1, None, every))


def thin_evenly(idata: xr.DataTree, keep: int) -> xr.DataTree:
    """Keep about ``keep`` draws in all: equally many of each chain, with its first and last."""
    sizes = idata["posterior"].sizes
    each = min(sizes["draw"], max(1, keep // sizes["chain"]))
    return pick_draws(idata, np.linspace(0, sizes["draw"] - 1, each).round().astype(int))


def pick_draws(idata: xr.DataTree, draws: slice | np.ndarray) -> xr.DataTree:
    """Select draws of the posterior and of the sampler statistics. Attributes are kept."""
    picked = xr.DataTree.from_dict({group: idata[group].dataset.isel(draw=draws) for group in GROUPS})
    picked.attrs = dict(idata.attrs)
    return picked
