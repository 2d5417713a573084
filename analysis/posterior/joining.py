"""What draws of stage 2 say about each state's answers: pure functions, in plain arrays."""

import numpy as np
import xarray as xr
from scipy.special import expit, log_expit, logsumexp

from models.likelihood.joining import STATE_LOG_WEIGHTS, STATE_NODES


def linear_predictor(posterior: xr.Dataset, data: dict[str, np.ndarray]) -> np.ndarray:
    """Logits of joining without the state effects, for any data of the model's shape.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of the model with alignment.
    data : dict of str to np.ndarray
        From ``analysis.studies.checks.bench.Stage2.data``.

    Returns
    -------
    np.ndarray
        (sample, case, state), the guarantee included.
    """
    dims = {
        "intercept": ("case",),
        "covariate_slope": ("case", "covariate"),
        "region_effect": ("case", "region"),
        "guarantee_effect": ("case", "level"),
        "alignment_slope": ("case",),
    }
    value = {name: posterior[name].transpose("sample", *of).values for name, of in dims.items()}
    eta = value["intercept"][:, :, None] + value["region_effect"][:, :, data["region_idx"]]
    eta += np.einsum("nck,csk->ncs", value["covariate_slope"], data["covariates"])
    eta += np.einsum("ncl,lcs->ncs", value["guarantee_effect"], data["has_level"])
    return eta + value["alignment_slope"][:, :, None] * data["alignment"]


def state_effects(posterior: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Values (sample, node) that a state effect takes, logits, and their log prior probabilities (node,)."""
    if "state_sd" not in posterior:
        return np.zeros((posterior.sizes["sample"], 1)), np.zeros(1)
    return posterior["state_sd"].transpose("sample").values[:, None] * STATE_NODES, STATE_LOG_WEIGHTS


def log_likelihood_by_state(posterior: xr.Dataset, data: dict[str, np.ndarray]) -> np.ndarray:
    """Log probability of all that each state did, its own effect integrated out.

    Parameters
    ----------
    posterior, data
        As in ``linear_predictor``.

    Returns
    -------
    np.ndarray
        (sample, state): a state, which answers once in every case, is the unit that can be left out.
    """
    eta = linear_predictor(posterior, data)
    sign = 2 * data["joined_observed"] - 1
    effect, log_weight = state_effects(posterior)
    by_node = np.stack(
        [
            w + (data["included"] * log_expit(sign * (eta + effect[:, None, None, n]))).sum(1)
            for n, w in enumerate(log_weight)
        ]
    )
    return logsumexp(by_node, axis=0)


def probability_of_joining(posterior: xr.Dataset, data: dict[str, np.ndarray]) -> np.ndarray:
    """Probability that a state like this joins, its own effect unknown.

    Parameters
    ----------
    posterior, data
        As in ``linear_predictor``.

    Returns
    -------
    np.ndarray
        (sample, case, state), 0 to 1.
    """
    eta = linear_predictor(posterior, data)
    effect, log_weight = state_effects(posterior)
    weight = np.exp(log_weight)
    return sum(w * expit(eta + effect[:, None, None, n]) for n, w in enumerate(weight))


def replicate_answers(
    posterior: xr.Dataset, data: dict[str, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Answers that the model would give again: a new effect for each state, shared by its cases.

    Returns
    -------
    np.ndarray
        (sample, case, state), 0 or 1; 0 where a state is not in a case.
    """
    eta = linear_predictor(posterior, data)
    if "state_sd" in posterior:
        sd = posterior["state_sd"].transpose("sample").values
        eta = eta + (sd[:, None] * rng.normal(size=(eta.shape[0], eta.shape[2])))[:, None, :]
    return (rng.random(eta.shape) < expit(eta)) * data["included"]


def state_outcomes(
    posterior: xr.Dataset,
    data: dict[str, np.ndarray],
    level: int,
    effects: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of joining of each state-case had it no guarantee, and had it a level.

    Parameters
    ----------
    posterior, data
        As in ``linear_predictor``.
    level : int
        Index of the level among those above none.
    effects : tuple of np.ndarray, optional
        Values (sample, node) of what is unseen of a state, logits, and their log prior probabilities,
        (node,) or (state, node); by default those of ``state_effects``.

    Returns
    -------
    without, given : np.ndarray
        (sample, case, state), 0 to 1: what is unseen of a state is weighed by the state's own answers, as
        in ``analysis.posterior.effects``; NaN where a state is not in a case.
    """
    value, log_weight = state_effects(posterior) if effects is None else effects
    log_weight = np.broadcast_to(log_weight, (data["included"].shape[1], value.shape[1]))
    eta = linear_predictor(posterior, data)
    added = posterior["guarantee_effect"].transpose("sample", "case", "level").values
    bare = eta - np.einsum("ncl,lcs->ncs", added, data["has_level"])
    raised = bare + added[:, :, level, None]
    sign = 2 * data["joined_observed"] - 1
    total, without, given = 0.0, 0.0, 0.0
    for n in range(value.shape[1]):
        nu = value[:, None, None, n]
        answers = (data["included"] * log_expit(sign * (eta + nu))).sum(1)
        weight = np.exp(log_weight[:, n] + answers)[:, None]
        total = total + weight
        without = without + weight * expit(bare + nu)
        given = given + weight * expit(raised + nu)
    absent = np.where(data["included"] == 1, 1.0, np.nan)
    return absent * without / total, absent * given / total


def state_contrasts(
    posterior: xr.Dataset,
    data: dict[str, np.ndarray],
    level: int,
    effects: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Change in each state-case's probability of joining by a guarantee level, against none.

    Parameters are those of ``state_outcomes``; returns (sample, case, state), -1 to 1.
    """
    without, given = state_outcomes(posterior, data, level, effects)
    return given - without


def average_contrasts(contrasts: np.ndarray) -> np.ndarray:
    """Mean over the states of each case, and over the cases: (sample, case), the last one pooled."""
    present = ~np.isnan(contrasts[0])
    by_case = np.where(present, contrasts, 0.0).sum(2) / present.sum(1)
    return np.concatenate([by_case, by_case.mean(1, keepdims=True)], axis=1)
