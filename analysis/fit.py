"""One fit: data, model and sampler settings in, checked posterior out."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import nutpie
import pymc as pm
import pytensor
import xarray as xr

from analysis.diagnostics import check_convergence, measure_convergence, measure_refits
from models.coalition import build_coalition_model, flatten_alignment
from models.ideal_point import SAVED, build_ideal_point_model
from models.spec import CoalitionSpec, IdealPointSpec

# With fast-math, code compiled afresh and code loaded from the cache differ in the last digits, and a
# chain turns that into other draws: the same seed would not give the same result.
pytensor.config.numba__fastmath = False

Progress = Callable[[float], None]
"""Called with the share of a fit that is done, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class SamplerSpec:
    """Settings of nutpie's NUTS for one kind of fit.

    Attributes
    ----------
    draws, tune : int
        Kept draws and warm-up steps of each chain.
    chains : int
        Chains; at least 2, for convergence to be judged.
    target_accept : float
        Acceptance probability aimed at, 0 to 1.
    """

    draws: int
    tune: int
    chains: int = 4
    target_accept: float = 0.8

    def __post_init__(self):
        if self.draws < 20 or self.tune < 50 or self.chains < 2 or not 0.5 <= self.target_accept < 1:
            raise ValueError(
                f"{self}: at least 20 draws, 50 tune and 2 chains, and target_accept from 0.5 to 1, are needed"
            )


CORES = 2
"""Chains or refits run side by side."""


def derive_seed(seed: int, *names: object) -> int:
    """Seed of one fit, from the run's seed and what is fitted: the same in any order and company."""
    text = "/".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def sample(
    model: pm.Model,
    sampler: SamplerSpec,
    *,
    seed: int,
    saved: list[str],
    progress: Progress | None = None,
) -> xr.DataTree:
    """Compile a model and sample it.

    Parameters
    ----------
    model : pm.Model
        Model.
    sampler : SamplerSpec
        Draws, warm-up, chains.
    seed : int
        Seed.
    saved : list of str
        Variables to keep.
    progress : callable, optional
        Told the share done.

    Returns
    -------
    xr.DataTree
        Groups ``posterior`` and ``sample_stats``; attribute ``model``: the model's text.
    """
    # Jitter would drown what the models' own starting values say.
    jitter = {rv for rv in model.free_RVs if model.rvs_to_initial_values[rv] is None}
    compiled = nutpie.compile_pymc_model(model, var_names=saved, jitter_rvs=jitter)
    idata = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=CORES,
        seed=seed,
        target_accept=sampler.target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_share_done(progress) if progress else None,
    )
    # nutpie keeps every free variable, asked for or not.
    idata["posterior"] = xr.DataTree(idata["posterior"].dataset[saved])
    idata.attrs["model"] = model.str_repr()
    return idata


def _share_done(progress: Progress) -> Callable:
    def report(chains):
        progress(sum(c.finished_draws for c in chains) / max(1, sum(c.total_draws for c in chains)))

    return report


def fit_ideal_points(
    votes: xr.Dataset,
    spec: IdealPointSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 1 of one case.

    Returns
    -------
    xr.DataTree
        ``posterior`` (chain, draw, ...), ``sample_stats``; attribute ``convergence``: the figures.

    Raises
    ------
    ConvergenceError
        If a gate is missed.
    """
    model = build_ideal_point_model(votes, spec)
    idata = sample(model, sampler, seed=seed, saved=SAVED, progress=progress)
    return _gated(idata, f"ideal points ({votes.attrs.get('case', 'votes')})")


TOTAL = [
    "intercept",
    "covariate_slope",
    "region_effect",
    "region_sd",
    "guarantee_effect",
    "guarantee_effect_mean",
    "guarantee_effect_case_sd",
]
DIRECT = [*TOTAL, "alignment_slope", "alignment_slope_mean", "alignment_slope_case_sd"]
STATE = ["state_sd", "state_effect"]
PREDICTOR = "eta"


def fit_total(
    panel: xr.Dataset,
    spec: CoalitionSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 without alignment: the total effect of the guarantee.

    Raises
    ------
    ConvergenceError
        If a gate is missed.
    """
    model = build_coalition_model(panel, spec)
    saved = [*TOTAL, *(STATE if spec.state_effect else []), PREDICTOR]
    return _gated(sample(model, sampler, seed=seed, saved=saved, progress=progress), "joining, total effect")


def fit_direct(
    panel: xr.Dataset,
    alignment: xr.DataArray,
    spec: CoalitionSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 with alignment, refitted to each stage-1 draw with one compiled model: the cut posterior.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    alignment : xr.DataArray
        (refit, case, state): draws from stage 1; see ``models.coalition.flatten_alignment``.
    spec, sampler, seed, progress
        As elsewhere; the sampler's numbers are those of one refit.

    Returns
    -------
    xr.DataTree
        ``posterior`` (refit, chain, draw, ...), ``sample_stats`` likewise.

    Raises
    ------
    ConvergenceError
        If a gate is missed; chains are compared within refits only.
    """
    positions = flatten_alignment(panel, alignment.rename(refit="draw"))
    model = build_coalition_model(panel, spec, positions[0])
    saved = [*DIRECT, *(STATE[:1] if spec.state_effect else []), PREDICTOR]
    compiled = nutpie.compile_pymc_model(model, var_names=saved)
    done = 0

    def refit(number: int) -> xr.DataTree:
        nonlocal done
        idata = nutpie.sample(
            compiled.with_data(alignment=positions[number]),
            draws=sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            cores=1,
            seed=derive_seed(seed, "refit", number),
            target_accept=sampler.target_accept,
            save_warmup=False,
            progress_bar=False,
        )
        done += 1
        if progress:
            progress(done / len(positions))
        return idata

    with ThreadPoolExecutor(CORES) as pool:
        refits = list(pool.map(refit, range(len(positions))))
    stats = [r["sample_stats"].dataset[["diverging", "energy"]] for r in refits]
    idata = xr.DataTree.from_dict(
        {
            "posterior": xr.concat([r["posterior"].dataset for r in refits], "refit"),
            "sample_stats": xr.concat(stats, "refit"),
        }
    )
    idata.attrs["model"] = model.str_repr()
    return _gated(idata, "joining, direct effect")


def _gated(idata: xr.DataTree, name: str) -> xr.DataTree:
    """The fit with its convergence figures, or an error."""
    posterior, stats = idata["posterior"].dataset, idata["sample_stats"].dataset
    measure = measure_refits if "refit" in posterior.dims else measure_convergence
    figures = measure(posterior, stats)
    check_convergence(figures, name=name)
    idata.attrs["convergence"] = figures
    return idata


def stack_draws(posterior: xr.Dataset, keep: int) -> xr.Dataset:
    """At most ``keep`` draws, evenly spaced over refits, chains and draws, along one dim ``sample``."""
    dims = [d for d in ("refit", "chain", "draw") if d in posterior.dims]
    stacked = posterior.stack(sample=dims).drop_vars([*dims, "sample"])
    pick = np.unique(np.linspace(0, stacked.sizes["sample"] - 1, keep).round().astype(int))
    return stacked.isel(sample=pick).assign_coords(sample=np.arange(len(pick)))
