"""The tier of support for a coalition: a cumulative model, or one of steps from each tier to the next."""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import name_coords, place_predictor
from models.coordinates.effects import half_normal, place_scale, pooled_effects, shrink_parts
from models.exposure import BY_CAPABILITY, find_capability
from models.likelihood.joining import joining_logp
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.missing import place_covariates
from models.panel import PanelData, add_capability, prepare_panel_data, prepare_tiers
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
        of a level's effect per standard deviation of log capability. With sequential odds there are no
        thresholds, all coefficients and ``eta`` have the further dim ``step``, named by the tier that it
        leads to, and ``guarantee_capability`` has ``case``.

    Notes
    -----
    The intercept takes the place of the first threshold. With two tiers the density is therefore that of the
    model of joining.
    """
    if spec.capability_interaction:
        panel = add_capability(panel)
    data = prepare_panel_data(panel, spec.predictor.missing)
    tier, names = prepare_tiers(panel)
    if spec.odds == "sequential":
        return build_steps(data, tier, names, spec)
    with pm.Model(coords=name_coords(data) | {"higher": names[2:]}) as model:
        observed = pm.Data("tier_observed", tier, dims=("case", "state"))
        included = pm.Data("included", data.included, dims=("case", "state"))
        eta = place_predictor(data, replace(spec.predictor, heterogeneity="none"), None)
        if spec.capability_interaction:
            slope = pm.Normal(BY_CAPABILITY, 0, spec.interaction_scale, dims="level")
            capability = data.covariates[..., find_capability(data.covariate)]
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


def build_steps(data: PanelData, tier: np.ndarray, names: list[str], spec: TierSpec) -> pm.Model:
    """Build the model of steps: whether a state that reached a tier goes on to the next.

    Parameters
    ----------
    data : PanelData
        From ``models.panel.prepare_panel_data``.
    tier, names
        From ``models.panel.prepare_tiers``.
    spec : TierSpec
        Priors and choices.

    Returns
    -------
    pm.Model
        See ``build_tier_model``.

    Notes
    -----
    A state's own effect is the same in all steps and cases: whoever takes the first step without a guarantee
    is more willing than others, and would otherwise hide what the guarantee does in the second (Cameron and
    Heckman 1998, Journal of Political Economy 106(2)). With one step it is the model of joining.
    """
    level = np.arange(1, len(names))[:, None, None]
    steps = ("step", "case", "state")
    with pm.Model(coords=name_coords(data) | {"step": names[1:]}, check_bounds=False) as model:
        went_on = pm.Data("went_on_observed", (tier >= level) * data.included, dims=steps)
        at_risk = pm.Data("at_risk", (tier >= level - 1) * data.included, dims=steps)
        eta = place_steps(data, spec, names[1:])
        sd = half_normal("state_sd", spec.predictor.state_scale) if spec.predictor.state_effect else None
        # To the likelihood of joining, each step of each case is an answer of the state.
        rows = [x.reshape((-1, len(data.state))) for x in (eta, went_on, at_risk)]
        implementation = spec.predictor.likelihood
        pm.Potential("steps", joining_logp(rows[0], sd, *rows[1:], implementation=implementation))
    return model


def place_steps(data: PanelData, spec: TierSpec, step: list[str]):
    """Add a linear predictor for each step, and all of their priors, to the model in context.

    Returns
    -------
    tensor (step, case, state)
        Logits, with the guarantee, without the state effect.
    """
    prior = spec.predictor
    covariates = place_covariates(data, prior)
    has_level = pm.Data("has_level", data.has_level, dims=("level", "case", "state"))
    intercept_scale = place_scale("intercept", prior.intercept_scale)
    intercept = pm.Normal("intercept", 0, intercept_scale, dims=("step", "case"))
    covariate_scale = place_scale("covariate_slope", prior.covariate_scale)
    slope = pm.Normal("covariate_slope", 0, covariate_scale, dims=("step", "case", "covariate"))
    eta = intercept[..., None] + (slope[:, :, None] * covariates).sum(-1)
    eta += _place_places("region", prior.region_scale, data.region_idx)
    if prior.geography == "subregion":
        eta += _place_places("subregion", prior.subregion_scale, data.subregion_idx)
    effect = _pool_steps("guarantee_effect", prior.guarantee_scale, prior.guarantee_case_scale, step)
    on_state = effect[..., None]
    if spec.capability_interaction:
        change = _pool_steps(BY_CAPABILITY, spec.interaction_scale, spec.interaction_case_scale, step)
        on_state += change[..., None] * covariates[..., find_capability(data.covariate)][:, None]
    by_guarantee = (on_state * has_level.transpose(1, 0, 2)).sum(2)
    # Saved without the guarantee, so that effects can be computed for other levels.
    pm.Deterministic("eta", eta, dims=("step", "case", "state"))
    return eta + by_guarantee


def _place_places(kind: str, scale: float, index: np.ndarray):
    """Effects of places of one kind on each step, case and state; they spread alike in all steps."""
    dims = ("step", "case", kind)
    effect = shrink_parts(kind, half_normal(f"{kind}_sd", scale), dims)
    index = pm.Data(f"{kind}_idx", index, dims="state")
    return pm.Deterministic(f"{kind}_effect", effect, dims=dims)[:, :, index]


def _pool_steps(name: str, scale: float, case_scale: float, step: list[str]):
    """Effects (step, case, level), in each step partially pooled over the cases."""
    parts = [pooled_effects(f"{name}_{one}", scale, case_scale, ("level",)) for one in step]
    return pm.Deterministic(name, pt.stack(parts), dims=("step", "case", "level"))
