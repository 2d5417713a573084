"""Compiled models, each kept for the next one that differs in its data alone."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import nutpie
import pandas as pd
import pymc as pm
import pytensor
from nutpie.sample import CompiledModel
from pymc.initial_point import make_initial_point_fn
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import equal_computations
from pytensor.graph.traversal import graph_inputs

# With fast-math, code compiled afresh and code loaded from the cache differ in the last digits, and a
# chain turns that into other draws: the same seed would not give the same result.
pytensor.config.numba__fastmath = False

KEPT = 24
"""Compiled models kept in a process, the latest used; each takes some ten megabytes."""


@dataclass(frozen=True)
class _Kept:
    graph: list
    inputs: list
    shapes: list[tuple]
    compiled: CompiledModel


_kept: list[_Kept] = []


def compile_model(model: pm.Model, saved: list[str], jitter_rvs: set | None = None) -> CompiledModel:
    """Compile a model for nutpie, or take code compiled before if only the data are others.

    Compiling takes several times longer than many a fit. Prior numbers are data (``models.numbers``), so
    that all variants of a prior share their code. What is taken gives the very draws that a compilation
    afresh would: chains begin where this model says.

    Parameters
    ----------
    model : pm.Model
        Of continuous variables.
    saved : list of str
        Variables to keep in the trace.
    jitter_rvs : set, optional
        Free variables that begin by chance around their starting value. Otherwise those for which the model
        says nothing: jitter would drown what its own starting values say.

    Returns
    -------
    CompiledModel
    """
    if jitter_rvs is None:
        jitter_rvs = {rv for rv in model.free_RVs if model.rvs_to_initial_values[rv] is None}
    graph = [
        model.logp(),
        *model.replace_rvs_by_values([rv for rv in model.deterministics if rv.name in saved]),
    ]
    data = {v.name: v for v in graph_inputs(graph) if isinstance(v, SharedVariable)}
    inputs = [*model.value_vars, *(data[name] for name in sorted(data))]
    shapes = [
        tuple(saved),
        *((name, np.shape(value)) for name, value in model.initial_point().items()),
        *((name, data[name].get_value().shape) for name in sorted(data)),
    ]
    for place, kept in enumerate(_kept):
        if kept.shapes == shapes and equal_computations(graph, kept.graph, inputs, kept.inputs):
            _kept.append(_kept.pop(place))
            # Lengths of dims are shared variables too, and are gone from the compiled code.
            known = {variable.name for variable in kept.compiled.shared_var_keys}
            reused = kept.compiled.with_data(**{name: data[name].get_value() for name in known})
            return replace(
                reused,
                initial_point_func=_start(model, jitter_rvs),
                _coords=kept.compiled.coords
                | {name: pd.Index(values) for name, values in model.coords.items() if values is not None},
            )
    compiled = nutpie.compile_pymc_model(model, var_names=saved, jitter_rvs=jitter_rvs)
    _kept.append(_Kept(graph, inputs, shapes, compiled))
    del _kept[:-KEPT]
    return compiled


def _start(model: pm.Model, jitter_rvs: set) -> Callable[[int | None], np.ndarray]:
    """Starting point of a chain as one vector, by seed: what nutpie makes of a model that it compiles."""
    point = make_initial_point_fn(model=model, jitter_rvs=jitter_rvs, return_transformed=True)
    names = [value.name for value in model.value_vars]
    lock = threading.Lock()

    def start(seed: int | None = None) -> np.ndarray:
        with lock:
            values = point(seed)
        return np.concatenate([np.ravel(values[name]) for name in names]).astype(float)

    return start
