"""The tier of support for a coalition: a cumulative model with the predictor of joining."""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import name_coords, place_predictor
from models.coordinates.effects import half_normal
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import CAPABILITY, add_capability, prepare_panel_data, prepare_tiers
from models.spec import TierSpec

# Larger logits change nothing, and the odds of several cases could not be multiplied.
LARGEST_LOGIT = 150.0


def tier_logp(eta, threshold, state_sd, tier, included):
    """Log likelihood (state,) of the tiers, state effects integrated out as in ``models.likelihood.joining``.

    ``eta``, ``state_sd`` and ``included`` are as there. ``threshold`` (case, tier above the lowest)
    increases, in logits; ``tier`` (case, state) counts from 0.

    For thresholds a < b around a tier, logit^-1(eta - a) - logit^-1(eta - b) equals
    logit^-1(eta - a) logit^-1(b - eta) (1 - exp(a - b)), which avoids the difference of nearly equal numbers.
    The odds of ``eta + state_sd z`` are a product, so that a node needs no exponential of its own.
    """
    last = threshold.shape[1]
    case = pt.arange(eta.shape[0])[:, None]
    above, below = included * pt.gt(tier, 0), included * pt.lt(tier, last)
    lower = threshold[case, pt.maximum(tier - 1, 0)]
    upper = threshold[case, pt.minimum(tier, last - 1)]
    between = pt.switch(above * below, upper - lower, 1.0)
    width = pt.switch(above * below, pt.log(-pt.expm1(-between)), 0.0)
    node, weight = (np.zeros(1), np.ones(1)) if state_sd is None else (STATE_NODES, np.exp(STATE_LOG_WEIGHTS))
    rise = pt.exp((0.0 if state_sd is None else state_sd) * node)
    odds_below = above * pt.exp(pt.clip(lower - eta, -LARGEST_LOGIT, LARGEST_LOGIT))
    odds_above = below * pt.exp(pt.clip(eta - upper, -LARGEST_LOGIT, LARGEST_LOGIT))
    against = (1 + odds_below[..., None] / rise) * (1 + odds_above[..., None] * rise)
    return pt.log((weight / against.prod(0)).sum(-1)) + width.sum(0)


def build_tier_model(panel: xr.Dataset, spec: TierSpec) -> pm.Model:
    """Build the model of the tier of support in two or more coalitions, without alignment.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``, with ``tier``; with ``spec.capability_interaction`` also
        capability.
    spec : TierSpec
        Priors and choices.

    Returns
    -------
    pm.Model
        As ``build_coalition_model``, and ``threshold`` (case, higher), logits: distance of each higher
        threshold from the first. With the interaction also ``guarantee_capability`` (level), logits: change
        of a level's effect per standard deviation of log capability.

    Notes
    -----
    The intercept takes the place of the first threshold. With two tiers the density is therefore that of the
    model of joining.
    """
    if spec.capability_interaction:
        panel = add_capability(panel)
    data = prepare_panel_data(panel, spec.predictor.missing)
    tier, names = prepare_tiers(panel)
    with pm.Model(coords=name_coords(data) | {"higher": names[2:]}) as model:
        observed = pm.Data("tier_observed", tier, dims=("case", "state"))
        included = pm.Data("included", data.included, dims=("case", "state"))
        eta = place_predictor(data, replace(spec.predictor, heterogeneity="none"), None)
        if spec.capability_interaction:
            slope = pm.Normal("guarantee_capability", 0, spec.interaction_scale, dims="level")
            capability = data.covariates[..., list(data.covariate).index(CAPABILITY)]
            dose = pm.Data("level_capability", data.has_level * capability)
            eta += (dose * slope[:, None, None]).sum(0)
        threshold = pt.zeros((len(data.included), 1))
        if len(names) > 2:
            log_gap = pm.Normal("log_gap", spec.log_gap_loc, spec.log_gap_scale, dims=("case", "higher"))
            higher = pm.Deterministic(
                "threshold", pt.cumsum(pt.exp(log_gap), axis=1), dims=("case", "higher")
            )
            threshold = pt.concatenate([threshold, higher], axis=1)
        state_effect = spec.predictor.state_effect
        state_sd = half_normal("state_sd", spec.predictor.state_scale) if state_effect else None
        pm.Potential("tier_answers", tier_logp(eta, threshold, state_sd, observed, included).sum())
    return model
