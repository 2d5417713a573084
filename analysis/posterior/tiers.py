"""Tiers of support by guarantee level, from draws of the model of tiers."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from analysis.posterior.answers import state_effects
from analysis.posterior.joining import add_guarantee, weigh_nodes
from analysis.posterior.summaries import summarize_draws
from models.exposure import BY_CAPABILITY, find_capability
from models.panel import add_capability, prepare_panel_data, prepare_tiers


def tier_probability(reached: np.ndarray) -> np.ndarray:
    """Turn probabilities of reaching each tier above the lowest into those of ending in each tier.

    Parameters
    ----------
    reached : np.ndarray
        (..., tier above the lowest), 0 to 1, falling.

    Returns
    -------
    np.ndarray
        (..., tier), 0 to 1, sums to 1.
    """
    ends = np.ones_like(reached[..., :1]), np.zeros_like(reached[..., :1])
    return -np.diff(np.concatenate([ends[0], reached, ends[1]], axis=-1), axis=-1)


def weigh_states(posterior: xr.Dataset, panel: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return what a state's tiers say about its own effect, draw by draw.

    Returns the probability (node, sample, state) of each value of the effect, and the values (node, sample),
    logits. If the model has no state effects, there is one node of 0.
    """
    effect, log_prior = state_effects(posterior)
    tier, _ = prepare_tiers(panel)
    reach = _prepare_reach(posterior, panel, level=None)
    log_likelihood = np.zeros((len(effect), posterior.sizes["sample"], panel.sizes["state"]))
    for node, at in enumerate(effect):
        probability = tier_probability(reach(at))
        for case, included in enumerate(panel["included"].values):
            did = np.take_along_axis(probability[:, case], tier[case][None, :, None], axis=-1)[..., 0]
            log_likelihood[node] += np.where(included, np.log(np.maximum(did, 1e-300)), 0.0)
    return weigh_nodes(log_likelihood, log_prior), effect


def predict_tiers(
    posterior: xr.Dataset, panel: xr.Dataset, level: str | None, states: tuple[np.ndarray, np.ndarray]
) -> xr.DataArray:
    """Return the probability of each tier for each state-case, had it the given guarantee, all else as it is.

    ``level`` None keeps each state's own level; ``states`` are from ``weigh_states``. Returns (sample, case,
    state, tier), 0 to 1; NaN where a state is not in the case.
    """
    reach = _prepare_reach(posterior, panel, level)
    reached = sum(weight[:, None, :, None] * reach(at) for weight, at in zip(*states, strict=True))
    return xr.DataArray(
        tier_probability(reached),
        dims=("sample", "case", "state", "tier"),
        coords={
            "case": panel["case"].values,
            "state": panel["state"].values,
            "tier": prepare_tiers(panel)[1],
        },
    ).where(panel["included"].reset_coords(drop=True))


def compute_tiers(posterior: xr.Dataset, panel: xr.Dataset, groups: xr.DataArray) -> xr.DataArray:
    """Return the mean probability of each tier, had all states of a group a guarantee level.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws of ``models.tier.build_tier_model`` along ``sample``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
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
    """Return mean, sd and 90 % interval of each probability, a row for each case, level, group and tier."""
    table = summarize_draws(tiers)
    keys = ["case", "level", "group", "tier"]
    return table[[*keys, "mean", "sd", "lower", "upper"]]


def _prepare_reach(posterior: xr.Dataset, panel: xr.Dataset, level: str | None) -> Callable:
    """Prepare the probability of reaching each tier above the lowest, given the states' own effect.

    With each state's own guarantee, or one for all. The function returned takes the effect (sample,), logits,
    and returns (sample, case, state, tier above the lowest), 0 to 1.
    """
    effect = posterior["guarantee_effect"]
    if BY_CAPABILITY in posterior:
        wider = add_capability(panel)
        column = find_capability(wider["covariate"].values)
        capability = prepare_panel_data(wider).covariates[..., column]
        effect = effect + posterior[BY_CAPABILITY] * xr.DataArray(capability, dims=("case", "state"))
    eta = posterior["eta"].sel(state=panel["state"].values) + add_guarantee(effect, panel, level)
    if "step" in eta.dims:
        steps = eta.transpose("sample", "case", "state", "step").values
        return lambda at: np.cumprod(expit(steps + at[:, None, None, None]), axis=-1)
    plain = eta.transpose("sample", "case", "state").values[..., None]
    below = plain - _thresholds(posterior)[:, :, None, :]
    return lambda at: expit(below + at[:, None, None, None])


def _thresholds(posterior: xr.Dataset) -> np.ndarray:
    """Return all thresholds: (sample, case, tier above the lowest). The first of each case is 0."""
    first = np.zeros((posterior.sizes["sample"], posterior.sizes["case"], 1))
    if "threshold" not in posterior:
        return first
    higher = posterior["threshold"].transpose("sample", "case", "higher").values
    return np.concatenate([first, higher], axis=-1)
