"""G-computation: who would join if every state had a given guarantee.

The models of joining integrate out each state's effect by quadrature. Given the state's decisions, each node
has a posterior probability. All averages over states, in the main job and in the studies, use
``weigh_nodes``, ``predict_at_nodes`` and ``average_over_states``.
"""

import numpy as np
import xarray as xr
from scipy.special import softmax

from models.exposure import BY_REGION, list_exposures, spread_guarantee
from models.likelihood.link import cdf, log_cdf
from models.likelihood.quadrature import STATE_LOG_WEIGHTS, STATE_NODES
from models.panel import prepare_panel_data

ALL, OVERLAP = "all", "overlap"
"""Names of the group of all states, and of those in regions where some have the level and some have none."""


def weigh_nodes(log_likelihood: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    """Return the probability of each value of a state's effect, given the state's decisions.

    Parameters
    ----------
    log_likelihood : np.ndarray
        (node, sample, state): log probability of all decisions of a state, at each value.
    log_prior : np.ndarray
        (node,) or (state, node): log prior probability of each value.

    Returns
    -------
    np.ndarray
        (node, sample, state), 0 to 1. Sums to 1 over the nodes.
    """
    prior = np.moveaxis(np.atleast_2d(log_prior), -1, 0)[:, None, :]
    return softmax(prior + log_likelihood, axis=0)


def predict_at_nodes(
    eta: np.ndarray, weights: np.ndarray, effect: np.ndarray, link: str = "logit"
) -> np.ndarray:
    """Return the probability of joining, averaged over the values of each state's effect.

    Parameters
    ----------
    eta : np.ndarray
        (sample, case, state): linear predictor without the state's effect, on the scale of the link.
    weights : np.ndarray
        (node, sample, state), from ``weigh_nodes``.
    effect : np.ndarray
        (node, sample): values of the state's effect, on the scale of the link.
    link : str
        Link of the model; see ``models.likelihood.link``.

    Returns
    -------
    np.ndarray
        (sample, case, state), 0 to 1.
    """
    probability = np.zeros(eta.shape)
    for weight, at in zip(weights, effect, strict=True):
        probability += weight[:, None, :] * cdf(link, eta + at[:, None, None])
    return probability


def weigh_state_effects(posterior: xr.Dataset, panel: xr.Dataset, link: str = "logit") -> xr.DataArray:
    """Return the posterior of each state's effect given its decisions, within each draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, case, state), ``guarantee_effect`` (sample, case, level) and, where the model has
        them, interactions and ``state_sd`` (sample).
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    link : str
        Link of the model; see ``models.likelihood.link``.

    Returns
    -------
    xr.DataArray
        (node, sample, state): probability of each value of the state's effect. The coordinate ``effect``
        (node, sample) has the values, on the scale of the link.
    """
    if "state_sd" not in posterior:
        weights = xr.ones_like(posterior["eta"].isel(case=0, drop=True)).expand_dims(node=1)
        return weights.assign_coords(effect=(("node", "sample"), np.zeros((1, posterior.sizes["sample"]))))
    sd = posterior["state_sd"].values
    own = posterior["eta"] + add_guarantee(guarantee_on_states(posterior, panel), panel, level=None)
    sign = xr.where(panel["joined"] == 1, 1.0, -1.0).where(panel["included"])
    answered = [
        log_cdf(link, sign * (own + xr.DataArray(sd * node, dims="sample"))).fillna(0.0).sum("case")
        for node in STATE_NODES
    ]
    stacked = xr.concat(answered, "node").transpose("node", "sample", "state")
    weights = stacked.copy(data=weigh_nodes(stacked.values, STATE_LOG_WEIGHTS))
    return weights.assign_coords(effect=(("node", "sample"), STATE_NODES[:, None] * sd))


def predict_joining(
    posterior: xr.Dataset,
    panel: xr.Dataset,
    level: str | None,
    weights: xr.DataArray,
    moved: xr.DataArray | float = 0.0,
    link: str = "logit",
) -> xr.DataArray:
    """Return the probability of joining of each state and case under a guarantee, all else as observed.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, case, state), ``guarantee_effect`` (sample, case, level) and interactions, if any, on
        the scale of the link.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    level : str or None
        Guarantee level of all states; None for each state's own.
    weights : xr.DataArray
        From ``weigh_state_effects``.
    moved : xr.DataArray or float
        Shift of ``eta``, for example for a counterfactual alignment.
    link : str
        Link of the model; see ``models.likelihood.link``.

    Returns
    -------
    xr.DataArray
        (sample, case, state), 0 to 1. NaN if the state is not in the case.
    """
    eta = posterior["eta"] + add_guarantee(guarantee_on_states(posterior, panel), panel, level) + moved
    eta = eta.transpose("sample", "case", "state")
    at_nodes = weights.transpose("node", "sample", "state")
    # Use plain arrays: aligning labels at every node would take most of the time.
    probability = predict_at_nodes(eta.values, at_nodes.values, at_nodes["effect"].values, link)
    return eta.copy(data=probability).where(panel["included"])


def guarantee_on_states(posterior: xr.Dataset, panel: xr.Dataset) -> xr.DataArray:
    """Return the effect of each level, (sample, case, level), or with interactions on each state, logits."""
    if BY_REGION not in posterior:
        return posterior["guarantee_effect"]
    data = prepare_panel_data(panel, "impute")
    effect = spread_guarantee(posterior, data.covariates, data.region_idx)
    return effect.assign_coords(state=panel["state"].values)


def add_guarantee(effect: xr.DataArray, panel: xr.Dataset, level: str | None) -> xr.DataArray | float:
    """Return what the guarantee adds to the linear predictor, at each state's own level or at a given one.

    Parameters
    ----------
    effect : xr.DataArray
        (..., case, level) or (..., case, level, state): effects of the levels above the first.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    level : str or None
        Guarantee level of all states; None for each state's own.
    """
    levels = panel["guarantee"].attrs["levels"]
    if level is not None:
        return 0.0 if level == levels[0] else effect.sel(level=level, drop=True)
    return xr.dot(effect, list_exposures(panel), dim="level")


def list_groups(panel: xr.Dataset, level: str | None = None) -> xr.DataArray:
    """Return the groups over which the effect of a level is averaged.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    level : str, optional
        Guarantee level. Default: the highest.

    Returns
    -------
    xr.DataArray
        (group, case, state), bool. ``all``: all included states; ``overlap``: those of regions in which some
        state has the level and some has none, in that case. Then the capability groups, within the overlap,
        and each region, empty in cases in which it does not overlap. A panel without regions has no overlap.
    """
    groups = {ALL: panel["included"]}
    comparable = panel["included"]
    if "region" in panel.coords:
        comparable = groups[OVERLAP] = find_overlap(panel, level)
    if "capability_group" in panel:
        of_state = panel["capability_group"]
        groups |= {name: comparable & (of_state == name) for name in of_state.attrs["levels"]}
    if OVERLAP in groups:
        groups |= {str(name): comparable & (panel["region"] == name) for name in np.unique(panel["region"])}
    stacked = xr.concat(
        [group.drop_vars(panel.coords, errors="ignore") for group in groups.values()], "group"
    )
    return stacked.assign_coords(group=list(groups), case=panel["case"].values, state=panel["state"].values)


def find_overlap(panel: xr.Dataset, level: str | None = None) -> xr.DataArray:
    """Return whether a state is in the sample and its region overlaps for a level: (case, state), bool."""
    reference, *levels = panel["guarantee"].attrs["levels"]
    level = levels[-1] if level is None else level
    overlap = xr.zeros_like(panel["included"])
    for region in np.unique(panel["region"].values):
        inside = panel["included"] & (panel["region"] == region)
        both = [(inside & (panel["guarantee"] == name)).any("state") for name in (reference, level)]
        overlap = overlap | (inside & both[0] & both[1])
    return overlap


def find_holders(panel: xr.Dataset, level: str) -> xr.DataArray:
    """Return which states have a level, among those over which its probability is averaged: (case, state).

    For no guarantee, these are the states of regions that overlap for the highest level.
    """
    reference = panel["guarantee"].attrs["levels"][0]
    comparable = find_overlap(panel, None if level == reference else level)
    sample = comparable if comparable.any("state").all() else panel["included"]
    return sample & (panel["guarantee"] == level)


def average_over_states(values: xr.DataArray, members: xr.DataArray) -> xr.DataArray:
    """Average over the states of each group and case, and then over the cases (``pooled``), within each draw.

    Parameters
    ----------
    values : xr.DataArray
        (sample, case, state).
    members : xr.DataArray
        (group, case, state), bool; see ``list_groups``.

    Returns
    -------
    xr.DataArray
        (case, group, sample). The last case is ``pooled``: the cases with equal weights. NaN if a group has
        no state.
    """
    # States outside the case are NaN. As zeros they do not count in the sum.
    total = xr.dot(values.fillna(0.0), members.astype(float), dim="state")
    size = members.sum("state")
    by_case = (total / size.where(size > 0)).reset_coords(drop=True)
    return pool_cases(by_case.transpose("case", "group", "sample"))


def pool_cases(by_case: xr.DataArray) -> xr.DataArray:
    """Append ``pooled``, the mean over cases within each draw, along ``case``."""
    pooled = by_case.mean("case", skipna=False).expand_dims(case=["pooled"])
    return xr.concat([by_case, pooled], "case").transpose(*by_case.dims)


def average_contrasts(contrasts: np.ndarray) -> np.ndarray:
    """Average contrasts (sample, case, state) over states to (sample, case). The last case is pooled."""
    values = xr.DataArray(
        contrasts,
        dims=("sample", "case", "state"),
        coords={"case": np.arange(contrasts.shape[1]).astype(str)},
    )
    members = values.isel(sample=0, drop=True).notnull().expand_dims(group=[ALL])
    return average_over_states(values, members).isel(group=0).transpose("sample", "case").values
