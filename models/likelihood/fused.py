"""Kernels as PyTensor Ops: one compiled call that gives a value and all of its gradients."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.tensor.type import TensorType

from models.likelihood.source import hash_sources


class Output(NamedTuple):
    """An output of a kernel, float64, with the shape of some axes of the input ``like``."""

    like: str
    axes: slice = slice(None)


NO_AXES = slice(0)


class FusedOp(Op):
    """A kernel as an Op.

    Parameters
    ----------
    name : str
        Unique among these Ops: part of the key of cached machine code.
    kernel : callable
        Compiled by ``models.likelihood.source.kernel``. It takes the inputs and returns the outputs in order,
        scalars as numbers.
    inputs : dict of str to TensorType or None
        The type that each input must have; None accepts any.
    outputs : tuple of Output
    n_parameter : int
        How many of the inputs, the first ones, can be differentiated; the others are data.
    pull_back : callable, optional
        Takes inputs, outputs and cotangents; returns the gradients by the parameters. Default: the Op has no
        gradient.
    contiguous : bool
        Whether compiled code makes arrays C-contiguous before the call. The layout decides how LLVM
        vectorises a kernel's sums, and so their last digit.
    """

    __props__ = ("name",)

    def __init__(
        self,
        name: str,
        kernel: Callable,
        inputs: dict[str, TensorType | None],
        outputs: tuple[Output, ...],
        n_parameter: int,
        pull_back: Callable | None = None,
        contiguous: bool = True,
    ):
        self.name, self.kernel, self.inputs, self.outputs = name, kernel, inputs, outputs
        self.n_parameter, self.pull_back, self.contiguous = n_parameter, pull_back, contiguous

    def make_node(self, *inputs):
        """Check the types that the compiled code relies on."""
        inputs = dict(zip(self.inputs, map(pt.as_tensor, inputs), strict=True))
        for name, wanted in self.inputs.items():
            given = inputs[name].type
            if wanted is not None and (given.dtype, given.ndim) != (wanted.dtype, wanted.ndim):
                raise TypeError(
                    f"{self.name}: {name} must be {wanted.dtype} with {wanted.ndim} dimension(s); got {given}"
                )
        outputs = []
        for like, axes in self.outputs:
            given = inputs[like].type
            shape = (None,) * len(given.shape[axes])
            outputs.append(given() if len(shape) == given.ndim else pt.tensor(dtype="float64", shape=shape))
        return Apply(self, list(inputs.values()), outputs)

    def perform(self, node, inputs, output_storage):
        """Call the kernel from Python."""
        results = self.kernel(*(np.ascontiguousarray(x) if np.ndim(x) else x.item() for x in inputs))
        for storage, result in zip(
            output_storage, results if len(self.outputs) > 1 else (results,), strict=True
        ):
            storage[0] = np.asarray(result)

    def infer_shape(self, node, input_shapes):
        """Take the shapes from the inputs."""
        shapes = dict(zip(self.inputs, input_shapes, strict=True))
        return [shapes[like][axes] for like, axes in self.outputs]

    def connection_pattern(self, node):
        """Connect parameters to all outputs, data to none."""
        return [[place < self.n_parameter] * len(self.outputs) for place in range(len(self.inputs))]

    def pullback(self, inputs, outputs, cotangents):
        """Give the gradients by the parameters."""
        if self.pull_back is None:
            raise NotImplementedError(
                f"{self.name} has no derivatives: for second ones use implementation='graph'"
            )
        gradients = self.pull_back(inputs, outputs, cotangents)
        return [*gradients, *(disconnected_type() for _ in inputs[self.n_parameter :])]

    def pushforward(self, inputs, outputs, tangents):
        """Refuse forward mode."""
        raise NotImplementedError(
            f"{self.name} has no forward mode (pushforward); use implementation='graph'"
        )


def fuse_likelihood(
    name: str, kernel: Callable, parameters: dict[str, TensorType], data: dict[str, TensorType | None]
) -> FusedOp:
    """Make an Op of a likelihood: its first output is the value, the others are the gradients.

    Parameters
    ----------
    name : str
        As in ``FusedOp``.
    kernel : callable
        Returns the value, then its gradient by each parameter.
    parameters, data : dict of str to TensorType or None
        Inputs of the kernel: parameters first. Only the first output may be differentiated.
    """

    def scale_gradients(inputs, outputs, cotangents):
        if any(not isinstance(cotangent.type, DisconnectedType) for cotangent in cotangents[1:]):
            raise NotImplementedError(
                f"{name} has first derivatives only; for second derivatives use implementation='graph'"
            )
        return [cotangents[0] * gradient for gradient in outputs[1:]]

    outputs = (Output(next(iter(parameters)), NO_AXES), *map(Output, parameters))
    return FusedOp(name, kernel, parameters | data, outputs, len(parameters), scale_gradients)


@register_funcify_default_op_cache_key(FusedOp)
def numba_funcify_fused(op, node, **kwargs):
    """Write the call of the kernel for numba; the hash renews cached code when a source file changes."""
    given, found = (
        [f"{letter}{k}" for k in range(n)]
        for letter, n in (("x", len(node.inputs)), ("y", len(node.outputs)))
    )
    arguments = [
        f"{x}.item()" if variable.ndim == 0 else f"np.ascontiguousarray({x})" if op.contiguous else x
        for x, variable in zip(given, node.inputs, strict=True)
    ]
    returned = [
        y if variable.ndim else f"np.asarray({y})" for y, variable in zip(found, node.outputs, strict=True)
    ]
    text = (
        f"def call({', '.join(given)}):\n"
        f"    {', '.join(found)} = kernel({', '.join(arguments)})\n"
        f"    return {', '.join(returned)}\n"
    )
    scope = {"np": np, "kernel": op.kernel}
    exec(text, scope)
    source = hash_sources(__file__, op.kernel.py_func.__code__.co_filename)
    return numba_njit(fastmath=False)(scope["call"]), source
