"""Coordinates in which a posterior is nearly a standard normal, learnt from a pilot fit.

A model that is fitted a thousand times to slightly different data has nearly the same posterior each time. In
coordinates shifted and scaled by mean and covariance of one fit the sampler needs little warm-up and takes
large steps. The posterior does not depend on the coordinates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.graph.replace import graph_replace

from models.likelihood.fused import FusedOp, Output
from models.likelihood.source import kernel

LOOPS = kernel("contract", "nsz", "reassoc")


@LOOPS
def move_point(raw, shift, factor):
    """Parameters (parameter,) from coordinates: ``shift + factor @ raw``."""
    found = np.empty(shift.shape)
    for row in range(factor.shape[0]):
        total = shift[row]
        for column in range(factor.shape[1]):
            total += factor[row, column] * raw[column]
        found[row] = total
    return found


@LOOPS
def pull_back(by_parameter, raw, factor):
    """Gradient by the coordinates, given the gradient by the parameters."""
    by_raw = np.zeros(raw.shape)
    for row in range(factor.shape[0]):
        pull = by_parameter[row]
        for column in range(factor.shape[1]):
            by_raw[column] += factor[row, column] * pull
    return by_raw


# Loops, since compiling calls of BLAS takes as long as compiling the rest of a model of stage 2.
PULL_BACK = FusedOp(
    "precondition_pullback",
    pull_back,
    {"by_parameter": pt.dvector, "raw": pt.dvector, "factor": pt.dmatrix},
    (Output("raw"),),
    1,
)
MOVE = FusedOp(
    "precondition",
    move_point,
    {"raw": pt.dvector, "shift": pt.dvector, "factor": pt.dmatrix},
    (Output("shift"),),
    1,
    lambda inputs, outputs, cotangents: [PULL_BACK(cotangents[0], inputs[0], inputs[2])],
)


@dataclass(frozen=True)
class Coordinates:
    """Mean and covariance of a posterior on the unconstrained scale.

    Attributes
    ----------
    shift : np.ndarray
        (parameter,), float: mean.
    factor : np.ndarray
        (parameter, parameter), float: ``factor @ factor.T`` is the covariance.
    """

    shift: np.ndarray
    factor: np.ndarray


def learn_coordinates(draws: np.ndarray) -> Coordinates:
    """Learn coordinates from draws (draw, parameter): mean and Cholesky factor of the covariance."""
    return Coordinates(draws.mean(0), np.linalg.cholesky(np.cov(draws.T)))


def fold(draws: np.ndarray, model: pm.Model, mirrored: dict[str, str]) -> np.ndarray:
    """Move draws to one side of each mirror symmetry, so that mean and covariance describe one mode.

    Parameters
    ----------
    draws : np.ndarray
        (draw, parameter), unconstrained, in the order of ``model.value_vars``.
    model : pm.Model
    mirrored : dict of str to str
        Scalar variable -> variable that changes sign with it; the density is then the same. Variables that
        the model does not have are ignored.

    Returns
    -------
    np.ndarray
        (draw, parameter): equally valid draws of the posterior.
    """
    places = flatten_start(model)[1]
    folded = draws.copy()
    for scalar, partner in mirrored.items():
        if scalar in places:
            side = np.where(draws[:, places[scalar]] < 0, -1.0, 1.0)
            for name in {scalar, partner} & places.keys():
                folded[:, places[name]] *= side
    return folded


def flatten_start(model: pm.Model) -> tuple[np.ndarray, dict[str, slice]]:
    """Return where a model begins as one vector of its unconstrained parameters, and the place of each in it.

    Returns
    -------
    start : np.ndarray
        (parameter,), float, in the order of ``model.value_vars``.
    places : dict of str to slice
        Unconstrained variable -> its part of the vector.
    """
    point = model.initial_point()
    parts = {value.name: np.ravel(point[value.name]) for value in model.value_vars}
    ends = np.cumsum([0, *(part.size for part in parts.values())])
    places = {name: slice(a, b) for name, a, b in zip(parts, ends[:-1], ends[1:], strict=True)}
    return np.concatenate(list(parts.values())), places


def move(raw, to: Coordinates):
    """Compute parameters from coordinates; shift and factor become data of the model in context."""
    return MOVE(raw, pm.Data("shift", to.shift), pm.Data("factor", to.factor))


def precondition(model: pm.Model, saved: list[str]) -> pm.Model:
    """Rewrite a model over one vector ``raw``: its unconstrained parameters are ``shift + factor @ raw``.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters. Its data keep their names.
    saved : list of str
        Variables to keep as deterministics.

    Returns
    -------
    pm.Model
        With the data ``shift`` (parameter,), initially 0, and ``factor`` (parameter, parameter), initially
        the identity; the deterministic ``unconstrained`` (parameter,); and ``saved``.
    """
    n = flatten_start(model)[0].size
    return rewrite(model, saved, lambda raw: move(raw, Coordinates(np.zeros(n), np.eye(n))))


def rewrite(model: pm.Model, saved: list[str], move: Callable) -> pm.Model:
    """Rewrite a model over one vector ``raw`` (parameter,), from which ``move`` makes its parameters.

    Returns
    -------
    pm.Model
        With the deterministic ``unconstrained`` (parameter,), in the order of the model's own parameters, and
        ``saved``.
    """
    n = flatten_start(model)[0].size
    coords = dict(model.coords) | {"parameter": np.arange(n)}
    with pm.Model(coords=coords, check_bounds=model.check_bounds) as moved:
        raw = pm.Flat("raw", dims="parameter", initval=np.zeros(n))
        flat = pm.Deterministic("unconstrained", move(raw), dims="parameter")
        logp, kept = express(model, flat, saved)
        pm.Potential("posterior", logp)
        for name, value in kept.items():
            pm.Deterministic(name, value, dims=model.named_vars_to_dims.get(name))
    return moved


def split_vector(flat, values: list, shapes: list[tuple[int, ...]]) -> dict:
    """Split one vector into parameters. The layout is data, so other shapes need no new compilation.

    Parameters
    ----------
    flat : vector (parameter,)
    values : list of TensorVariable
        Parameters, in their order in the vector.
    shapes : list of tuple of int
        Their shapes.

    Returns
    -------
    dict of TensorVariable to TensorVariable
    """
    lengths = pytensor.shared(np.array([math.prod(shape) for shape in shapes]), name="parameter_lengths")
    parts = pt.split(flat, lengths, n_splits=len(shapes)) if len(shapes) > 1 else [flat]
    found = {}
    for value, part, shape in zip(values, parts, shapes, strict=True):
        if value.ndim > 1:
            sizes = pytensor.shared(np.array(shape), name=f"{value.name}_shape")
            part = part.reshape([sizes[axis] for axis in range(value.ndim)], ndim=value.ndim)
        found[value] = part.squeeze(0) if value.ndim == 0 else part
    return found


def express(model: pm.Model, flat, saved: list[str], given: dict | None = None) -> tuple:
    """Express log density and variables of a model by one vector of its unconstrained parameters.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters.
    flat : vector (parameter,)
        The parameters in the order of ``model.value_vars``.
    saved : list of str
        Names of the variables.
    given : dict, optional
        Variables of the model, such as its data -> their replacements.

    Returns
    -------
    logp : scalar
    variables : dict of str to tensor
    """
    start = model.initial_point()
    parts = split_vector(flat, model.value_vars, [start[value.name].shape for value in model.value_vars])
    replaced = {value: value.type.filter_variable(part) for value, part in parts.items()}
    wanted = model.replace_rvs_by_values([model[name] for name in saved])
    logp, *kept = graph_replace([model.logp(), *wanted], replaced | (given or {}), strict=False)
    return logp, dict(zip(saved, kept, strict=True))
