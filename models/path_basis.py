"""Coordinates of a random walk in which its posterior is nearly round, whatever its scale.

Each state's path is written in the basis that makes both its prior (tridiagonal) and what its votes say
(diagonal) diagonal at once. In it the conditional posterior given the walk's scale has a known mean and
spread, component by component: slow components are known from the votes, fast ones from the walk. Sampled is
what is left when both are taken out.
"""

from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key


class PathBasis(NamedTuple):
    """Basis of every path; components and positions are counted path by path.

    Attributes
    ----------
    vector : np.ndarray
        (sum of squared lengths,), float: matrix (position, component) of each path, one after another.
    offset : np.ndarray
        (path + 1,), int32: components of path i are ``offset[i]`` to ``offset[i + 1]`` (excluded).
    roughness : np.ndarray
        (component,), float >= 0: prior precision of a component where the walk's step has sd 1.
    estimate : np.ndarray
        (component,), float: the component as the votes alone have it, with precision 1.
    information : np.ndarray
        (position,), float > 0: precision with which the votes alone know each position.
    """

    vector: np.ndarray
    offset: np.ndarray
    roughness: np.ndarray
    estimate: np.ndarray
    information: np.ndarray


def compute_path_basis(
    estimate: np.ndarray, information: np.ndarray, elapsed: np.ndarray, offset: np.ndarray
) -> PathBasis:
    """Basis in which prior and information of every path are diagonal.

    Parameters
    ----------
    estimate, information : np.ndarray
        (position,), path by path: what the votes say of each position, and with what precision (> 0).
    elapsed : np.ndarray
        (position,), > 0: time since the path's previous position; not read at a path's first.
    offset : np.ndarray
        (path + 1,), int: where each path begins.

    Returns
    -------
    PathBasis
    """
    vectors, roughness, component = [], [], []
    for begin, end in pairwise(offset):
        root = np.sqrt(information[begin:end])
        link = 1 / elapsed[begin + 1 : end]
        precision = (
            np.diag(np.append(link, 0.0) + np.append(0.0, link)) - np.diag(link, 1) - np.diag(link, -1)
        )
        value, vector = np.linalg.eigh(precision / np.outer(root, root))
        vectors.append((vector / root[:, None]).ravel())
        roughness.append(np.maximum(value, 0.0))
        component.append(vector.T @ (root * estimate[begin:end]))
    return PathBasis(
        np.concatenate(vectors),
        offset.astype(np.int32),
        np.concatenate(roughness),
        np.concatenate(component),
        information,
    )


def unwhiten_paths(whitened, step_sd, shift, basis: PathBasis):
    """Positions from whitened components.

    Parameters
    ----------
    whitened : vector (component,)
        Roughly standard normal and independent of ``step_sd`` under the posterior.
    step_sd : vector (component,)
        Standard deviation of a step of the component's path.
    shift : vector (position,)
        How far what the votes alone say of each position has moved from the estimate of the basis.
    basis : PathBasis
        Of arrays or tensors.

    Returns
    -------
    position : vector (position,)
        Path by path.
    log_jacobian : scalar
        Of the map from ``whitened`` to ``position``, up to a constant.
    """
    precision = 1 + basis.roughness / step_sd**2
    estimate = basis.estimate + MapPaths(transposed=True)(
        basis.information * shift, basis.vector, basis.offset
    )
    component = estimate / precision + whitened / pt.sqrt(precision)
    position = MapPaths(transposed=False)(component, basis.vector, basis.offset)
    return position, -0.5 * pt.log(precision).sum()


def whiten_paths(position: np.ndarray, step_sd: np.ndarray, basis: PathBasis) -> np.ndarray:
    """Whitened components (component,) of given positions; ``step_sd`` path by path, and no shift."""
    component, at = [], 0
    for begin, end in pairwise(basis.offset):
        size = end - begin
        matrix = basis.vector[at : at + size**2].reshape(size, size)
        component.append(np.linalg.solve(matrix, position[begin:end]))
        at += size**2
    precision = 1 + basis.roughness / np.repeat(step_sd, np.diff(basis.offset)) ** 2
    return (np.concatenate(component) - basis.estimate / precision) * np.sqrt(precision)


def weigh_scales(basis: PathBasis, step_sd: np.ndarray, spread: float) -> np.ndarray:
    """Share (path,) of what is known of a path's log step sd that its own votes say, 0 to 1.

    The rest comes from the other states, whose log step sds spread by ``spread``.
    """
    share = 1 / (1 + basis.roughness / np.repeat(step_sd, np.diff(basis.offset)) ** 2)
    information = np.add.reduceat(2 * share**2, basis.offset[:-1])
    return information / (information + spread**-2.0)


@numba.njit(fastmath={"contract", "nsz", "reassoc"}, error_model="numpy", cache=True)
def map_paths(component, vector, offset):
    """Each path's matrix times its components."""
    out = np.empty_like(component)
    at = 0
    for path in range(offset.shape[0] - 1):
        begin, end = offset[path], offset[path + 1]
        for row in range(begin, end):
            total = 0.0
            for k in range(end - begin):
                total += vector[at + k] * component[begin + k]
            out[row] = total
            at += end - begin
    return out


@numba.njit(fastmath={"contract", "nsz", "reassoc"}, error_model="numpy", cache=True)
def map_paths_transposed(position, vector, offset):
    """Each path's transposed matrix times its positions."""
    out = np.zeros_like(position)
    at = 0
    for path in range(offset.shape[0] - 1):
        begin, end = offset[path], offset[path + 1]
        for row in range(begin, end):
            value = position[row]
            for k in range(end - begin):
                out[begin + k] += vector[at + k] * value
            at += end - begin
    return out


class MapPaths(Op):
    """Block-diagonal linear map; inputs are a vector, ``PathBasis.vector`` and ``PathBasis.offset``."""

    __props__ = ("transposed",)

    def __init__(self, transposed):
        self.transposed = transposed

    def make_node(self, values, vector, offset):
        """Check the types that the compiled code relies on."""
        values, vector, offset = map(pt.as_tensor, (values, vector, offset))
        if (values.type.dtype, vector.type.dtype, offset.type.dtype) != ("float64", "float64", "int32"):
            raise TypeError(
                f"float64, float64, int32 needed; got {values.type}, {vector.type}, {offset.type}"
            )
        return Apply(self, [values, vector, offset], [values.type()])

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        run = map_paths_transposed if self.transposed else map_paths
        output_storage[0][0] = run(*map(np.ascontiguousarray, inputs))

    def infer_shape(self, node, input_shapes):
        """State that the shape stays."""
        return [input_shapes[0]]

    def connection_pattern(self, node):
        """The basis is data."""
        return [[True], [False], [False]]

    def pullback(self, inputs, outputs, cotangents):
        """Apply the transposed map."""
        back = MapPaths(not self.transposed)(cotangents[0], *inputs[1:])
        return [back, disconnected_type(), disconnected_type()]


@register_funcify_default_op_cache_key(MapPaths)
def numba_funcify_map_paths(op, node, **kwargs):
    """Numba form of the Op."""
    run = map_paths_transposed if op.transposed else map_paths

    @numba_njit(fastmath=False)
    def apply_paths(values, vector, offset):
        return run(np.ascontiguousarray(values), np.ascontiguousarray(vector), np.ascontiguousarray(offset))

    return apply_paths, 1
