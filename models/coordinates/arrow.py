"""Coordinates from a model's own Hessian, for models with many items and a few hundred other parameters.

Given everything else, the parameters of one item do not depend on those of another. The Hessian of the log
density is then an arrow: a small block for each item, and beside the blocks the rows of the parameters that
all items share (states, regions, scales). Its Cholesky factor costs one small factor an item, and one factor
of what is left for the rest (the Schur complement). In coordinates scaled by it the posterior is nearly a
standard normal, and the sampler takes large steps. The map is linear and its numbers are fixed, so the
posterior does not change.

Source: Monnahan and others (2026), arXiv 2603.02437, on preconditioning from the Laplace approximation.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pymc.distributions.transforms import LogTransform

from models.coordinates.arrow_numba import gather, spread
from models.coordinates.precondition import flatten_start, rewrite
from models.likelihood.fused import FusedOp, Output

Gradient = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""Log density and its gradient (parameter,) at a point (parameter,)."""

STEP = 1e-4
"""Step of the differences of gradients, on the unconstrained scale."""
FLATTEST = 1e-2
"""Smallest curvature that is believed: where the Hessian says less, the prior's tails decide."""
FLATTEST_SHARED = 1.0
"""The same of parameters that all items share, items integrated out. Votes tell these to within 1 nearly
always. At the edge of a spike the curvature of a log scale is negative, and says nothing of its width:
chains would begin where the scale is ten thousand times too small, and never move."""
ROUNDING = 1e-10
"""Smallest curvature beside the largest one that differences of gradients can tell from 0."""

INPUTS = {
    "raw": pt.dvector,
    "centre": pt.dvector,
    "place": pt.lvector,
    "block": pt.dtensor3,
    "cross": pt.fmatrix,
    "rest": pt.dmatrix,
}
GATHER = FusedOp("arrow_pullback", gather, {"by_parameter": pt.dvector} | INPUTS, (Output("raw"),), 1)
SPREAD = FusedOp(
    "arrow",
    spread,
    INPUTS,
    (Output("raw"),),
    1,
    lambda inputs, outputs, cotangents: [GATHER(cotangents[0], *inputs)],
)


class Arrow(NamedTuple):
    """Coordinates: parameters are ``centre`` plus a linear map of ``raw``, items first.

    Attributes
    ----------
    centre : np.ndarray
        (parameter,), float: the joint mode, in the order of the model's unconstrained parameters.
    place : np.ndarray
        (parameter,), int: place, in that order, of each coordinate; items one after another, then the rest.
    block : np.ndarray
        (item, k, k), float: inverse transposed Cholesky factor of each item's own block.
    cross : np.ndarray
        (item * k, rest), float32: how far an item follows the other parameters.
    rest : np.ndarray
        (rest, rest), float: inverse transposed Cholesky factor of the Schur complement.
    """

    centre: np.ndarray
    place: np.ndarray
    block: np.ndarray
    cross: np.ndarray
    rest: np.ndarray

    def as_data(self) -> dict[str, np.ndarray]:
        """Return the arrays under the names that they have as data of the model."""
        return {f"arrow_{name}": value for name, value in self._asdict().items()}

    def move(self, raw: np.ndarray) -> np.ndarray:
        """Return the parameters (parameter,) at coordinates (parameter,)."""
        return spread(raw, *self)

    def evaluate(self, evaluate: Gradient) -> Gradient:
        """Return log density and gradient in these coordinates, given both by the parameters."""

        def moved(raw):
            value, by_parameter = evaluate(self.move(raw))
            return value, gather(by_parameter, raw, *self)

        return moved

    def locate(self, point: np.ndarray) -> np.ndarray:
        """Return the coordinates (parameter,) of parameters (parameter,): the inverse of the map."""
        n_item, size, _ = self.block.shape
        away = (point - self.centre)[self.place]
        items, rest = away[: n_item * size], away[n_item * size :]
        items = (items + self.cross @ rest).reshape(n_item, size, 1)
        solved = np.linalg.solve(self.block, items).ravel()
        return np.concatenate([solved, np.linalg.solve(self.rest, rest)])


class Places(NamedTuple):
    """What coordinates must know of a model's unconstrained parameters.

    Attributes
    ----------
    items : np.ndarray
        (item, k), int: places of the parameters of each item. Given all else, those of one item do not depend
        on those of another.
    lowest : np.ndarray
        (parameter,), float: lowest values in a search for modes, -inf for most. A density of effects and
        their common scale may have no bound where the scale goes to 0. That spike has no mass.
    """

    items: np.ndarray
    lowest: np.ndarray


def find_places(model: pm.Model, of_items: tuple[str, ...]) -> Places:
    """Find the items and the scales of a model.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters. Those with a logarithm are taken as standard deviations, which
        stay above a seventh of where they start.
    of_items : tuple of str
        Unconstrained variables (item,) with one number an item; those that the model lacks are left out.
    """
    start, places = flatten_start(model)
    items = [np.arange(start.size)[places[name]] for name in of_items if name in places]
    lowest = np.full(start.size, -np.inf)
    for rv, transform in model.rvs_to_transforms.items():
        if isinstance(transform, LogTransform):
            place = places[model.rvs_to_values[rv].name]
            lowest[place] = start[place] - 2
    return Places(np.stack(items, axis=-1), lowest)


def begin_arrow(model: pm.Model, items: np.ndarray) -> Arrow:
    """Return coordinates that are the parameters themselves, in the order in which an arrow takes them.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters.
    items : np.ndarray
        (item, k), int: see ``Places``.
    """
    centre, _ = flatten_start(model)
    rest = np.setdiff1d(np.arange(centre.size), items)
    return Arrow(
        centre,
        np.concatenate([items.ravel(), rest]),
        np.tile(np.eye(items.shape[1]), (len(items), 1, 1)),
        np.zeros((items.size, rest.size), np.float32),
        np.eye(rest.size),
    )


def whiten(model: pm.Model, saved: list[str], arrow: Arrow) -> pm.Model:
    """Rewrite a model over the coordinates ``raw`` of an arrow, whose arrays become data.

    Parameters
    ----------
    model : pm.Model
        Any model of continuous parameters. Its data keep their names.
    saved : list of str
        Variables to keep as deterministics.
    arrow : Arrow
        Coordinates to begin with; others need no new compilation.
    """

    def move(raw):
        data = {}
        for name, value in arrow.as_data().items():
            # pm.Data would widen the single precision of the largest array.
            data[name] = pytensor.shared(value, name=name)
            pm.modelcontext(None).register_data_var(data[name])
        return SPREAD(raw, *data.values())

    return rewrite(model, saved, move)


def evaluate_parameters(function: Callable, begin: Arrow) -> Gradient:
    """Make of a compiled log density with gradient, in the coordinates ``begin``, one by the parameters."""

    def evaluate(point):
        value, by_raw = function((point - begin.centre)[begin.place])
        by_parameter = np.empty_like(point)
        by_parameter[begin.place] = by_raw
        return float(value), by_parameter

    return evaluate


def learn_arrow(evaluate: Gradient, begin: Arrow, mode: np.ndarray) -> Arrow:
    """Measure the Hessian at a mode and turn it into coordinates.

    Parameters
    ----------
    evaluate : callable
        Log density and gradient by the parameters.
    begin : Arrow
        From ``begin_arrow``.
    mode : np.ndarray
        (parameter,): the mode.

    Returns
    -------
    Arrow
        Directions flatter than ``FLATTEST``, or ``FLATTEST_SHARED``, are taken as that flat.
    """
    n_item, size, _ = begin.block.shape
    n_rest, first = len(begin.rest), n_item * size

    def curve(moved: slice | int) -> np.ndarray:
        step = np.zeros(mode.size)
        step[begin.place[moved]] = STEP
        ahead, behind = (evaluate(mode + sign * step)[1] for sign in (1, -1))
        return ((behind - ahead) / (2 * STEP))[begin.place]

    # No item depends on another: one difference gives a column of every item's block at once.
    columns = [curve(slice(k, first, size))[:first].reshape(n_item, size) for k in range(size)]
    block = np.stack(columns, axis=-1)
    block = _make_positive((block + block.swapaxes(1, 2)) / 2, FLATTEST)
    shared = np.stack([curve(first + k) for k in range(n_rest)], axis=-1)
    beside = shared[:first].reshape(n_item, size, n_rest)
    follow = np.linalg.solve(block, beside)
    schur = (shared[first:] + shared[first:].T) / 2 - np.einsum("jar,jas->rs", beside, follow, optimize=True)
    return Arrow(
        mode,
        begin.place,
        _invert_transposed(block),
        follow.reshape(first, n_rest).astype(np.float32),
        _invert_transposed(_make_positive(schur, FLATTEST_SHARED)),
    )


def _make_positive(matrix: np.ndarray, flattest: float) -> np.ndarray:
    """Raise the eigenvalues of symmetric matrices (..., n, n) to the given value and above rounding."""
    value, vector = np.linalg.eigh(matrix)
    floor = np.maximum(flattest, ROUNDING * value[..., -1:])
    return (vector * np.maximum(value, floor)[..., None, :]) @ vector.swapaxes(-1, -2)


def _invert_transposed(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.inv(np.linalg.cholesky(matrix)).swapaxes(-1, -2).copy()
