"""Measures of convergence: R-hat, effective sample sizes, BFMI. ``analysis.fitting.gates`` judges them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter

import arviz as az
import numpy as np
import xarray as xr

from analysis.fitting.gates import check_convergence
from analysis.variants.sampler import CORES, SamplerSpec

PIECE = 4_000_000
"""Largest number of draws ranked at once. Ranking a long variable whole takes gigabytes."""


def _worst(values: xr.Dataset, *, highest: bool) -> tuple[float, str]:
    """Return the worst value in a dataset of diagnostics, and its name with coordinates."""
    worst, name = (-np.inf, "") if highest else (np.inf, "")
    for variable, array in values.data_vars.items():
        flat = np.ravel(array.values)
        # The diagnostic of a constant is NaN. It counts as not converged.
        flat = np.where(np.isnan(flat), np.inf if highest else 0.0, flat)
        at = int(flat.argmax() if highest else flat.argmin())
        value = float(flat[at])
        if (value > worst) if highest else (value < worst):
            place = np.unravel_index(at, array.shape)
            labels = [str(array[d].values[i]) for d, i in zip(array.dims, place, strict=True)]
            worst, name = value, f"{variable}[{', '.join(labels)}]" if labels else str(variable)
    return worst, name


def measure_convergence(posterior: xr.Dataset, sample_stats: xr.Dataset, cores: int = CORES) -> dict:
    """Measure convergence over all variables of a posterior.

    Parameters
    ----------
    posterior : xr.Dataset
        Dims chain, draw and others.
    sample_stats : xr.Dataset
        ``diverging`` and ``energy``, dims chain, draw.
    cores : int
        Number of threads.

    Returns
    -------
    dict
        ``chains``, ``draws``, ``divergences``, ``max_rhat``, ``min_ess_bulk``, ``min_ess_tail`` and
        ``min_bfmi``. ``max_rhat_at``, ``min_ess_bulk_at`` and ``min_ess_tail_at`` name the variables.
    """
    energy = sample_stats["energy"].transpose("chain", "draw").values
    return {
        "chains": posterior.sizes["chain"],
        "draws": posterior.sizes["draw"],
        "divergences": int(sample_stats["diverging"].sum()),
        **_mixing(posterior, cores),
        "min_bfmi": float(np.min(az.bfmi(energy, chain_axis=0, draw_axis=1))),
    }


def check_chains(posterior: xr.Dataset, name: str, cores: int = CORES) -> None:
    """Raise ConvergenceError if chains that are no Hamiltonian ones miss a gate of R-hat or sample size.

    Takes a posterior with dims chain, draw and others, and the name of the fit for the message.
    """
    figures = _mixing(posterior.reset_coords(drop=True), cores)
    check_convergence(figures | {"divergences": 0, "min_bfmi": np.inf}, name=name)


def measure_refits(posterior: xr.Dataset, sample_stats: xr.Dataset, cores: int = CORES) -> dict:
    """Measure convergence of many refits of one model to different data, each with several chains.

    Different data move the posterior, so chains of different refits should disagree. Each refit is therefore
    first standardised to a common mean and sd, which leaves only the disagreement between its own chains. The
    usual statistics of all chains together then detect much smaller faults than those of one short refit.

    Parameters
    ----------
    posterior : xr.Dataset
        Dims refit, chain (at least 2), draw and others.
    sample_stats : xr.Dataset
        ``diverging`` and ``energy``, dims refit, chain, draw.
    cores : int
        Number of threads.

    Returns
    -------
    dict
        As ``measure_convergence``, and ``refits``. The BFMI is that of all chains together, since the BFMI of
        one short chain is mostly noise.
    """
    chains = posterior.sizes["chain"]
    chain_mean = posterior.mean("draw")
    # The variance of K chain means around their own mean is (K - 1) / K of that around the true mean.
    between = (chain_mean - chain_mean.mean("chain")) * np.sqrt(chains / (chains - 1))
    centred = (posterior - chain_mean + between) / posterior.std(("chain", "draw"))
    flat = (
        centred.stack(all_chains=("refit", "chain"))
        .drop_vars(("all_chains", "refit", "chain"))
        .rename(all_chains="chain")
        .transpose("chain", "draw", ...)
    )
    energy = sample_stats["energy"]
    return {
        "refits": posterior.sizes["refit"],
        "chains": chains,
        "draws": posterior.sizes["draw"],
        "divergences": int(sample_stats["diverging"].sum()),
        **_mixing(flat, cores),
        "min_bfmi": float((energy.diff("draw") ** 2).mean() / energy.var("draw").mean()),
    }


def _mixing(posterior: xr.Dataset, cores: int) -> dict:
    """Return the worst R-hat and effective sample sizes, and the names of the variables."""
    pieces = [piece for variable in posterior.data_vars.values() for piece in _cut(variable)]
    # A thousand refits have millions of draws to rank. NumPy releases the interpreter's lock while it sorts.
    with ThreadPoolExecutor(cores) as pool:
        measured = list(pool.map(_measure_piece, pieces))
    figures = {}
    for kind, pick in (("max_rhat", max), ("min_ess_bulk", min), ("min_ess_tail", min)):
        figures[kind], figures[f"{kind}_at"] = pick((found[kind] for found in measured), key=itemgetter(0))
    return figures


def _cut(variable: xr.DataArray) -> Iterator[xr.Dataset]:
    """Cut a variable along its longest dim into pieces of at most ``PIECE`` draws."""
    inner = [dim for dim in variable.dims if dim not in ("chain", "draw")]
    if not inner:
        yield variable.to_dataset(name=variable.name)
        return
    longest = max(inner, key=variable.sizes.get)
    labelled = variable.assign_coords({longest: variable[longest]})
    step = max(1, PIECE * variable.sizes[longest] // variable.size)
    for begin in range(0, variable.sizes[longest], step):
        yield labelled.isel({longest: slice(begin, begin + step)}).to_dataset(name=variable.name)


def _measure_piece(piece: xr.Dataset) -> dict[str, tuple[float, str]]:
    """Return the worst values of one piece, and their names."""
    piece = piece.astype(float)
    return {
        "max_rhat": _worst(az.rhat(piece), highest=True),
        "min_ess_bulk": _worst(az.ess(piece, method="bulk"), highest=False),
        "min_ess_tail": _worst(az.ess(piece, method="tail"), highest=False),
    }


def gate(idata: xr.DataTree, name: str, sampler: SamplerSpec, cores: int = CORES) -> xr.DataTree:
    """Return the fit with the attribute ``convergence``, or raise a ConvergenceError."""
    posterior, stats = idata["posterior"].dataset, idata["sample_stats"].dataset
    measure = measure_refits if "refit" in posterior.dims else measure_convergence
    figures = measure(posterior, stats, cores) | {"target_accept": sampler.target_accept}
    check_convergence(figures, name=name)
    idata.attrs["convergence"] = figures
    return idata
