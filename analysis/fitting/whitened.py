"""Fit a model of items and states in coordinates from its own Hessian, with chains that start apart."""

from typing import NamedTuple

import pymc as pm
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.chains import append_draws, run_chains
from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import gate
from analysis.fitting.gates import ATTEMPTS, ConvergenceError
from analysis.fitting.modes import Mode, find_modes, place_chains
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from models.coordinates.arrow import Arrow, begin_arrow, evaluate_parameters, whiten


class Whitened(NamedTuple):
    """A model compiled over the coordinates of an arrow.

    Attributes
    ----------
    compiled : CompiledModel
        Takes other coordinates as data.
    begin : Arrow
        The coordinates that it was compiled with: the parameters themselves.
    """

    compiled: CompiledModel
    begin: Arrow

    def find_modes(self, seed: int) -> tuple[CompiledModel, list[Mode]]:
        """Find the modes, and return the model in coordinates from the heaviest one, and all of them."""
        evaluate = evaluate_parameters(self.compiled.logp_func, self.begin)
        modes = find_modes(evaluate, self.begin, derive_seed(seed, "modes"))
        return self.compiled.with_data(**modes[0].arrow.as_data()), modes


def compile_whitened(model: pm.Model, saved: list[str], of_items: tuple[str, ...]) -> Whitened:
    """Compile a model over the coordinates of an arrow; other coordinates need no new compilation.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters.
    saved : list of str
        Variables to keep.
    of_items : tuple of str
        Unconstrained variables with one number an item; those that the model lacks do not matter.
    """
    begin = begin_arrow(model, [name for name in of_items if name in model.named_vars])
    return Whitened(compile_model(whiten(model, saved, begin), [*saved, "raw"], set()), begin)


def fit_whitened(
    model: pm.Model,
    sampler: SamplerSpec,
    *,
    of_items: tuple[str, ...],
    saved: list[str],
    name: str,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Find the modes, sample from all of them, and go on until the gates are passed.

    A fit that is only too short goes on from where its chains stand. A fit with divergences begins again with
    smaller steps.

    Parameters
    ----------
    model, of_items, saved
        As in ``compile_whitened``.
    sampler : SamplerSpec
        Draws and warm-up of each chain. A fit that goes on adds as many draws again.
    name : str
        What is fitted, for messages.
    seed, cores, progress
        See ``analysis.fitting.fit.Settings``.

    Returns
    -------
    xr.DataTree
        As ``analysis.fitting.fit.fit_ideal_points``; the attribute ``modes`` counts the modes found.

    Raises
    ------
    ConvergenceError
        If every attempt misses a gate.
    """
    shaped, modes = compile_whitened(model, saved, of_items).find_modes(seed)
    attempt, kept, starts = sampler, None, place_chains(modes, sampler.chains, seed)
    for number in range(ATTEMPTS):
        further = {"seed": derive_seed(seed, "chains", number), "cores": cores, "progress": progress}
        drawn = run_chains(shaped, attempt, starts, saved, **further)
        kept = drawn if kept is None else append_draws(kept, drawn)
        posterior = kept["posterior"].dataset.drop_vars("raw")
        idata = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": kept["sample_stats"].dataset})
        idata.attrs = {"model": model.str_repr(), "modes": len(modes)}
        try:
            return gate(idata, name, attempt, cores)
        except ConvergenceError as error:
            failure = error
        if failure.figures["divergences"]:
            attempt, kept = attempt.step_smaller(), None
            starts = place_chains(modes, sampler.chains, derive_seed(seed, "starts", number))
        else:
            starts = kept["posterior"]["raw"].isel(draw=-1).values
    raise failure
