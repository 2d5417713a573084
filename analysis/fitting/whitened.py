"""Fit a model of items and states in coordinates from its own Hessian, with chains that start apart."""

from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.chains import sample_to_gates
from analysis.fitting.compile import compile_model
from analysis.fitting.modes import Mode, find_modes, place_chains
from analysis.variants.sampler import SamplerSpec, derive_seed
from models.coordinates.arrow import Arrow, Places, begin_arrow, evaluate_parameters, whiten


class Whitened(NamedTuple):
    """A model compiled over the coordinates of an arrow.

    Attributes
    ----------
    compiled : CompiledModel
        Takes other coordinates as data.
    begin : Arrow
        The coordinates that it was compiled with: the parameters themselves.
    lowest : np.ndarray
        (parameter,): lowest values of a climb; see ``models.coordinates.arrow.Places``.
    """

    compiled: CompiledModel
    begin: Arrow
    lowest: np.ndarray

    def find_modes(self, seed: int) -> tuple[CompiledModel, list[Mode]]:
        """Find the modes, and return the model in coordinates from the heaviest one, and all of them."""
        evaluate = evaluate_parameters(self.compiled.logp_func, self.begin)
        modes = find_modes(evaluate, self.begin, derive_seed(seed, "modes"), self.lowest)
        return self.compiled.with_data(**modes[0].arrow.as_data()), modes


def compile_whitened(model: pm.Model, saved: list[str], places: Places) -> Whitened:
    """Compile a model over the coordinates of an arrow; other coordinates need no new compilation.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters.
    saved : list of str
        Variables to keep.
    places : Places
        Items and scales of the model; see ``models.coordinates.arrow.find_places``.
    """
    begin = begin_arrow(model, places.items)
    return Whitened(compile_model(whiten(model, saved, begin), saved, set()), begin, places.lowest)


def fit_whitened(
    model: pm.Model,
    sampler: SamplerSpec,
    *,
    places: Places,
    saved: list[str],
    name: str,
    seed: int,
    **settings: Any,
) -> xr.DataTree:
    """Find the modes, start chains apart about all of them, and sample until the gates are passed.

    Parameters
    ----------
    model, places, saved
        As in ``compile_whitened``.
    sampler : SamplerSpec
        Draws and warm-up of each chain at the first attempt.
    name : str
        What is fitted, for messages.
    seed : int
        Seed of the search, of the starts and of the chains.
    **settings
        ``cores`` and ``progress`` of ``analysis.fitting.fit.Settings``.

    Returns
    -------
    xr.DataTree
        As ``analysis.fitting.fit.fit_ideal_points``; the attribute ``modes`` counts the modes found.

    Raises
    ------
    ConvergenceError
        If every attempt misses a gate.
    """
    shaped, modes = compile_whitened(model, saved, places).find_modes(seed)

    def place(seed: int):
        return place_chains(modes, sampler.chains, seed)

    idata = sample_to_gates(
        shaped, sampler, place, saved, name=name, text=model.str_repr(), seed=seed, **settings
    )
    idata.attrs["modes"] = len(modes)
    return idata
