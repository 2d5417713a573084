"""Draws with the dims chain and draw, which ArviZ asks for, and the groups of its schema in one tree."""

import numpy as np
import xarray as xr

from analysis.posterior.draws import stack

CHAINS = 4
"""Chains over which the refits of a cut posterior are spread, where their number allows."""


def to_chains(draws: xr.Dataset) -> xr.Dataset:
    """Give draws the dims chain and draw, in front.

    Parameters
    ----------
    draws : xr.Dataset
        (chain, draw, ...), (refit, draw, ...), (refit, chain, draw, ...) or (sample, ...).

    Returns
    -------
    xr.Dataset
        (chain, draw, ...), in the order of ``analysis.posterior.draws.stack``. Draws without chains of their
        own are cut into ``CHAINS`` equal parts, or as many as their number allows. With refits each part has
        refits of its own, and the coordinate ``refit`` (chain, draw) tells them.
    """
    if "chain" in draws.dims and "refit" not in draws.dims:
        return draws.transpose("chain", "draw", ...)
    flat = draws if "sample" in draws.dims else stack(draws)
    size = flat.sizes["sample"]
    chains = next(number for number in range(CHAINS, 0, -1) if size % number == 0)
    index = {"chain": np.arange(chains), "draw": np.arange(size // chains)}
    place = xr.DataArray(np.arange(size).reshape(chains, -1), index, ("chain", "draw"))
    split = flat.drop_vars("sample", errors="ignore").isel(sample=place)
    return split.transpose("chain", "draw", ...)


def split_array(values: np.ndarray, like: xr.Dataset, dims: tuple[str, ...]) -> xr.DataArray:
    """Label an array (sample, *dims) with the chains, draws and other coordinates of a posterior."""
    chain, draw = like.sizes["chain"], like.sizes["draw"]
    coords = {name: like[name] for name in ("chain", "draw", *dims) if name in like.coords}
    return xr.DataArray(values.reshape(chain, draw, *values.shape[1:]), coords, ("chain", "draw", *dims))


def flatten(posterior: xr.Dataset) -> xr.Dataset:
    """Put draws (chain, draw, ...) along ``sample``, chain by chain."""
    return stack(posterior.drop_vars("refit", errors="ignore"))


def describe(dataset: xr.Dataset, words: dict[str, str]) -> xr.Dataset:
    """Give variables the attribute ``description``, where the dataset has them."""
    described = dataset.copy()
    for name, text in words.items():
        if name in described.variables:
            described[name].attrs = described[name].attrs | {"description": text}
    return described


def take_statistics(fit: xr.DataTree, posterior: xr.Dataset) -> dict[str, xr.Dataset]:
    """Return the sampler's statistics as groups of a file.

    Those that belong to the draws of the posterior, one by one, are ``sample_stats``. The draws of a cut
    posterior are chosen from those of a fit. They have the fit's statistics in ``sample_stats_of_fit``, and
    none of them diverged: a fit with a divergence is not stored.
    """
    given = fit["sample_stats"].dataset if "sample_stats" in fit else None
    if given is not None and "refit" not in posterior.coords:
        return {"sample_stats": given}
    sizes = posterior.sizes["chain"], posterior.sizes["draw"]
    none = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(sizes, bool))})
    own = none.assign_coords({dim: posterior[dim] for dim in ("chain", "draw")})
    return {"sample_stats": own} | ({} if given is None else {"sample_stats_of_fit": given})
