"""Likelihood of absences: a state may stay away because a vote is awkward for it.

A state that decides whether to be at roll call j is absent with

    logit P(absent_ij) = usual_i + tendency_j + weight * awkwardness_ij

A delegation that is away is often away all day. So with probability ``inertia`` a state does as at the roll
call before on the same day, else it decides anew: one absence, not one at every roll call of the day. The
awkwardness is twice the probability that two decisions of the state would differ, given its position and the
cutpoints: presence tells of positions (Rosas, G., Y. Shomer and S. Haptonstahl 2015, No News Is News,
American Journal of Political Science 59). The graph is the reference that the kernel is tested against.
"""

from typing import NamedTuple

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr

from models.likelihood.absence_numba import ABSENT, PRESENT, STAYED_ABSENT, evaluate_absences
from models.likelihood.fused import fuse_likelihood
from models.likelihood.graded_response import PARAMETERS, graded_response_prob
from models.likelihood.votes_numba import MISSING

ABSENCES = fuse_likelihood(
    "absences",
    evaluate_absences,
    PARAMETERS | {"usual": pt.dvector, "tendency": pt.dmatrix, "weight": pt.dscalar, "inertia": pt.dscalar},
    {"code": pt.bmatrix, "group_idx": pt.ivector},
)


class Absences(NamedTuple):
    """Who was there.

    Attributes
    ----------
    code : np.ndarray
        (item, state), int8: ``absence_numba.PRESENT`` and so on; -1 where a state had no choice.
    changed : int
        Times that a state came or left within a day.
    """

    code: np.ndarray
    changed: int


def prepare_absences(votes: xr.Dataset) -> Absences:
    """Find who was there, and who did as at the roll call before on the same day.

    ``votes`` have ``presence`` (item, state; see ``data.load.load_votes``), and ``date`` (item). Roll calls
    of one day follow each other as in the votes.
    """
    presence, date = votes["presence"].values, votes["date"].values
    absent, had_choice = presence == 0, presence >= 0
    stayed, changed = np.zeros_like(absent), 0
    for day in np.unique(date):
        last = np.full(absent.shape[1], -1)
        for item in np.flatnonzero(date == day):
            known = had_choice[item] & (last >= 0)
            stayed[item] = known & (last == absent[item])
            changed += int((known & ~stayed[item]).sum())
            last = np.where(had_choice[item], absent[item], last)
    code = np.where(absent, ABSENT, PRESENT) + 2 * stayed
    return Absences(np.where(had_choice, code, MISSING).astype(np.int8), changed)


def absence_logp(
    ideal_point, discrimination, cutpoint, usual, tendency, weight, inertia, absences: Absences, group_idx, *,
    implementation="fused",
):  # fmt: skip
    """Log likelihood of absences, within the model in context.

    Parameters
    ----------
    ideal_point : vector (state,)
    discrimination : vector (item,)
        Logits per unit of ideal point.
    cutpoint : matrix (item, 2)
        Logits.
    usual : vector (state,)
        How often a state is absent, logits.
    tendency : matrix (item, group)
        What a roll call adds for the states of a group, logits.
    weight : scalar
        What awkwardness adds, logits: from a certain answer to one torn evenly between two.
    inertia : scalar
        Probability of doing as at the roll call before on the same day, 0 to 1.
    absences : Absences
    group_idx : vector (state,), int
        Group of each state.
    implementation : {"fused", "graph"}
        One pass for value and gradients (first derivatives only), or a plain graph.

    Returns
    -------
    scalar tensor
    """
    model = pm.modelcontext(None)
    code = pytensor.shared(absences.code, name=model.name_for("absence_code"))
    # As pm.Data does, which would however widen the codes to 32 bits.
    model.register_data_var(code)
    logp = pm.Data("absence_changed", float(absences.changed)) * pt.log1p(-inertia)
    if implementation == "fused":
        parameters = (ideal_point, discrimination, cutpoint, usual, tendency, weight, inertia)
        return logp + ABSENCES(*parameters, code, group_idx)[0]
    awkward = 2 * (1 - (graded_response_prob(ideal_point, discrimination, cutpoint) ** 2).sum(-1))
    away = usual + tendency[:, group_idx] + weight * awkward
    absent = pt.eq(code, ABSENT) | pt.eq(code, STAYED_ABSENT)
    log_anew = -pt.softplus(pt.switch(absent, -away, away))
    stayed = pt.log(inertia + (1 - inertia) * pt.exp(log_anew))
    cells = pt.switch(pt.gt(code, ABSENT), stayed, log_anew)
    return logp + pt.switch(pt.gt(code, MISSING), cells, 0.0).sum()
