"""Coordinates of random walks in which their posterior is nearly round, whatever the scale of their steps.

If the votes knew each position by itself, with a normal error, then a path would be normal given the scale of
its steps, with a tridiagonal precision matrix ``information + structure / step_sd**2 = L L'``. Sampled is
``L' (path - mean)``: standard normal, and independent of the scale, as far as the votes' errors are what was
assumed. They need not be: the density is that of the path itself, Jacobian included.
"""

from typing import NamedTuple

import numba
import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from models.likelihood.source import hash_source

SOURCE_HASH = hash_source(__file__)


class Walks(NamedTuple):
    """Where each position stands in its path, and what the votes say of it.

    Attributes
    ----------
    path_idx : np.ndarray
        (position,), int32: the path.
    previous_idx : np.ndarray
        (position,), int32: the path's position before, which has a lower number; -1 at its first.
    link : np.ndarray
        (position,), float: one over the time since the position before; 0 at a path's first.
    links : np.ndarray
        (position,), float: ``link`` of the position and of the one that follows it, added.
    information : np.ndarray
        (position,), float > 0: precision with which the votes alone know the position.
    estimate : np.ndarray
        (position,), float: where the votes alone put it.
    """

    path_idx: np.ndarray
    previous_idx: np.ndarray
    link: np.ndarray
    links: np.ndarray
    information: np.ndarray
    estimate: np.ndarray


def prepare_walks(
    path_idx: np.ndarray,
    previous_idx: np.ndarray,
    elapsed: np.ndarray,
    information: np.ndarray,
    estimate: np.ndarray,
) -> Walks:
    """Lay paths out; ``elapsed`` (position,) is the time since the position before, else as in ``Walks``."""
    moved = previous_idx >= 0
    link = np.zeros(len(elapsed))
    link[moved] = 1 / elapsed[moved]
    links = link + np.bincount(previous_idx[moved], link[moved], len(link))
    return Walks(path_idx.astype(np.int32), previous_idx.astype(np.int32), link, links, information, estimate)


def unwhiten_walks(whitened, precision, shift, walks: Walks):
    """Positions from whitened ones.

    Parameters
    ----------
    whitened : vector (position,)
        Roughly standard normal and independent of ``precision`` under the posterior.
    precision : vector (path,)
        One over the variance of a step of each path.
    shift : vector (position,)
        How far what the votes alone say of each position has moved from ``walks.estimate``.
    walks : Walks
        Of tensors.

    Returns
    -------
    position : vector (position,)
    log_jacobian : scalar
        Of the map from ``whitened`` to ``position``.
    """
    return UnwhitenWalks()(whitened, precision, shift, *walks)[:2]


def whiten_walks(position: np.ndarray, precision: np.ndarray, walks: Walks) -> np.ndarray:
    """Whitened positions (position,) of given ones, without a shift."""
    zero = np.zeros(len(position))
    _, _, root, below, mean = evaluate_walks(zero, precision, zero, *walks)
    whitened = root * position - mean
    moved = np.flatnonzero(walks.previous_idx >= 0)
    whitened[walks.previous_idx[moved]] += below[moved] * position[moved]
    return whitened


def weigh_scales(walks: Walks, step_sd: np.ndarray, spread: float) -> np.ndarray:
    """Share (path,) of what is known of a path's log step sd that its own votes say, 0 to 1.

    The rest comes from the other paths, whose log step sds spread by ``spread``.
    """
    share = np.empty(len(step_sd))
    for path, sd in enumerate(step_sd):
        own = np.flatnonzero(walks.path_idx == path)
        root, link = np.sqrt(walks.information[own]), walks.link[own][1:]
        structure = np.diag(walks.links[own]) - np.diag(link, 1) - np.diag(link, -1)
        # Where the path stands as a whole, its smoothest component, says nothing of its steps.
        roughness = np.linalg.eigvalsh(structure / np.outer(root, root))[1:]
        information = (2 / (1 + roughness / sd**2) ** 2).sum()
        share[path] = information / (information + spread**-2.0)
    return share


@numba.njit(error_model="numpy", cache=True)
def evaluate_walks(whitened, precision, shift, path_idx, previous_idx, link, links, information, estimate):
    """Positions, the log Jacobian, and what the gradient needs.

    Returns
    -------
    position, log_jacobian
    root, below
        (position,): L's diagonal, and its element in the column of the position before.
    mean
        (position,): L' times the mean path.
    """
    n = whitened.shape[0]
    root, below, mean, rest = np.empty(n), np.zeros(n), np.empty(n), np.empty(n)
    log_jacobian = 0.0
    for p in range(n):
        before, tau = previous_idx[p], precision[path_idx[p]]
        pivot = information[p] + tau * links[p]
        total = information[p] * (estimate[p] + shift[p])
        if before >= 0:
            below[p] = -tau * link[p] / root[before]
            pivot -= below[p] ** 2
            total -= below[p] * mean[before]
        root[p] = np.sqrt(pivot)
        mean[p] = total / root[p]
        rest[p] = mean[p] + whitened[p]
    for p in range(n - 1, -1, -1):
        log_jacobian -= np.log(root[p])
        rest[p] /= root[p]
        if previous_idx[p] >= 0:
            rest[previous_idx[p]] -= below[p] * rest[p]
    return rest, log_jacobian, root, below, mean


@numba.njit(error_model="numpy", cache=True)
def differentiate_walks(
    d_position,
    d_log_jacobian,
    position,
    root,
    below,
    mean,
    n_path,
    path_idx,
    previous_idx,
    link,
    links,
    information,
):
    """Gradients in whitened positions, precision and shift: ``evaluate_walks`` backwards."""
    n = position.shape[0]
    d_whitened, d_total, d_root, d_precision = np.empty(n), np.empty(n), np.empty(n), np.zeros(n_path)
    for p in range(n):
        before = previous_idx[p]
        rest = d_position[p]
        if before >= 0:
            rest -= below[p] * d_whitened[before]
        d_whitened[p] = rest / root[p]
        d_total[p] = d_whitened[p]
    for p in range(n - 1, -1, -1):
        d_total[p] /= root[p]
        if previous_idx[p] >= 0:
            d_total[previous_idx[p]] -= below[p] * d_total[p]
        d_root[p] = -position[p] * d_whitened[p] - d_total[p] * mean[p] - d_log_jacobian / root[p]
    for p in range(n - 1, -1, -1):
        before, path = previous_idx[p], path_idx[p]
        d_precision[path] += d_root[p] / (2 * root[p]) * links[p]
        if before >= 0:
            d_below = -position[p] * d_whitened[before] - d_total[p] * mean[before]
            d_below -= d_root[p] * below[p] / root[p]
            d_root[before] -= d_below * below[p] / root[before]
            d_precision[path] -= d_below * link[p] / root[before]
    return d_whitened, d_precision, d_total * information


class UnwhitenWalks(Op):
    """``evaluate_walks``; only its first two outputs may be differentiated."""

    __props__ = ()

    def make_node(self, whitened, precision, shift, *walks):
        """Check the types that the compiled code relies on."""
        inputs = [pt.as_tensor(x) for x in (whitened, precision, shift, *walks)]
        wanted = ["float64"] * 3 + ["int32"] * 2 + ["float64"] * 4
        if [x.type.dtype for x in inputs] != wanted:
            raise TypeError(f"{wanted} needed; got {[x.type for x in inputs]}")
        vector = inputs[0].type
        return Apply(self, inputs, [vector(), pt.dscalar(), vector(), vector(), vector()])

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        for storage, result in zip(output_storage, evaluate_walks(*inputs), strict=True):
            storage[0] = np.asarray(result)

    def infer_shape(self, node, input_shapes):
        """State that the shape stays."""
        vector = input_shapes[0]
        return [vector, (), vector, vector, vector]

    def connection_pattern(self, node):
        """What the votes say is data."""
        return [[True] * 5] * 3 + [[False] * 5] * 6

    def pullback(self, inputs, outputs, cotangents):
        """Reverse the recursions."""
        gradients = DifferentiateWalks()(
            *cotangents[:2], outputs[0], *outputs[2:], inputs[1].shape[0], *inputs[3:8]
        )
        return [*gradients, *(disconnected_type() for _ in inputs[3:])]


class DifferentiateWalks(Op):
    """``differentiate_walks``: the pullback of ``UnwhitenWalks``."""

    __props__ = ()

    def make_node(self, *inputs):
        """Take the inputs of ``differentiate_walks``."""
        return Apply(self, list(inputs), [pt.dvector(), pt.dvector(), pt.dvector()])

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        args = [x.item() if np.ndim(x) == 0 else np.ascontiguousarray(x) for x in inputs]
        for storage, result in zip(output_storage, differentiate_walks(*args), strict=True):
            storage[0] = result

    def infer_shape(self, node, input_shapes):
        """State the shapes of the inputs of ``UnwhitenWalks``."""
        return [input_shapes[0], (node.inputs[6],), input_shapes[0]]


@register_funcify_default_op_cache_key(UnwhitenWalks)
def numba_funcify_unwhiten_walks(op, node, **kwargs):
    """Numba form of the Op; the cached machine code is renewed when this file changes."""

    @numba_njit(fastmath=False)
    def unwhiten(whitened, precision, shift, path_idx, previous_idx, link, links, information, estimate):
        position, log_jacobian, root, below, mean = evaluate_walks(
            whitened, precision, shift, path_idx, previous_idx, link, links, information, estimate
        )
        return position, np.asarray(log_jacobian), root, below, mean

    return unwhiten, SOURCE_HASH


@register_funcify_default_op_cache_key(DifferentiateWalks)
def numba_funcify_differentiate_walks(op, node, **kwargs):
    """Numba form of the Op."""

    @numba_njit(fastmath=False)
    def differentiate(
        d_position, d_jacobian, position, root, below, mean, n_path, path, previous, link, links, information
    ):
        return differentiate_walks(
            d_position,
            d_jacobian.item(),
            position,
            root,
            below,
            mean,
            n_path.item(),
            path,
            previous,
            link,
            links,
            information,
        )

    return differentiate, SOURCE_HASH
