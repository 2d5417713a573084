"""Likelihood of joining with the state effects integrated out: one function, as a fused Op or a plain graph.

With a linear predictor ``eta`` for each state and coalition and ``z ~ Normal(0, 1)`` for each state,

    P(what a state did) = E_z prod_c F(s_c (eta_c + state_sd z)),  s_c = 1 if it joined c, else -1

(a regression with one random intercept a state; F is the logistic, or another link). The fused form gives
the value and every gradient in one pass over the states; the graph is the reference that it is tested
against.
"""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from models.likelihood import joining_numba
from models.likelihood import votes_numba as graded_response_numba
from models.likelihood.link import log_cdf_graph
from models.likelihood.source import hash_source

SOURCE_HASH = hash_source(__file__, joining_numba.__file__, graded_response_numba.__file__)

# A multiple of 8: the loops over nodes then fill vector instructions.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
STATE_NODES = _NODES
"""Values of a state effect, in standard deviations, over which it is integrated (Gauss-Hermite)."""
STATE_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
"""Log of the nodes' prior probabilities."""


def joining_logp(eta, state_sd, joined, included, *, implementation="fused", link="logit"):
    """Log likelihood of who joined.

    Parameters
    ----------
    eta : matrix (case, state)
        Linear predictor without the state effects, logits.
    state_sd : scalar or None
        Standard deviation of the state effects, logits, of either sign; None: there are none.
    joined, included : matrix (case, state)
        0 or 1; what a state did in a case that it is not included in does not count.
    implementation : {"fused", "graph"}
        One pass for value and gradients (first derivatives only), or a plain PyTensor graph, which
        links other than the logit always take.
    link : {"logit", "probit", "cauchit"}
        See ``models.likelihood.link``.

    Returns
    -------
    scalar tensor
    """
    if implementation == "graph" or link != "logit":
        sign = 2 * joined - 1
        if state_sd is None:
            return (included * log_cdf_graph(link, sign * eta)).sum()
        at_node = eta[..., None] + state_sd * STATE_NODES
        answer = included[..., None] * log_cdf_graph(link, sign[..., None] * at_node)
        return pt.logsumexp(answer.sum(0) + STATE_LOG_WEIGHTS, axis=-1).sum()
    node, weight = (np.zeros(1), np.ones(1)) if state_sd is None else (STATE_NODES, np.exp(STATE_LOG_WEIGHTS))
    scale = pt.as_tensor(0.0 if state_sd is None else state_sd)
    return Joining()(eta, scale, joined, included, node, weight)[0]


class Joining(Op):
    """Value of the likelihood and its gradients by ``eta`` and ``state_sd``, as outputs of one call.

    Only the first output may be differentiated.
    """

    __props__ = ()

    def make_node(self, eta, state_sd, *data):
        """Check the ranks that the compiled code relies on."""
        eta, state_sd = pt.cast(eta, "float64"), pt.cast(state_sd, "float64")
        if eta.type.ndim != 2 or state_sd.type.ndim != 0:
            raise TypeError(f"eta must be a matrix and state_sd a scalar; got {eta.type} and {state_sd.type}")
        data = [pt.as_tensor(x) for x in data]
        return Apply(self, [eta, state_sd, *data], [pt.dscalar(), eta.type(), pt.dscalar()])

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        arrays = [np.ascontiguousarray(x) for x in inputs]
        results = joining_numba.evaluate_joining(arrays[0], float(inputs[1]), *arrays[2:])
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = np.asarray(result)

    def infer_shape(self, node, input_shapes):
        """State that the gradients have the shapes of the parameters."""
        return [(), *input_shapes[:2]]

    def connection_pattern(self, node):
        """Parameters are connected to all outputs, data to none."""
        return [[i < 2] * 3 for i in range(len(node.inputs))]

    def pullback(self, inputs, outputs, cotangents):
        """Scale the gradients that the call has returned already."""
        if any(not isinstance(c.type, DisconnectedType) for c in cotangents[1:]):
            raise NotImplementedError(
                "joining_logp has first derivatives only; for second ones use implementation='graph'"
            )
        scale = cotangents[0]
        return [scale * gradient for gradient in outputs[1:]] + [disconnected_type()] * (len(inputs) - 2)


@register_funcify_default_op_cache_key(Joining)
def numba_funcify_joining(op, node, **kwargs):
    """Numba form of the Op; the cached machine code is renewed when this file or a kernel changes."""

    @numba_njit(fastmath=False)
    def joining(eta, state_sd, joined, included, node, weight):
        value, d_eta, d_state_sd = joining_numba.evaluate_joining(
            np.ascontiguousarray(eta),
            state_sd.item(),
            np.ascontiguousarray(joined),
            np.ascontiguousarray(included),
            np.ascontiguousarray(node),
            np.ascontiguousarray(weight),
        )
        return np.asarray(value), d_eta, np.asarray(d_state_sd)

    return joining, SOURCE_HASH
