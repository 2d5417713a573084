"""How strong an unmeasured cause of guarantee and joining must be to explain the effect away."""

import numpy as np
import xarray as xr
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp

from analysis.posterior.answers import state_contrasts
from models.confounding import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES

STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Logits per standard deviation of the hidden cause, for both of its effects."""
BENCHMARKS = ("democracy", "gdp_per_capita")
RIDGE = 1.0
"""Prior scale of the coefficients of the model of the guarantee, per standard deviation of a covariate."""


def describe_guarantee(data: dict[str, np.ndarray], level: int) -> tuple[np.ndarray, np.ndarray]:
    """Who ever had the guarantee, and what it is explained by.

    Parameters
    ----------
    data : dict of str to np.ndarray
        From ``analysis.studies.checks.bench.Stage2.data``.
    level : int
        Index of the level among those above none.

    Returns
    -------
    protected : np.ndarray
        (state,), 0 or 1: the level in any case. Guarantees last: two cases are no two decisions.
    design : np.ndarray
        (state, column): intercept, covariates (means over the cases), regions.
    """
    seats = np.maximum(data["included"].sum(0), 1)
    covariates = (data["covariates"] * data["included"][..., None]).sum(0) / seats[:, None]
    regions = np.eye(data["region_idx"].max() + 1)[data["region_idx"]]
    protected = data["has_level"][level].max(0)
    return protected, np.column_stack([np.ones(len(protected)), covariates, regions])


def explain_guarantee(protected: np.ndarray, design: np.ndarray, strength: float) -> np.ndarray:
    """Coefficients of the guarantee's logit, a hidden cause of given strength integrated out.

    Parameters
    ----------
    protected, design
        From ``describe_guarantee``.
    strength : float
        Logits per standard deviation of the hidden cause.

    Returns
    -------
    np.ndarray
        (column,): the mode, with normal priors of scale ``RIDGE`` on all but the intercept.
    """
    sign = 2 * protected - 1
    tightness = np.full(design.shape[1], 1 / RIDGE**2)
    tightness[0] = 1e-2

    def loss(b):
        logit = (design @ b)[:, None] + strength * HIDDEN_NODES
        each = logsumexp(HIDDEN_LOG_WEIGHTS + log_expit(sign[:, None] * logit), axis=1)
        return -each.sum() + 0.5 * (tightness * b**2).sum()

    return minimize(loss, np.zeros(design.shape[1]), method="BFGS").x


def weigh_hidden(protected: np.ndarray, design: np.ndarray, strength: float) -> np.ndarray:
    """Where each state probably stands on the hidden cause, given its guarantee and covariates.

    Returns
    -------
    np.ndarray
        (state, node): log probability of each of ``models.confounding.HIDDEN_NODES``.
    """
    b = explain_guarantee(protected, design, strength)
    logit = (design @ b)[:, None] + strength * HIDDEN_NODES
    joint = HIDDEN_LOG_WEIGHTS + log_expit((2 * protected - 1)[:, None] * logit)
    return joint - logsumexp(joint, axis=1, keepdims=True)


def hidden_contrasts(
    posterior: xr.Dataset, data: dict[str, np.ndarray], level: int, log_weight: np.ndarray, strength: float
) -> np.ndarray:
    """Effect of the guarantee on each state-case with the hidden cause held where it is.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of ``models.confounding.build_confounded_model``.
    data : dict of str to np.ndarray
        Without alignment.
    level : int
        Index of the level among those above none.
    log_weight : np.ndarray
        From ``weigh_hidden``.
    strength : float
        Logits of joining per standard deviation of the hidden cause.

    Returns
    -------
    np.ndarray
        (sample, case, state).
    """
    sd = posterior["state_sd"].transpose("sample").values
    at_node = strength * HIDDEN_NODES[:, None] + sd[:, None, None] * HIDDEN_NODES
    both = (log_weight[:, :, None] + HIDDEN_LOG_WEIGHTS).reshape(len(log_weight), -1)
    without = posterior.assign(alignment_slope=xr.zeros_like(posterior["intercept"]))
    return state_contrasts(without, data, level, (at_node.reshape(len(sd), -1), both))


def e_value(risk_ratio: float) -> float:
    """Least risk ratio that a hidden cause must have with both to explain a risk ratio away.

    VanderWeele and Ding (2017), doi:10.7326/M16-2607. Ratios below 1 are turned round.
    """
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + np.sqrt(ratio * (ratio - 1))


def find_tipping(strengths: np.ndarray, effects: np.ndarray) -> float:
    """Least strength, the same for guarantee and joining, at which the effect is gone.

    Parameters
    ----------
    strengths : np.ndarray
        Rising.
    effects : np.ndarray
        Effect at each strength of both.

    Returns
    -------
    float
        Between two strengths on a straight line; infinite if the effect is never gone.
    """
    gone = np.flatnonzero(effects <= 0)
    if not len(gone):
        return np.inf
    k = gone[0]
    if k == 0:
        return float(strengths[0])
    slope = (effects[k] - effects[k - 1]) / (strengths[k] - strengths[k - 1])
    return float(strengths[k - 1] - effects[k - 1] / slope)
