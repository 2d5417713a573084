"""Absence as a choice: a state may stay away from an awkward vote. See models/docs/ideal_point.md."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coordinates.regions import place_part
from models.likelihood.absence import Absences, absence_logp, prepare_absences
from models.likelihood.absence_numba import ABSENT, PRESENT
from models.spec import IdealPointSpec, SpecError

US = "USA"

OF_ITEMS = ("absence_item_part",)
"""Variables with one number an item, as in ``models.ideal_point``."""

SAVED = [
    "absence_awkward",
    "absence_torn",
    "absence_inertia",
    "absence_mean",
    "absence_state_sd",
    "absence_item_sd",
]


def check_absences(votes: xr.Dataset, spec: IdealPointSpec) -> None:
    """Raise SpecError if absences are to be modelled and cannot be, naming the reason and what to do."""
    if spec.absence == "ignored":
        return
    given, allowed = "IdealPointSpec.absence = 'modelled'", "allowed: 'ignored'"
    if (votes["counts"].values.sum(-1) > 1).any() or "presence" not in votes:
        raise SpecError(f"{given} needs single roll calls, and who was there: tallies lack both; {allowed}")
    if not (votes["presence"].values == 0).any():
        raise SpecError(
            f"{given}, and these votes have no absences (with data.absence = 'abstain' they are "
            f"abstentions); {allowed}"
        )
    if US not in votes["state"].values:
        raise SpecError(f"{given} needs the votes of the United States; {allowed}")


def place_absences(votes: xr.Dataset, spec: IdealPointSpec, axis, cutpoint):
    """Add the absences to the model in context, and return their log likelihood.

    Parameters
    ----------
    votes : xr.Dataset
        See ``models.ideal_point.build_ideal_point_model``. States that cast no vote in a whole session had no
        choice in it: their absences there count for nothing.
    spec : IdealPointSpec
        Priors.
    axis : models.ideal_point.Axis
        Positions and discriminations.
    cutpoint : matrix (item, 2)
        Logits.
    """
    absences = prepare_absences(votes)
    of_state = pm.modelcontext(None)["region_idx"]
    mean = pm.Normal("absence_mean", spec.absence_loc, spec.absence_scale)
    state_sd = pm.HalfNormal("absence_state_sd", spec.absence_state_scale)
    item_sd = pm.HalfNormal("absence_item_sd", spec.absence_item_scale)
    usual = mean + place_part("absence_state", state_sd, _estimate_error(absences, 0), "state")
    of_item = place_part("absence_item", item_sd, _estimate_error(absences, 1), "item")
    awkward = pm.Normal("absence_awkward", 0, spec.absence_slope_scale)
    torn = pm.Normal("absence_torn", 0, spec.absence_slope_scale)
    logit = pm.Normal("absence_inertia_logit", spec.absence_inertia_loc, spec.absence_inertia_scale)
    inertia = pm.Deterministic("absence_inertia", pt.sigmoid(logit))
    is_us = pm.Data("is_us", (votes["state"].values == US).astype(float), dims="state")
    tendency = of_item[:, None] + torn * _measure_distance(axis, cutpoint, is_us)
    return absence_logp(
        axis.position,
        axis.discrimination,
        cutpoint,
        usual,
        tendency,
        awkward,
        inertia,
        absences,
        of_state,
        implementation=spec.likelihood,
    )


def _measure_distance(axis, cutpoint, is_us):
    """Distance (item, region) of the US from the middle of a region: 1 if one says yes and the other no.

    It is the square of half the difference between the expected answers, at which no 0, abstain 1, yes 2.
    """

    def expect(position):
        eta = axis.discrimination[:, None] * position
        return pt.sigmoid(eta - cutpoint[:, :1]) + pt.sigmoid(eta - cutpoint[:, 1:])

    # A sum, since compiling a call of BLAS takes as long as compiling the rest of the model.
    us = expect((is_us * axis.position).sum()).sum(-1)
    return ((expect(axis.region_mean) - us[:, None]) / 2) ** 2


def _estimate_error(absences: Absences, axis: int) -> np.ndarray:
    """Rough error of the log odds of absence of each state (axis 0) or item, from decisions made anew."""
    absent, present = ((absences.code == kind).sum(axis) + 0.5 for kind in (ABSENT, PRESENT))
    return np.sqrt(1 / absent + 1 / present)
