"""The guarantee explained by what is measured and by a hidden cause."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit, logsumexp

from models.likelihood.quadrature import HIDDEN_LOG_WEIGHTS, HIDDEN_NODES
from models.panel import Stage2Data

RIDGE = 1.0
"""Prior scale of the coefficients of the model of the guarantee, per standard deviation of a covariate."""


def describe_guarantee(data: Stage2Data, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which states ever had the guarantee, and the predictors of having it.

    ``level`` is the index of the guarantee level among those above none. Returns ``protected`` (state,), 0 or
    1: the state has the level in any case, because guarantees last and cases are no separate decisions.
    Returns the design (state, column): intercept, covariates (means over the cases), regions.
    """
    n_case = np.maximum(data.included.sum(0), 1)
    covariates = (data.covariates * data.included[..., None]).sum(0) / n_case[:, None]
    regions = np.eye(data.region_idx.max() + 1)[data.region_idx]
    protected = data.has_level[level].max(0)
    return protected, np.column_stack([np.ones(len(protected)), covariates, regions])


def explain_guarantee(
    protected: np.ndarray, design: np.ndarray, strength: float, ridge: float = RIDGE
) -> np.ndarray:
    """Return the coefficients of the guarantee's logit, (column,), a hidden cause integrated out.

    They are the posterior mode, with normal priors of scale ``ridge`` on all but the intercept. ``protected``
    and ``design`` come from ``describe_guarantee``; ``strength`` is in logits per sd of the hidden cause.
    """
    tightness = np.full(design.shape[1], 1 / ridge**2)
    tightness[0] = 1e-2

    def loss(b):
        each = logsumexp(_log_joint(protected, design @ b, strength), axis=1)
        return -each.sum() + 0.5 * (tightness * b**2).sum()

    return minimize(loss, np.zeros(design.shape[1]), method="BFGS").x


def weigh_hidden(protected: np.ndarray, design: np.ndarray, strength: float) -> np.ndarray:
    """Return where each state stands on the hidden cause, given its guarantee and covariates.

    Parameters are those of ``explain_guarantee``. Returns (state, node): the log probability of each of
    ``models.likelihood.quadrature.HIDDEN_NODES``.
    """
    b = explain_guarantee(protected, design, strength)
    joint = _log_joint(protected, design @ b, strength)
    return joint - logsumexp(joint, axis=1, keepdims=True)


def _log_joint(protected: np.ndarray, logit: np.ndarray, strength: float) -> np.ndarray:
    """Log probability of each state's guarantee and of each node of the hidden cause: (state, node)."""
    at_node = logit[:, None] + strength * HIDDEN_NODES
    return HIDDEN_LOG_WEIGHTS + log_expit((2 * protected - 1)[:, None] * at_node)
