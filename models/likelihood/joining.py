"""Likelihood of joining with the state effects integrated out, as a fused Op or as a plain graph.

With a linear predictor ``eta`` for each state and coalition and ``z ~ Normal(0, 1)`` for each state,

    P(a state's answers) = E_z prod_c F(s_c (eta_c + state_sd z)),  s_c = 1 if it joined c, else -1

(a regression with one random intercept per state; F is the logistic, or another link). The fused form
computes the value and every gradient in one pass over the states. The graph is the reference that the fused
form is tested against.
"""

import numpy as np
import pytensor.tensor as pt

from models.likelihood.fused import fuse_likelihood
from models.likelihood.joining_numba import evaluate_joining
from models.likelihood.link import log_cdf_graph

JOINING = fuse_likelihood(
    "joining",
    evaluate_joining,
    {"eta": pt.dmatrix, "state_sd": pt.dscalar},
    {"joined": None, "included": None, "node": None, "weight": None},
)

# A multiple of 8, so that the loops over nodes fill vector instructions.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(16)
STATE_NODES = _NODES
"""Nodes of the Gauss-Hermite quadrature over a state effect, in standard deviations."""
STATE_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
"""Log of the nodes' weights, which sum to 1."""


def joining_logp(eta, state_sd, joined, included, *, implementation="fused", link="logit"):
    """Log likelihood of who joined.

    Parameters
    ----------
    eta : matrix (case, state)
        Linear predictor without the state effects, logits.
    state_sd : scalar or None
        Standard deviation of the state effects, logits, of either sign. None: no state effects.
    joined, included : matrix (case, state)
        0 or 1. A state does not count in cases in which it is not included.
    implementation : {"fused", "graph"}
        One pass for value and gradients (first derivatives only), or a plain PyTensor graph. Links other
        than the logit always use the graph.
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
    eta, state_sd = (pt.cast(x, "float64") for x in (eta, 0.0 if state_sd is None else state_sd))
    return JOINING(eta, state_sd, joined, included, node, weight)[0]
