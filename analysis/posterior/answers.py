"""Predictions of each state's answers from draws of the model of joining, for any data of its shape.

The checks change the data of a compiled model: they leave states out, exchange guarantees, or set predictors
to 0. These functions therefore take the model's arrays in place of a labelled panel.
"""

import numpy as np
import xarray as xr
from scipy.special import expit, log_expit, logsumexp

from analysis.posterior.joining import predict_at_nodes, weigh_nodes
from models.exposure import spread_guarantee
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import Stage2Data


def linear_predictor(posterior: xr.Dataset, data: Stage2Data) -> np.ndarray:
    """Return the logits of joining without the state effects, for any data of the model's shape.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of the model with alignment.
    data : Stage2Data
        Data of the model.

    Returns
    -------
    np.ndarray
        (sample, case, state), the guarantee included.
    """
    dims = {
        "intercept": ("case",),
        "covariate_slope": ("case", "covariate"),
        "region_effect": ("case", "region"),
        "alignment_slope": ("case", *(["axis"] if data.alignment.ndim == 3 else [])),
    }
    value = {name: posterior[name].transpose("sample", *of).values for name, of in dims.items()}
    eta = value["intercept"][:, :, None] + value["region_effect"][:, :, data.region_idx]
    if data.subregion_idx is not None:
        subregion = posterior["subregion_effect"].transpose("sample", "case", "subregion").values
        eta += subregion[:, :, data.subregion_idx]
    eta += np.einsum("nck,csk->ncs", value["covariate_slope"], data.covariates)
    eta += add_levels(guarantee_by_state(posterior, data), data)
    if data.alignment.ndim == 3:
        return eta + np.einsum("nca,csa->ncs", value["alignment_slope"], data.alignment)
    return eta + value["alignment_slope"][:, :, None] * data.alignment


def guarantee_by_state(posterior: xr.Dataset, data: Stage2Data) -> np.ndarray:
    """Return the effect of each level on each state, logits: (sample, case, level, state).

    Without interactions it is the same for all states, and the last axis has length 1.
    """
    effect = spread_guarantee(posterior, data.covariates, data.region_idx)
    effect = effect if "state" in effect.dims else effect.expand_dims("state")
    return effect.transpose("sample", "case", "level", "state").values


def add_levels(effect: np.ndarray, data: Stage2Data) -> np.ndarray:
    """Return what each state's own levels add, (sample, case, state), from ``guarantee_by_state``."""
    return sum(effect[:, :, level] * has for level, has in enumerate(data.has_level))


def state_effects(posterior: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of a state effect, (node, sample) logits, and their log prior, (node,)."""
    if "state_sd" not in posterior:
        return np.zeros((1, posterior.sizes["sample"])), np.zeros(1)
    return STATE_NODES[:, None] * posterior["state_sd"].transpose("sample").values, STATE_LOG_WEIGHTS


def answers_at_nodes(eta: np.ndarray, data: Stage2Data, effect: np.ndarray) -> np.ndarray:
    """Return the log probability of a state's answers at each value of its effect: (node, sample, state)."""
    sign = 2 * data.joined_observed - 1
    return np.stack([(data.included * log_expit(sign * (eta + at[:, None, None]))).sum(1) for at in effect])


def log_likelihood_by_state(posterior: xr.Dataset, data: Stage2Data) -> np.ndarray:
    """Return the log probability (sample, state) of all that each state did, its own effect integrated out.

    A state answers once in every case; it is the unit that can be left out.
    """
    effect, log_weight = state_effects(posterior)
    answered = answers_at_nodes(linear_predictor(posterior, data), data, effect)
    return logsumexp(log_weight[:, None, None] + answered, axis=0)


def probability_of_joining(posterior: xr.Dataset, data: Stage2Data) -> np.ndarray:
    """Return the probability (sample, case, state) that a state like this joins, its own effect unknown."""
    eta = linear_predictor(posterior, data)
    effect, log_weight = state_effects(posterior)
    weights = np.broadcast_to(np.exp(log_weight)[:, None, None], (len(effect), *eta.shape[::2]))
    return predict_at_nodes(eta, weights, effect)


def replicate_answers(posterior: xr.Dataset, data: Stage2Data, rng: np.random.Generator) -> np.ndarray:
    """Draw answers that the model would give again: a new effect for each state, shared by its cases.

    Returns (sample, case, state), 0 or 1; 0 where a state is not in a case.
    """
    eta = linear_predictor(posterior, data)
    if "state_sd" in posterior:
        sd = posterior["state_sd"].transpose("sample").values
        eta = eta + (sd[:, None] * rng.normal(size=(eta.shape[0], eta.shape[2])))[:, None, :]
    return (rng.random(eta.shape) < expit(eta)) * data.included


def state_outcomes(
    posterior: xr.Dataset,
    data: Stage2Data,
    level: int,
    effects: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return each state-case's probability of joining had it no guarantee, and had it a level.

    Parameters
    ----------
    posterior, data
        As in ``linear_predictor``.
    level : int
        Index of the level among those above none.
    effects : tuple of np.ndarray, optional
        Values (node, sample) of what is unseen of a state, logits, and their log prior probabilities,
        (node,) or (state, node); by default those of ``state_effects``.

    Returns
    -------
    without, given : np.ndarray
        (sample, case, state), 0 to 1. What is unseen of a state is weighed by the state's own answers. NaN
        where a state is not in a case.
    """
    effect, log_prior = state_effects(posterior) if effects is None else effects
    eta = linear_predictor(posterior, data)
    weights = weigh_nodes(answers_at_nodes(eta, data, effect), log_prior)
    added = guarantee_by_state(posterior, data)
    bare = eta - add_levels(added, data)
    absent = np.where(data.included == 1, 1.0, np.nan)
    without, given = (
        absent * predict_at_nodes(logits, weights, effect) for logits in (bare, bare + added[:, :, level])
    )
    return without, given


def state_contrasts(
    posterior: xr.Dataset,
    data: Stage2Data,
    level: int,
    effects: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Return the change in each state-case's probability of joining by a guarantee level, against none.

    Takes what ``state_outcomes`` takes; returns (sample, case, state), -1 to 1.
    """
    without, given = state_outcomes(posterior, data, level, effects)
    return given - without
