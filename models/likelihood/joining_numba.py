"""Kernel of the likelihood of joining: value and gradients in one pass over the states.

A state's effect z ~ Normal(0, 1), shared by the coalitions that it could join, is integrated out by
quadrature. A single node at 0 means no effect. The odds of ``eta + state_sd z`` are a product, so that a cell
(case, state, node) needs neither an exponential nor a logarithm: there is one exponential per state-case, and
two per node. The loops over nodes have no branch and become vector instructions.
"""

import numpy as np

from models.likelihood.votes_numba import ELEMENT, REDUCTION, SCALAR, exp_negative

# Larger odds change nothing, and three of them could not be multiplied.
LARGEST_ODDS = 1e75
# One logarithm serves many states: it is taken when their product falls below this.
RENORMALISE = 1e-60


@ELEMENT
def odds_against(eta, joined, included):
    """Odds against each state's actual answer at state effect 0; 0 if it is not in the case."""
    odds = np.empty(eta.shape)
    for case in range(eta.shape[0]):
        for state in range(eta.shape[1]):
            x = eta[case, state] * (1.0 - 2.0 * joined[case, state])
            small = exp_negative(abs(x))
            odds[case, state] = included[case, state] * (1.0 / small if x > 0.0 else small)
    return odds


@REDUCTION
def evaluate_joining(eta, state_sd, joined, included, node, weight):
    """Log likelihood of who joined, and its gradients.

    Parameters
    ----------
    eta : float (case, state)
        Linear predictor without the state's effect, logits.
    state_sd : float
        Standard deviation of the state effects, logits.
    joined, included : float (case, state)
        0 or 1.
    node, weight : float (node,)
        Quadrature of a standard normal; weights sum to 1.

    Returns
    -------
    value, d_eta (case, state), d_state_sd
    """
    n_case, n_state = eta.shape
    n_node = node.shape[0]
    odds = odds_against(eta, joined, included)
    rise = np.empty((2, n_node))
    for n in range(n_node):
        rise[0, n] = np.exp(state_sd * node[n])
        rise[1, n] = np.exp(-state_sd * node[n])
    against = np.empty((n_case, n_node))
    product = np.empty(n_node)
    d_eta = np.empty(eta.shape)
    value = 0.0
    d_state_sd = 0.0
    running = 1.0
    for state in range(n_state):
        for n in range(n_node):
            product[n] = weight[n]
        for case in range(n_case):
            did = np.int64(joined[case, state] > 0.5)
            base = odds[case, state]
            for n in range(n_node):
                v = min(base * rise[did, n], LARGEST_ODDS)
                inverse = 1.0 / (1.0 + v)
                product[n] *= inverse
                against[case, n] = v * inverse
        total = 0.0
        for n in range(n_node):
            total += product[n]
        inverse_total = 1.0 / total
        running *= total
        if running < RENORMALISE:
            value += np.log(running)
            running = 1.0
        for case in range(n_case):
            by_eta = 0.0
            by_sd = 0.0
            for n in range(n_node):
                g = product[n] * against[case, n]
                by_eta += g
                by_sd += g * node[n]
            signed = inverse_total if joined[case, state] > 0.5 else -inverse_total
            d_eta[case, state] = signed * by_eta
            d_state_sd += signed * by_sd
    return value + np.log(running), d_eta, d_state_sd


@SCALAR
def evaluate_at_positions(predictor, alignment_slope, state_sd, position, joined, included, node, weight):
    """Log likelihood of who joined, for many draws of the parameters and one set of positions.

    Parameters
    ----------
    predictor : float (draw, case, state)
        Linear predictor without alignment and without the state's effect, logits.
    alignment_slope : float (draw, case)
    state_sd : float (draw,)
    position : float (case, state)
        Alignment, centred within each case.
    joined, included, node, weight
        As in ``evaluate_joining``.

    Returns
    -------
    value (draw,)
    """
    value = np.empty(predictor.shape[0])
    for draw in range(predictor.shape[0]):
        eta = predictor[draw] + np.expand_dims(alignment_slope[draw], 1) * position
        value[draw] = evaluate_joining(eta, state_sd[draw], joined, included, node, weight)[0]
    return value
