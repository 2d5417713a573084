"""Joining, with an unmeasured common cause of guarantee and joining."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from models.coalition import name_coords, place_predictor
from models.coordinates.effects import half_normal
from models.likelihood.quadrature import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES
from models.panel import PanelData
from models.spec import CoalitionSpec

# Larger logits change nothing, and the odds of several cases could not be multiplied.
LARGEST_LOGIT = 150.0


def build_confounded_model(
    panel: PanelData, spec: CoalitionSpec, hidden_log_weight: np.ndarray, strength: float
) -> pm.Model:
    """Build the model of joining without alignment, with a hidden cause of given strength.

    Parameters
    ----------
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    spec : CoalitionSpec
        Priors and choices. State effects are always included.
    hidden_log_weight : np.ndarray
        (state, node): log probability of each of ``HIDDEN_NODES`` given the state's guarantee and
        covariates. These weights hold the dependence of the guarantee on the hidden cause.
    strength : float
        Logits of joining per standard deviation of the hidden cause.

    Returns
    -------
    pm.Model
        As ``models.coalition.build_coalition_model``. ``hidden_log_weight`` and ``strength`` are its data.

    Notes
    -----
    The data cannot identify the strengths. Both are assumed, and the posterior is what the effect would be if
    they were right. A state's answers inform its value of the hidden cause.
    """
    with pm.Model(coords=name_coords(panel)) as model:
        joined = pm.Data("joined_observed", panel.joined, dims=("case", "state"))
        included = pm.Data("included", panel.included, dims=("case", "state"))
        hidden = pm.Data("hidden_log_weight", hidden_log_weight)
        assumed = pm.Data("strength", float(strength))
        eta = place_predictor(panel, spec, None)
        state_sd = half_normal("state_sd", spec.state_scale)
        rise = pt.exp(assumed * HIDDEN_NODES[:, None] + state_sd * HIDDEN_NODES[None, :]).ravel()
        log_weight = (hidden[:, :, None] + HIDDEN_LOG_WEIGHTS).reshape((hidden.shape[0], -1))
        against = included * pt.exp(pt.clip((1 - 2 * joined) * eta, -LARGEST_LOGIT, LARGEST_LOGIT))
        turned = pt.switch(pt.gt(joined[..., None], 0.5), 1 / rise, rise)
        odds = (1 + against[..., None] * turned).prod(0)
        pm.Potential("joined", pt.log((pt.exp(log_weight) / odds).sum(-1)).sum())
    return model
