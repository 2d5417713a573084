"""Tiers of support by guarantee level: pure functions of the cumulative model's posterior."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit, softmax

from analysis.posterior.summaries import summarize_draws
from models.likelihood.joining import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import prepare_coalition_data
from models.tier import CAPABILITY, add_capability, prepare_tiers


def tier_probability(eta: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Probability of each tier.

    Parameters
    ----------
    eta : np.ndarray
        (...), logits.
    threshold : np.ndarray
        (..., tier above the lowest), rising, logits; broadcasts against ``eta[..., None]``.

    Returns
    -------
    np.ndarray
        (..., tier), 0 to 1, sums to 1.
    """
    at_least = expit(eta[..., None] - threshold)
    ends = np.ones_like(at_least[..., :1]), np.zeros_like(at_least[..., :1])
    return -np.diff(np.concatenate([ends[0], at_least, ends[1]], axis=-1), axis=-1)


def weigh_states(posterior: xr.Dataset, panel: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """What a state's tiers say about its own effect, which the model integrates out, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws of ``models.tier.build_tier_model`` along ``sample``.
    panel : xr.Dataset
        The contract's panel.

    Returns
    -------
    weight : np.ndarray
        (sample, state, node): probability, given the tiers and the draw, of each value of the effect.
    effect : np.ndarray
        (sample, node): the values, logits. One node of 0 where the model has no state effects.
    """
    n_sample = posterior.sizes["sample"]
    if "state_sd" not in posterior:
        return np.ones((n_sample, panel.sizes["state"], 1)), np.zeros((n_sample, 1))
    effect = posterior["state_sd"].transpose("sample").values[:, None] * STATE_NODES
    tier, _ = prepare_tiers(panel)
    own = _eta(posterior, panel) + _added_by(posterior, panel, level=None)
    threshold = _thresholds(posterior)[:, :, None, None]
    log_weight = np.zeros((n_sample, panel.sizes["state"], len(STATE_NODES))) + STATE_LOG_WEIGHTS
    for case, included in enumerate(panel["included"].values):
        probability = tier_probability(own[:, case, :, None] + effect[:, None, :], threshold[:, case])
        did = np.take_along_axis(probability, tier[case][None, :, None, None], axis=-1)[..., 0]
        log_weight += np.where(included[None, :, None], np.log(np.maximum(did, 1e-300)), 0.0)
    return softmax(log_weight, axis=-1), effect


def predict_tiers(
    posterior: xr.Dataset, panel: xr.Dataset, level: str | None, states: tuple[np.ndarray, np.ndarray]
) -> xr.DataArray:
    """Probability of each tier for each state-case, had it the given guarantee, all else as it is.

    Parameters
    ----------
    posterior : xr.Dataset
        As in ``weigh_states``.
    panel : xr.Dataset
        The contract's panel.
    level : str or None
        Guarantee level given to all; None for each state's own.
    states : tuple of np.ndarray
        From ``weigh_states``.

    Returns
    -------
    xr.DataArray
        (sample, case, state, tier), 0 to 1; NaN where a state is not in the case.
    """
    eta = _eta(posterior, panel) + _added_by(posterior, panel, level)
    threshold = _thresholds(posterior)[:, :, None, :]
    weight, effect = states
    probability = 0.0
    for node in range(weight.shape[-1]):
        at_node = tier_probability(eta + effect[:, None, None, node], threshold)
        probability = probability + weight[:, None, :, node, None] * at_node
    return xr.DataArray(
        probability,
        dims=("sample", "case", "state", "tier"),
        coords={
            "case": panel["case"].values,
            "state": panel["state"].values,
            "tier": prepare_tiers(panel)[1],
        },
    ).where(panel["included"].reset_coords(drop=True))


def compute_tiers(posterior: xr.Dataset, panel: xr.Dataset, groups: xr.DataArray) -> xr.DataArray:
    """Mean probability of each tier had all states of a group a guarantee level, as labelled draws.

    Parameters
    ----------
    posterior : xr.Dataset
        As in ``weigh_states``.
    panel : xr.Dataset
        The contract's panel.
    groups : xr.DataArray
        (case, state), str, with the attribute ``levels``: names of the groups; ``all`` is added.

    Returns
    -------
    xr.DataArray
        (level, group, case, tier, sample); the last case is ``pooled``, each case with the same weight.
        Averages are taken within draws, over the included states as they are.
    """
    states = weigh_states(posterior, panel)
    names = ["all", *groups.attrs["levels"]]
    levels = list(panel["guarantee"].attrs["levels"])
    by_level = []
    for level in levels:
        probability = predict_tiers(posterior, panel, level, states)
        by_group = [
            (probability if name == "all" else probability.where(groups.reset_coords(drop=True) == name))
            .mean("state")
            .expand_dims(group=[name])
            for name in names
        ]
        by_level.append(xr.concat(by_group, "group"))
    found = xr.concat(by_level, pd.Index(levels, name="level"))
    pooled = found.mean("case").expand_dims(case=["pooled"])
    return xr.concat([found, pooled], "case").transpose("level", "group", "case", "tier", "sample")


def summarize_tiers(tiers: xr.DataArray) -> pd.DataFrame:
    """One row per case, level, group and tier: mean, sd and the 90 % interval of its probability."""
    table = summarize_draws(tiers)
    keys = ["case", "level", "group", "tier"]
    return table[[*keys, "mean", "sd", "lower", "upper"]]


def _eta(posterior: xr.Dataset, panel: xr.Dataset) -> np.ndarray:
    """Linear predictor without the guarantee, (sample, case, state), states in the panel's order."""
    return posterior["eta"].sel(state=panel["state"].values).transpose("sample", "case", "state").values


def _thresholds(posterior: xr.Dataset) -> np.ndarray:
    """All thresholds, the first of each case 0: (sample, case, tier above the lowest)."""
    first = np.zeros((posterior.sizes["sample"], posterior.sizes["case"], 1))
    if "threshold" not in posterior:
        return first
    higher = posterior["threshold"].transpose("sample", "case", "higher").values
    return np.concatenate([first, higher], axis=-1)


def _added_by(posterior: xr.Dataset, panel: xr.Dataset, level: str | None) -> np.ndarray:
    """What the guarantee adds to each state-case's logit: its own level, or one for all."""
    effect = posterior["guarantee_effect"].transpose("sample", "case", "level").values
    added = np.repeat(effect[:, :, None, :], panel.sizes["state"], axis=2)
    if "guarantee_capability" in posterior:
        wider = add_capability(panel)
        column = list(wider["covariate"].values).index(CAPABILITY)
        capability = prepare_coalition_data(wider)["covariates"][..., column]
        slope = posterior["guarantee_capability"].transpose("sample", "level").values
        added = added + slope[:, None, None, :] * capability[None, :, :, None]
    levels = [str(name) for name in posterior["level"].values]
    if level is not None:
        return added[..., levels.index(level)] if level in levels else np.zeros(added.shape[:3])
    own = panel["guarantee"].values
    return sum(added[..., k] * (own == name) for k, name in enumerate(levels))
