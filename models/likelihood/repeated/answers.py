"""Likelihood of votes among which some resolutions were put again.

A resolution put again is answered as last time far more often than independent answers would be: it is hardly
new evidence on a state's position. Three models of it, beside none (``apart``):

``inertia``
    With probability rho a state repeats its last answer to the resolution, else it decides anew. Answers then
    agree as a Markov chain does: ``P(y_t) = rho [y_t = y_(t-1)] + (1 - rho) P_GRM(y_t)``.
``testlet``
    A state's predictor moves by the same normal effect whenever the resolution is put (Wainer, H., E. T.
    Bradlow and X. Wang 2007, Testlet Response Theory and Its Applications, Cambridge). Integrated out.
``tempered``
    Answers to a resolution put n times count as ``n / (1 + (n - 1) rho)`` independent ones (Kish, L. 1965,
    Survey Sampling, on the design effect). rho is given, not estimated.
"""

from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.likelihood.fused import fuse_likelihood
from models.likelihood.graded_response import (
    ABSTENTIONS,
    LAYOUT,
    PARAMETERS,
    graded_response_logp,
    graph_cells,
)
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.likelihood.repeated.axes_numba import (
    evaluate_repeats_on_axes,
    evaluate_tallies_on_axes,
    evaluate_testlets_on_axes,
    evaluate_votes_on_axes,
)
from models.likelihood.repeated.inertia_numba import evaluate_repeats
from models.likelihood.repeated.testlet_numba import evaluate_testlets
from models.likelihood.repeated.turns import find_last_answers
from models.likelihood.votes import ARRAYS, Votes, prepare_votes
from models.likelihood.votes_numba import MISSING

_RESPONSE, _COUNTS = {"response": pt.bvector}, {"response": pt.TensorType("int16", (None, None))}
_INERTIA, _EFFECT = {"inertia": pt.dscalar}, {"effect_sd": pt.dscalar}
_QUADRATURE = {"node": pt.dvector, "log_weight": pt.dvector, "group_offset": pt.ivector}
_ON_AXES = {"position": pt.dmatrix, "slope": pt.dmatrix, "cutpoint": pt.dmatrix}
VOTES_ON_AXES = fuse_likelihood(
    "votes_on_axes", evaluate_votes_on_axes, _ON_AXES, _RESPONSE | LAYOUT | ABSTENTIONS
)
TALLIES_ON_AXES = fuse_likelihood(
    "tallies_on_axes",
    evaluate_tallies_on_axes,
    _ON_AXES,
    {"response": pt.TensorType("int16", (None, None))} | LAYOUT,
)
INERTIA = fuse_likelihood("repeated_answers", evaluate_repeats, PARAMETERS | _INERTIA, _RESPONSE | LAYOUT)
INERTIA_ON_AXES = fuse_likelihood(
    "repeated_answers_on_axes", evaluate_repeats_on_axes, _ON_AXES | _INERTIA, _RESPONSE | LAYOUT
)
TESTLETS = fuse_likelihood(
    "testlets", evaluate_testlets, PARAMETERS | _EFFECT, _QUADRATURE | _RESPONSE | LAYOUT
)
TESTLETS_ON_AXES = fuse_likelihood(
    "testlets_on_axes", evaluate_testlets_on_axes, _ON_AXES | _EFFECT, _QUADRATURE | _RESPONSE | LAYOUT
)


class Answers(NamedTuple):
    """Votes of one window, laid out for a model of repeats.

    Attributes
    ----------
    parts : tuple of (float, Votes)
        Votes that count as independent answers, with their weights.
    again : Votes or None
        ``inertia``: the answers that are the same as the state's last one to the resolution. ``testlet``: all
        answers to resolutions put again, rows sorted by resolution. None where there are none.
    changed : int
        Answers that differ from the state's last one to the resolution; they are among ``parts``.
    group_offset : np.ndarray or None
        (resolution + 1,), int32: rows of ``again`` that put each resolution. ``testlet`` only.
    """

    parts: tuple[tuple[float, Votes], ...]
    again: Votes | None = None
    changed: int = 0
    group_offset: np.ndarray | None = None


def prepare_answers(votes: xr.Dataset, repeats: str, correlation: float, *, on_axes: bool) -> Answers:
    """Lay votes out for a model of repeats.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``.
    repeats : {"apart", "inertia", "testlet", "tempered"}
        The model. Without repeats in the votes, all are ``apart``.
    correlation : float
        Of answers to one resolution, 0 to 1; for ``tempered``.
    on_axes : bool
        Whether positions have several axes.
    """
    counts = votes["counts"].values
    n_item, n_state, _ = counts.shape

    def lay_out(counts: np.ndarray, rows: np.ndarray | None = None) -> Votes:
        chosen = np.arange(n_item) if rows is None else rows
        if rows is None and not on_axes:
            return prepare_votes(counts)
        begin = chosen * n_state if on_axes else np.zeros(len(chosen))
        return prepare_votes(counts[chosen], item_idx=chosen, row_start=begin)

    if repeats == "apart" or "match_group" not in votes.coords:
        return Answers(((1.0, lay_out(counts)),))
    _, group_idx, size = np.unique(votes["match_group"].values, return_inverse=True, return_counts=True)
    of_row = size[group_idx][:, None, None]
    if repeats == "tempered":
        return Answers(
            tuple(
                (1 / (1 + (number - 1) * correlation), lay_out(np.where(of_row == number, counts, 0)))
                for number in np.unique(size).tolist()
            )
        )
    if repeats == "testlet":
        rows = np.flatnonzero(of_row.ravel() > 1)
        if not rows.size:
            return Answers(((1.0, lay_out(counts)),))
        rows = rows[np.argsort(group_idx[rows], kind="stable")]
        offset = np.concatenate([[0], np.cumsum(size[size > 1])]).astype(np.int32)
        return Answers(((1.0, lay_out(np.where(of_row > 1, 0, counts))),), lay_out(counts, rows), 0, offset)
    last, answer = find_last_answers(votes), counts.argmax(-1)
    same = (last >= 0) & (np.take_along_axis(answer, np.maximum(last, 0), 0) == answer)
    new, changed = lay_out(np.where(same[..., None], 0, counts)), int(((last >= 0) & ~same).sum())
    rows = np.flatnonzero(same.any(1))
    again = lay_out(np.where(same[..., None], counts, 0), rows) if rows.size else None
    return Answers(((1.0, new),), again, changed)


def answers_logp(position, slope, cutpoint, answers: Answers, strength=None, *, implementation="fused"):
    """Log likelihood of votes with repeats, within the model in context.

    Parameters
    ----------
    position : vector (state,) or matrix (axis, state)
    slope : vector (item,) or matrix (axis, item)
        Logits per unit of position.
    cutpoint : matrix (item, 2)
        Logits.
    answers : Answers
        From ``prepare_answers``.
    strength : scalar, optional
        ``inertia``: the probability of repeating the last answer, 0 to 1. ``testlet``: standard deviation of
        a state's effect on a resolution, logits. Not needed where nothing is put again.
    implementation : {"fused", "graph"}
        As in ``models.likelihood.graded_response.graded_response_logp``.

    Returns
    -------
    scalar tensor
    """
    logp = 0.0
    for number, (weight, part) in enumerate(answers.parts):
        votes = part.as_shared(f"votes_{number}_" if number else "votes_")
        logp += weight * _independent_logp(position, slope, cutpoint, votes, implementation)
    if answers.group_offset is not None:
        again = answers.again.as_shared("again_")
        offset = pm.Data("group_offset", answers.group_offset)
        return logp + _testlet_logp(position, slope, cutpoint, again, offset, strength, implementation)
    if answers.again is None and not answers.changed:
        return logp
    logp += pm.Data("changed", float(answers.changed)) * pt.log1p(-strength)
    if answers.again is None:
        return logp
    again = answers.again.as_shared("again_")
    return logp + _inertia_logp(position, slope, cutpoint, again, strength, implementation)


def _independent_logp(position, slope, cutpoint, votes, implementation):
    if position.ndim == 1:
        return graded_response_logp(position, slope, cutpoint, votes, implementation=implementation)
    if implementation == "graph":
        return graded_response_logp(*_sum_axes(position, slope), cutpoint, votes, implementation="graph")
    likelihood = TALLIES_ON_AXES if votes.is_tally else VOTES_ON_AXES
    return likelihood(position, slope, cutpoint, *_data(likelihood, votes))[0]


def _inertia_logp(position, slope, cutpoint, votes, inertia, implementation):
    if implementation == "graph":
        anew = pt.exp(graph_cells(*_sum_axes(position, slope), cutpoint, votes))
        given = pt.gt(pt.as_tensor(votes.response), MISSING)
        return pt.switch(given, pt.log(inertia + (1 - inertia) * anew), 0.0).sum()
    likelihood = INERTIA if position.ndim == 1 else INERTIA_ON_AXES
    return likelihood(position, slope, cutpoint, inertia, *_data(likelihood, votes))[0]


def _testlet_logp(position, slope, cutpoint, votes, group_offset, effect_sd, implementation):
    nodes, log_weights = pt.as_tensor(STATE_NODES), pt.as_tensor(STATE_LOG_WEIGHTS)
    if implementation == "graph":
        n_row = votes.row_offset.shape[0] - 1
        group = pt.searchsorted(group_offset, pt.arange(n_row), side="right") - 1
        joint = []
        for node, log_weight in zip(STATE_NODES, STATE_LOG_WEIGHTS, strict=True):
            cells = graph_cells(*_sum_axes(position, slope), cutpoint, votes, effect_sd * node)
            row = cells.reshape((n_row, -1))
            sums = pt.zeros((group_offset.shape[0] - 1, row.shape[1]))
            joint.append(pt.inc_subtensor(sums[group], row) + log_weight)
        return pt.logsumexp(pt.stack(joint), axis=0).sum()
    likelihood = TESTLETS if position.ndim == 1 else TESTLETS_ON_AXES
    quadrature = (nodes, log_weights, group_offset)
    return likelihood(position, slope, cutpoint, effect_sd, *quadrature, *_data(likelihood, votes))[0]


def _sum_axes(position, slope):
    """Return the predictor of every cell as the position, and slopes of 1; one axis stays as it is."""
    if position.ndim == 1:
        return position, slope
    eta = (slope[:, :, None] * position[:, None, :]).sum(0)
    return eta.ravel(), pt.ones(slope.shape[1])


def _data(likelihood, votes: Votes) -> list:
    return [getattr(votes, name) for name in likelihood.inputs if name in ARRAYS]
