"""Linear predictor of stage 2: one function, as a fused Op or a plain graph.

    eta_cs = intercept_c + x_cs' slope_c + region_effect_c[r_s] + sum_l has_level_lcs effect_cl

It is linear, so that its gradients need the data alone. As a graph it is a dozen small operations on arrays
of a few hundred numbers, which cost more in handling than in arithmetic; here they are one loop each way.
"""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from models.likelihood import predictor_numba
from models.likelihood.source import hash_source

SOURCE_HASH = hash_source(__file__, predictor_numba.__file__)
N_COEFFICIENT = 4
"""Kinds of coefficients: the first inputs of both Ops, and the outputs of the second."""


def linear_predictor(
    intercept,
    covariate_slope,
    region_effect,
    guarantee_effect,
    *,
    covariates,
    region_idx,
    has_level,
    implementation="fused",
):
    """Linear predictor of each state in each case, alignment and state effect left out.

    Parameters
    ----------
    intercept : vector (case,)
        Logits, like all coefficients.
    covariate_slope : matrix (case, covariate)
    region_effect : matrix (case, region)
    guarantee_effect : matrix (case, level)
    covariates : tensor (case, state, covariate)
    region_idx : int vector (state,)
    has_level : tensor (level, case, state)
        0 or 1, or a dose.
    implementation : {"fused", "graph"}
        The fused form has no gradient by the covariates; where those are unknowns, the graph is needed.

    Returns
    -------
    matrix (case, state)
    """
    if implementation == "graph":
        return (
            intercept[:, None]
            + (covariates * covariate_slope[:, None, :]).sum(-1)
            + region_effect[:, region_idx]
            + (has_level * guarantee_effect.T[:, :, None]).sum(0)
        )
    coefficients = (intercept, covariate_slope, region_effect, guarantee_effect)
    return Predictor()(*coefficients, covariates, region_idx, has_level)


class Predictor(Op):
    """The predictor from coefficients and data, in one pass."""

    __props__ = ()

    def make_node(self, *inputs):
        """Check the ranks that the compiled code relies on."""
        ranks = (1, 2, 2, 2, 3, 1, 3)
        inputs = [pt.as_tensor(x) for x in inputs]
        if tuple(x.type.ndim for x in inputs) != ranks:
            raise TypeError(f"inputs must have the ranks {ranks}; got {[x.type.ndim for x in inputs]}")
        return Apply(self, inputs, [pt.dmatrix()])

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        output_storage[0][0] = predictor_numba.predict(*inputs)

    def infer_shape(self, node, input_shapes):
        """Cases and states are those of the levels."""
        return [input_shapes[-1][1:]]

    def connection_pattern(self, node):
        """Coefficients are connected, data are not."""
        return [[i < N_COEFFICIENT] for i in range(len(node.inputs))]

    def pullback(self, inputs, outputs, cotangents):
        """Sum the cotangent over the states that share a coefficient."""
        data = inputs[N_COEFFICIENT:]
        gradients = PredictorPullback()(cotangents[0], *inputs)
        return [*gradients, *(disconnected_type() for _ in data)]


class PredictorPullback(Op):
    """Gradients by the coefficients, given that by the predictor; itself not differentiable."""

    __props__ = ()

    def make_node(self, cotangent, *inputs):
        """One gradient for each kind of coefficients."""
        coefficients = inputs[:N_COEFFICIENT]
        return Apply(self, [cotangent, *inputs], [x.type() for x in coefficients])

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        gradients = predictor_numba.pull_back(*inputs)
        for storage, gradient in zip(output_storage, gradients, strict=True):
            storage[0] = gradient

    def infer_shape(self, node, input_shapes):
        """Gradients have the shapes of the coefficients."""
        return input_shapes[1 : 1 + N_COEFFICIENT]

    def pullback(self, inputs, outputs, cotangents):
        """Refuse a second derivative, as the likelihood does."""
        raise NotImplementedError("second derivatives need implementation='graph'")


@register_funcify_default_op_cache_key(Predictor)
def numba_funcify_predictor(op, node, **kwargs):
    """Numba form; the cached machine code is renewed when this file or the loops change."""

    @numba_njit(fastmath=False)
    def predictor(*inputs):
        return predictor_numba.predict(*inputs)

    return predictor, SOURCE_HASH


@register_funcify_default_op_cache_key(PredictorPullback)
def numba_funcify_predictor_pullback(op, node, **kwargs):
    """Numba form, as above."""

    @numba_njit(fastmath=False)
    def pullback(*inputs):
        return predictor_numba.pull_back(*inputs)

    return pullback, SOURCE_HASH
