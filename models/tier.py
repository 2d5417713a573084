"""The tier of support for a coalition: a cumulative model with the predictor of joining."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import name_coords, place_predictor
from models.coordinates.effects import half_normal
from models.likelihood.joining import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import name_rows, prepare_panel_data
from models.spec import TierSpec

CAPABILITY = "capability"
# Larger logits change nothing, and the odds of several cases could not be multiplied.
LARGEST_LOGIT = 150.0


def prepare_tiers(panel: xr.Dataset) -> tuple[np.ndarray, list[str]]:
    """Number the tiers that any state reached in any case.

    The data cannot identify the threshold of a tier that nobody reached. A tier that is reached in one case
    only keeps its threshold in all cases.

    Parameters
    ----------
    panel : xr.Dataset
        ``tier`` (case, state), 0 and up, with the attribute ``levels``; ``included``.

    Returns
    -------
    tier : np.ndarray
        (case, state), int >= 0; 0 outside the sample.
    names : list of str
        The tiers, lowest first.

    Raises
    ------
    ValueError
        If a tier is missing or is not the number of a level, or if all states have the same tier.
    """
    included, tier = panel["included"].values, panel["tier"].values
    levels = panel["tier"].attrs["levels"]
    lost = included & ~np.isin(tier, np.arange(len(levels)))
    if lost.any():
        raise ValueError(
            f"tier must be 0 to {len(levels) - 1} ({', '.join(levels)}); it is not in {lost.sum()} rows: "
            + name_rows(panel, lost)
        )
    used, position = np.unique(tier[included].astype(int), return_inverse=True)
    if len(used) < 2:
        raise ValueError(f"all states are in tier {levels[used[0]]!r}: there is nothing to explain")
    counted = np.zeros(tier.shape, dtype=int)
    counted[included] = position
    return counted, [levels[k] for k in used]


def add_capability(panel: xr.Dataset) -> xr.Dataset:
    """Add log capability to the covariates: an interaction needs its main effect too.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``: ``characteristics`` (case, state, characteristic) includes
        ``capability``, the share of the world's, 0 to 1.

    Returns
    -------
    xr.Dataset
        The same panel if capability is a covariate already.

    Raises
    ------
    ValueError
        If the panel has no capability.
    """
    if CAPABILITY in panel["covariate"].values:
        return panel
    if "characteristic" not in panel.coords or CAPABILITY not in panel["characteristic"].values:
        raise ValueError(f"an interaction with capability needs the characteristic {CAPABILITY!r}")
    capability = np.log(panel["characteristics"].sel(characteristic=CAPABILITY, drop=True))
    wider = xr.concat(
        [
            panel["covariates_transformed"].reset_coords(drop=True),
            capability.reset_coords(drop=True).expand_dims(covariate=[CAPABILITY]),
        ],
        "covariate",
    )
    return panel.drop_dims("covariate").assign(
        covariates_transformed=wider.transpose("case", "state", "covariate")
    )


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
        eta = place_predictor(data, spec.predictor, None)
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
