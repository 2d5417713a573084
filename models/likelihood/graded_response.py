"""Likelihood of ordered votes, no < abstain < yes: one function, as a fused Op or as a plain graph.

With ``eta = discrimination * ideal_point`` and two cutpoints per item,

    P(y <= no) = logit^-1(cutpoint[0] - eta)        P(y <= abstain) = logit^-1(cutpoint[1] - eta)

(the graded response model: Samejima, F. 1969, Estimation of latent ability using a response pattern of graded
scores, Psychometrika Monograph 17). The fused form computes the value and every gradient in one pass over the
votes. The graph is the reference that the fused form is tested against.
"""

import numpy as np
import pytensor.tensor as pt

from models.likelihood.fused import fuse_likelihood
from models.likelihood.tallies_numba import evaluate_tallies
from models.likelihood.votes import ARRAYS
from models.likelihood.votes_numba import ABSTAIN, NO, YES, evaluate_votes

IMPLEMENTATIONS = ("fused", "graph")
PARAMETERS = {"ideal_point": pt.dvector, "discrimination": pt.dvector, "cutpoint": pt.dmatrix}
LAYOUT = {"row_offset": pt.ivector, "item_idx": pt.ivector, "position_start": pt.ivector}
ABSTENTIONS = {"abstain_position": pt.ivector, "abstain_offset": pt.ivector}

GRADED_RESPONSE = fuse_likelihood(
    "graded_response", evaluate_votes, PARAMETERS, {"response": pt.bvector} | LAYOUT | ABSTENTIONS
)
"""Likelihood of one vote a cell, for ``Votes`` with one-dimensional responses."""

GRADED_RESPONSE_TALLIES = fuse_likelihood(
    "graded_response_tallies",
    evaluate_tallies,
    PARAMETERS,
    {"response": pt.TensorType("int16", (None, None))} | LAYOUT,
)
"""Likelihood of counts of votes, for ``Votes`` with responses (3, cell)."""


def graded_response_logp(ideal_point, discrimination, cutpoint, votes, *, implementation="fused"):
    """Log likelihood of the votes.

    Parameters
    ----------
    ideal_point : vector (position,)
        States; in a dynamic model state-sessions, session by session.
    discrimination : vector (item,)
        Logits per unit of ideal point, either sign.
    cutpoint : matrix (item, 2)
        Lower and upper cutpoint, logits. The value is -inf if they cross.
    votes : Votes
        From ``models.likelihood.votes.prepare_votes``, in models ``.as_shared()``.
    implementation : {"fused", "graph"}
        One pass for value and gradients (first derivatives only), or a plain PyTensor graph.

    Returns
    -------
    scalar tensor
    """
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(
            f"implementation must be one of {', '.join(IMPLEMENTATIONS)}; got {implementation!r}"
        )
    ideal_point, discrimination, cutpoint = (
        pt.cast(pt.as_tensor(x), "float64") for x in (ideal_point, discrimination, cutpoint)
    )
    if implementation == "graph":
        return _graph_logp(ideal_point, discrimination, cutpoint, votes)
    likelihood = GRADED_RESPONSE_TALLIES if votes.is_tally else GRADED_RESPONSE
    data = [getattr(votes, name) for name in likelihood.inputs if name in ARRAYS]
    return likelihood(ideal_point, discrimination, cutpoint, *data)[0]


def graded_response_prob(ideal_point, discrimination, cutpoint):
    """Probabilities of no, abstain, yes for every item and ideal point.

    Parameters
    ----------
    ideal_point, discrimination, cutpoint
        As in ``graded_response_logp``.

    Returns
    -------
    tensor (item, position, 3)
    """
    eta = pt.as_tensor(discrimination)[:, None] * pt.as_tensor(ideal_point)[None, :]
    cutpoint = pt.as_tensor(cutpoint)
    upper = eta - cutpoint[:, :1]
    lower = eta - cutpoint[:, 1:]
    between = -pt.expm1(-(cutpoint[:, 1:] - cutpoint[:, :1]))
    return pt.stack(
        [pt.sigmoid(-upper), between * pt.sigmoid(upper) * pt.sigmoid(-lower), pt.sigmoid(lower)], axis=-1
    )


def _graph_logp(ideal_point, discrimination, cutpoint, votes):
    crossed = pt.any(cutpoint[:, 1] < cutpoint[:, 0])
    cells = graph_cells(ideal_point, discrimination, cutpoint, votes)
    return pt.switch(crossed, -np.inf, cells.sum())


def graph_cells(ideal_point, discrimination, cutpoint, votes, shift=0.0):
    """Log likelihood of every cell as a plain graph; 0 where a vote is missing.

    Parameters
    ----------
    ideal_point, discrimination, cutpoint, votes
        As in ``graded_response_logp``.
    shift : scalar
        Added to the predictor of every cell, logits.

    Returns
    -------
    tensor
        (item, state) if the votes are rectangular, else (cell,).
    """
    response = pt.as_tensor(votes.response)
    if votes.is_rectangular:
        eta = discrimination[:, None] * ideal_point[None, :]
        row_cutpoint = cutpoint[:, None, :]
        shape = (3, *eta.shape) if votes.is_tally else eta.shape
        response = response.reshape(shape)
    else:
        offset = pt.as_tensor(votes.row_offset)
        cell_row = pt.repeat(pt.arange(offset.shape[0] - 1), pt.diff(offset))
        place = pt.arange(response.shape[-1]) - offset[cell_row]
        item = pt.as_tensor(votes.item_idx)[cell_row]
        eta = discrimination[item] * ideal_point[pt.as_tensor(votes.position_start)[cell_row] + place]
        row_cutpoint = cutpoint[item]
    upper = eta + shift - row_cutpoint[..., 0]
    lower = eta + shift - row_cutpoint[..., 1]
    log_no = -pt.softplus(upper)
    log_yes = -pt.softplus(-lower)
    log_abstain = (
        pt.log1mexp(-(row_cutpoint[..., 1] - row_cutpoint[..., 0])) - pt.softplus(-upper) - pt.softplus(lower)
    )
    if votes.is_tally:
        return response[0] * log_no + response[1] * log_abstain + response[2] * log_yes
    return pt.switch(
        pt.eq(response, NO),
        log_no,
        pt.switch(
            pt.eq(response, ABSTAIN),
            log_abstain,
            pt.switch(pt.eq(response, YES), log_yes, 0.0),
        ),
    )
