"""One fit: data, model and sampler settings in, checked posterior out."""

import math
from collections.abc import Callable

import numpy as np
import nutpie
import pymc as pm
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import measure_convergence, measure_refits
from analysis.fitting.gates import ConvergenceError, check_convergence
from analysis.variants.sampler import CORES, Progress, SamplerSpec
from models.coalition import build_coalition_model
from models.ideal_point import SAVED, build_ideal_point_model
from models.spec import CoalitionSpec, IdealPointSpec, TierSpec
from models.tier import build_tier_model

ATTEMPTS = 4
"""How often a fit is tried before it counts as not converged."""

SAVED_TOTAL = [
    "intercept",
    "covariate_slope",
    "region_effect",
    "region_sd",
    "guarantee_effect",
    "guarantee_effect_mean",
    "guarantee_effect_case_sd",
    "eta",
]
SAVED_WHERE_THERE = ["state_sd", "covariate_imputed"]
SAVED_TIERS = [*SAVED_TOTAL, "threshold", "guarantee_capability"]
SAMPLE_DIMS = ("refit", "chain", "draw")
SAVED_STATISTICS = ["diverging", "energy", "n_steps"]


def fit_ideal_points(
    votes: xr.Dataset,
    spec: IdealPointSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 1 of one case.

    Parameters
    ----------
    votes : xr.Dataset
        The contract's votes.
    spec : IdealPointSpec
        Priors and choices.
    sampler : SamplerSpec
        Draws, warm-up, chains.
    seed : int
        Seed.
    cores : int
        Chains run side by side; the draws are the same for any number.
    progress : callable, optional
        Told the share done.

    Returns
    -------
    xr.DataTree
        ``posterior`` (chain, draw, ...; the variables of ``models.ideal_point.SAVED``) and
        ``sample_stats``; attributes ``convergence``: the figures, ``model``: the model's text.

    Raises
    ------
    ConvergenceError
        If a gate is missed in every attempt.
    """
    model = build_ideal_point_model(votes, spec)
    name = f"ideal points ({votes.attrs.get('case', 'votes')})"
    saved = list_saved(model, SAVED)
    return fit_model(model, sampler, seed=seed, saved=saved, name=name, cores=cores, progress=progress)


def fit_total(
    panel: xr.Dataset,
    spec: CoalitionSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 without alignment: the total effect of the guarantee.

    Parameters, returns and errors are those of ``fit_ideal_points``, with the contract's panel in the
    place of votes.
    """
    model = build_coalition_model(panel, spec)
    saved = list_saved(model, SAVED_TOTAL)
    name = "joining, total effect"
    return fit_model(model, sampler, seed=seed, saved=saved, name=name, cores=cores, progress=progress)


def fit_tiers(
    panel: xr.Dataset,
    spec: TierSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """The cumulative model of the tier of support, without alignment: total effects.

    Parameters, returns and errors are those of ``fit_total``.
    """
    model = build_tier_model(panel, spec)
    saved = list_saved(model, SAVED_TIERS)
    name = "tiers of support"
    return fit_model(model, sampler, seed=seed, saved=saved, name=name, cores=cores, progress=progress)


def list_saved(model: pm.Model, names: list[str]) -> list[str]:
    """Those of some variables, and of those of SAVED_WHERE_THERE, that a model has."""
    return [name for name in (*names, *SAVED_WHERE_THERE) if name in model.named_vars]


def fit_model(
    model: pm.Model,
    sampler: SamplerSpec,
    *,
    seed: int,
    saved: list[str],
    name: str,
    cores: int = CORES,
    progress: Progress | None,
) -> xr.DataTree:
    """Compile a model once, sample it, and judge it; what misses a gate is tried again, harder."""
    compiled = compile_model(model, saved)
    attempt = sampler
    for _ in range(ATTEMPTS):
        idata = _sample(compiled, attempt, saved, cores=cores, seed=seed, progress=progress)
        idata.attrs["model"] = model.str_repr()
        try:
            return gate(idata, name, attempt, cores)
        except ConvergenceError as error:
            failure = error
            attempt = attempt.harder(error.figures)
    raise failure


def _sample(
    compiled: CompiledModel,
    sampler: SamplerSpec,
    saved: list[str],
    *,
    cores: int,
    seed: int,
    progress: Progress | None = None,
) -> xr.DataTree:
    idata = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=cores,
        seed=seed,
        target_accept=sampler.target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=_share_done(progress) if progress else None,
    )
    # Stopped by Ctrl-C, nutpie gives what it has, filled up with gaps: that is no fit to be judged.
    energy = idata["sample_stats"]["energy"]
    if energy.sizes["draw"] < sampler.draws or energy.isnull().any():
        raise KeyboardInterrupt
    groups = {"posterior": saved, "sample_stats": SAVED_STATISTICS}
    return xr.DataTree.from_dict({group: idata[group].dataset[names] for group, names in groups.items()})


def _share_done(progress: Progress) -> Callable:
    def report(chains):
        progress(sum(c.finished_draws for c in chains) / max(1, sum(c.total_draws for c in chains)))

    return report


def gate(idata: xr.DataTree, name: str, sampler: SamplerSpec, cores: int = CORES) -> xr.DataTree:
    """The fit with its convergence figures, found on so many cores, or an error."""
    posterior, stats = idata["posterior"].dataset, idata["sample_stats"].dataset
    measure = measure_refits if "refit" in posterior.dims else measure_convergence
    figures = measure(posterior, stats, cores) | {"target_accept": sampler.target_accept}
    check_convergence(figures, name=name)
    idata.attrs["convergence"] = figures
    return idata


def count_draws(posterior: xr.Dataset) -> int:
    """Draws in all refits and chains."""
    return math.prod(posterior.sizes[d] for d in SAMPLE_DIMS if d in posterior.dims)


def stack_draws(posterior: xr.Dataset, keep: int) -> xr.Dataset:
    """Exactly ``keep`` draws, evenly spaced over refits, chains and draws, along one dim ``sample``.

    The coordinate ``refit`` (sample) stays, where there are refits.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    if keep > count_draws(posterior):
        raise ValueError(f"keep = {keep}: the posterior has only {count_draws(posterior)} draws")
    dims = [d for d in SAMPLE_DIMS if d in posterior.dims]
    stacked = posterior.stack(sample=dims)
    refit = {"refit": ("sample", stacked["refit"].values)} if "refit" in dims else {}
    stacked = stacked.drop_vars([*dims, "sample"]).assign_coords(refit)
    pick = np.linspace(0, stacked.sizes["sample"] - 1, keep).round().astype(int)
    return stacked.isel(sample=pick).assign_coords(sample=np.arange(keep))
