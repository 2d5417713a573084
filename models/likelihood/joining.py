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
from models.likelihood.joining_numba import evaluate_at_positions, evaluate_joining
from models.likelihood.link import CAUCHIT_SCALE, PROBIT_SCALE, cdf
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES

JOINING = fuse_likelihood(
    "joining",
    evaluate_joining,
    {"eta": pt.dmatrix, "state_sd": pt.dscalar},
    {"joined": None, "included": None, "node": None, "weight": None},
)

LOWEST_PROBIT = -37.0
"""Normal quantile below which the probability underflows; logs are cut off there."""


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
    node, weight = _quadrature(state_sd)
    eta, state_sd = (pt.cast(x, "float64") for x in (eta, 0.0 if state_sd is None else state_sd))
    return JOINING(eta, state_sd, joined, included, node, weight)[0]


def log_cdf_graph(link: str, eta):
    """``models.likelihood.link.log_cdf`` as a PyTensor graph."""
    if link == "logit":
        return -pt.softplus(-eta)
    if link == "probit":
        return pt.log(0.5 * pt.erfc(-pt.maximum(PROBIT_SCALE * eta, LOWEST_PROBIT) / np.sqrt(2)))
    return pt.log(pt.arctan2(1.0, -CAUCHIT_SCALE * eta) / np.pi)


def log_likelihood_at(
    position, predictor, alignment_slope, state_sd, joined, included, *, link="logit"
) -> np.ndarray:
    """Log likelihood of who joined if states stood at given positions, for many draws of the parameters.

    Parameters
    ----------
    position : np.ndarray
        (case, state), float: alignment, centred within each case.
    predictor : np.ndarray
        (draw, case, state), float: linear predictor without alignment and state effects, logits.
    alignment_slope : np.ndarray
        (draw, case), float, logits per standard deviation.
    state_sd : np.ndarray or None
        (draw,), float: standard deviation of the state effects, logits. None: no state effects.
    joined, included, link
        As in ``joining_logp``.

    Returns
    -------
    np.ndarray
        (draw,): what ``joining_logp`` gives for each draw.
    """
    node, weight = _quadrature(state_sd)
    state_sd = np.zeros(len(predictor)) if state_sd is None else state_sd
    if link == "logit":
        draws = predictor, alignment_slope, state_sd
        return evaluate_at_positions(
            *map(np.ascontiguousarray, draws), position, joined, included, node, weight
        )
    sign = 2 * joined - 1
    eta = sign * (predictor + alignment_slope[:, :, None] * position)
    likelihood = np.zeros(eta[:, 0].shape)
    for at, share in zip(node, weight, strict=True):
        answered = cdf(link, eta + sign * (at * state_sd)[:, None, None])
        likelihood += share * np.where(included == 1, answered, 1.0).prod(1)
    return np.log(np.maximum(likelihood, np.finfo(float).tiny)).sum(1)


def _quadrature(state_sd) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the state effect; a single node if there is none."""
    return (np.zeros(1), np.ones(1)) if state_sd is None else (STATE_NODES, np.exp(STATE_LOG_WEIGHTS))
