"""The tier of support for a coalition: a cumulative model with the predictor of joining."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import half_normal, name_coords, place_predictor
from models.likelihood.joining import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import Measurement, name_rows, prepare_panel_data
from models.spec import TierSpec

CAPABILITY = "capability"
# So far out that it makes no difference, so near that two cases' odds can be multiplied.
LARGEST_LOGIT = 150.0


def prepare_tiers(panel: xr.Dataset) -> tuple[np.ndarray, list[str]]:
    """Tier of each state-case, counted over the tiers that any state reached in any case.

    A tier that nobody reached has no threshold of its own that the data could tell; one that is reached
    in one case only keeps it in both.

    Parameters
    ----------
    panel : xr.Dataset
        ``tier`` (case, state), 0 and up, with the attribute ``levels``; ``included``.

    Returns
    -------
    tier : np.ndarray
        (case, state), int from 0; 0 outside the sample.
    names : list of str
        The tiers, in rising order.

    Raises
    ------
    ValueError
        A tier that is missing, not whole or beyond the levels, or the same for all.
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
        raise ValueError(f"all states stand in tier {levels[used[0]]!r}: there is nothing to explain")
    counted = np.zeros(tier.shape, dtype=int)
    counted[included] = position
    return counted, [levels[k] for k in used]


def add_capability(panel: xr.Dataset) -> xr.Dataset:
    """The panel with log capability among its covariates, whose slope an interaction needs beside it.

    Parameters
    ----------
    panel : xr.Dataset
        ``characteristics`` (case, state, characteristic) holds ``capability``, share of the world's.

    Returns
    -------
    xr.Dataset
        The panel as it is if capability is a covariate already.

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
    """Log likelihood of the tiers, each state's effect integrated out as in ``models.likelihood.joining``.

    Parameters
    ----------
    eta : matrix (case, state)
        Linear predictor without the state effects, logits.
    threshold : matrix (case, tier above the lowest)
        Rising, logits.
    state_sd : scalar or None
        Standard deviation of the state effects, of either sign; None: there are none.
    tier : int matrix (case, state)
        Tiers from 0.
    included : matrix (case, state)
        0 or 1.

    Returns
    -------
    vector (state)

    Notes
    -----
    For thresholds a < b around a tier, logit^-1(eta - a) - logit^-1(eta - b) equals
    logit^-1(eta - a) logit^-1(b - eta) (1 - exp(a - b)), which takes no difference of near equals. The odds
    of ``eta + state_sd z`` are a product, so that a node costs no exponential.
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


def build_tier_model(
    panel: xr.Dataset, spec: TierSpec, alignment: np.ndarray | Measurement | None = None
) -> pm.Model:
    """Tier of support in two or more coalitions, effects partially pooled over them.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel, with ``tier``; with ``spec.capability_interaction`` also capability.
    spec : TierSpec
        Priors and choices.
    alignment : np.ndarray or Measurement, optional
        As in ``models.coalition.build_coalition_model``.

    Returns
    -------
    pm.Model
        As ``build_coalition_model``, and ``threshold`` (case, higher), logits: how much more than the first
        tier above the lowest each higher one takes; with the interaction ``guarantee_capability`` (level):
        what one standard deviation of log capability adds to a level's effect.

    Notes
    -----
    With two tiers it is the model of joining, density and all: the intercept takes the place of the first
    threshold. The state effects stay, integrated out, for the same reason as there: a state that did much
    in one case tends to do much in the other beyond what the predictors say.
    """
    if spec.capability_interaction:
        panel = add_capability(panel)
    data = prepare_panel_data(panel, spec.predictor.missing)
    tier, names = prepare_tiers(panel)
    coords = name_coords(data) | {"higher": names[2:]}
    with pm.Model(coords=coords) as model:
        observed = pm.Data("tier_observed", tier, dims=("case", "state"))
        included = pm.Data("included", data.included, dims=("case", "state"))
        eta = place_predictor(data, spec.predictor, alignment)
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
