"""Quantities of interest: pure functions of posteriors. Nothing here fits, reads or writes."""

from functools import partial

import numpy as np
import xarray as xr
from scipy.special import softmax

from models.likelihood.joining import STATE_LOG_WEIGHTS, STATE_NODES
from models.likelihood.link import cdf, log_cdf
from models.panel import list_exposures

ALL = "all"
"""Name of the group of all states."""


def weigh_state_effects(posterior: xr.Dataset, panel: xr.Dataset, link: str = "logit") -> xr.DataArray:
    """What a state's answers say about its own effect, which the model integrates out, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, case, state), ``guarantee_effect`` (sample, case, level) and, where the model has
        state effects, ``state_sd`` (sample).
    panel : xr.Dataset
        The contract's panel.
    link : str
        That of the model; see ``models.likelihood.link``.

    Returns
    -------
    xr.DataArray
        (node, sample, state): probability, given the answers and the draw, of each value of the state
        effect; coordinate ``effect`` (node, sample), logits.
    """
    if "state_sd" not in posterior:
        weights = xr.ones_like(posterior["eta"].isel(case=0, drop=True)).expand_dims(node=1)
        return weights.assign_coords(effect=(("node", "sample"), np.zeros((1, posterior.sizes["sample"]))))
    sd = posterior["state_sd"].values
    own = posterior["eta"] + add_guarantee(posterior["guarantee_effect"], panel, level=None)
    sign = xr.where(panel["joined"] == 1, 1.0, -1.0).where(panel["included"])
    log_weights = []
    for node, log_weight in zip(STATE_NODES, STATE_LOG_WEIGHTS, strict=True):
        answer = sign * (own + xr.DataArray(sd * node, dims="sample"))
        log_weights.append(log_weight + log_cdf(link, answer).fillna(0.0).sum("case"))
    stacked = xr.concat(log_weights, "node").transpose("node", "sample", "state")
    weights = stacked.copy(data=softmax(stacked.values, axis=0))
    return weights.assign_coords(effect=(("node", "sample"), STATE_NODES[:, None] * sd))


def predict_joining(
    posterior: xr.Dataset,
    panel: xr.Dataset,
    level: str | None,
    weights: xr.DataArray,
    moved: xr.DataArray | float = 0.0,
    link: str = "logit",
) -> xr.DataArray:
    """Probability of joining of each state-case, had it the given guarantee, everything else as it is.

    Parameters
    ----------
    posterior : xr.Dataset
        ``eta`` (sample, case, state) and ``guarantee_effect`` (sample, case, level), logits.
    panel : xr.Dataset
        The contract's panel.
    level : str or None
        Guarantee level given to all; None for each state's own.
    weights : xr.DataArray
        From ``weigh_state_effects``.
    moved : xr.DataArray or float
        Logits added to ``eta``, e.g. for another alignment than the state's own.
    link : str
        That of the model; see ``models.likelihood.link``.

    Returns
    -------
    xr.DataArray
        (sample, case, state), 0 to 1; NaN where a state is not in the case.
    """
    eta = posterior["eta"] + add_guarantee(posterior["guarantee_effect"], panel, level) + moved
    eta = eta.transpose("sample", "case", "state")
    # Arrays, not labels: aligning them at every node would take most of the time.
    reaction, probability = eta.values, np.zeros(eta.shape)
    at_nodes = weights.transpose("node", "sample", "state")
    for weight, effect in zip(at_nodes.values, at_nodes["effect"].values, strict=True):
        probability += weight[:, None, :] * cdf(link, reaction + effect[:, None, None])
    return eta.copy(data=probability).where(panel["included"])


def add_guarantee(effect: xr.DataArray, panel: xr.Dataset, level: str | None) -> xr.DataArray | float:
    """What the guarantee adds to each state-case: that of its own level, or one level for all.

    Parameters
    ----------
    effect : xr.DataArray
        (..., case, level): effects of the levels above the first.
    panel : xr.Dataset
        The contract's panel.
    level : str or None
        A level for all, or None for each state's own.
    """
    levels = panel["guarantee"].attrs["levels"]
    if level is not None:
        return 0.0 if level == levels[0] else effect.sel(level=level, drop=True)
    return xr.dot(effect, list_exposures(panel), dim="level")


def list_groups(panel: xr.Dataset) -> xr.DataArray:
    """Who is averaged over: all included states, and those of each capability group that the panel has.

    Returns
    -------
    xr.DataArray
        (group, case, state), bool; the first group is ``all``.
    """
    groups = {ALL: panel["included"]}
    if "capability_group" in panel:
        of_state = panel["capability_group"]
        groups |= {name: panel["included"] & (of_state == name) for name in of_state.attrs["levels"]}
    stacked = xr.concat(
        [group.drop_vars(panel.coords, errors="ignore") for group in groups.values()], "group"
    )
    return stacked.assign_coords(group=list(groups), case=panel["case"].values, state=panel["state"].values)


def average_over_states(values: xr.DataArray, members: xr.DataArray) -> xr.DataArray:
    """Mean over the states of each group and case, and over the cases (``pooled``), within each draw.

    Parameters
    ----------
    values : xr.DataArray
        (sample, case, state).
    members : xr.DataArray
        (group, case, state), bool: who is averaged over.

    Returns
    -------
    xr.DataArray
        (case, group, sample); the last case is ``pooled``, in which each case has the same weight. NaN where
        a group has no state.
    """
    # Before the product, so that a state outside the case, which has no value, does not count.
    total = xr.dot(values.fillna(0.0), members.astype(float), dim="state")
    size = members.sum("state")
    by_case = (total / size.where(size > 0)).reset_coords(drop=True)
    return pool_cases(by_case.transpose("case", "group", "sample"))


def pool_cases(by_case: xr.DataArray) -> xr.DataArray:
    """Append ``pooled``, the mean over the cases within each draw, along ``case``."""
    pooled = by_case.mean("case", skipna=False).expand_dims(case=["pooled"])
    return xr.concat([by_case, pooled], "case").transpose(*by_case.dims)


def contrast_cases(effects: xr.Dataset) -> xr.Dataset:
    """Append ``difference``, the first case less the second within each draw, where there are just two."""
    if effects.sizes["case"] != 3:
        return effects
    first, second = (effects.isel(case=c, drop=True) for c in (0, 1))
    return xr.concat([effects, (first - second).expand_dims(case=["difference"])], "case")


def compute_effects(
    total: xr.Dataset, direct: xr.Dataset, mediator: xr.Dataset, panel: xr.Dataset, link: str = "logit"
) -> xr.Dataset:
    """Every effect of each guarantee level, as labelled draws.

    Parameters
    ----------
    total, direct : xr.Dataset
        Posteriors of stage 2 without and with alignment, along ``sample`` (equally many).
    mediator : xr.Dataset
        Draws of the model of alignment (``models.alignment``), each made with the positions of the draw of
        ``direct`` at the same place (``analysis.posterior.positions.pair_positions``).
    panel : xr.Dataset
        The contract's panel; with ``capability_group`` effects are given by group too.
    link : str
        That of the models of joining; see ``models.likelihood.link``.

    Returns
    -------
    xr.Dataset
        (case, group, sample), ``case`` includes ``pooled`` and, where there are two, ``difference``. With
        P(g, a) the probability of joining of a state that has guarantee g and alignment a, averaged over the
        states of the group as they are (g-computation; Robins 1986, Hanmer and Kalkan 2013), for each level:

        ``probability_<level>_total``, ``ame_<level>_total``, ``risk_ratio_<level>_total``: from the model
        without alignment, all states at that level, and against no guarantee;
        ``ame_<level>_direct``: P(level, a) - P(none, a), alignment as it is;
        ``ame_<level>_natural_direct``: the same with alignment as it would be without a guarantee;
        ``ame_<level>_indirect``: P(level, a(level)) - P(level, a(none)), the guarantee held, alignment moved
        as the model of alignment says (the mediation formula; Pearl 2001, Imai, Keele and Tingley 2010);
        ``ame_<level>_mediated``: the sum of the two, the total effect as the two models together have it;
        ``att_<level>_total``, ``att_<level>_direct``: averaged over the states that have that level;

        and (case, sample): ``alignment_slope``, logits per sd; ``alignment_<level>``: what that level adds to
        alignment, sd.

    Raises
    ------
    ValueError
        If the posteriors have different numbers of draws.
    """
    sizes = {
        name: p.sizes["sample"] for name, p in (("total", total), ("direct", direct), ("mediator", mediator))
    }
    if len(set(sizes.values())) > 1:
        raise ValueError(
            ", ".join(f"{name} has {n} draws" for name, n in sizes.items()) + "; equally many are needed"
        )
    effects = _compute_total(total, panel, link) | _compute_direct(direct, mediator, panel, link)
    effects["alignment_slope"] = pool_cases(direct["alignment_slope"].transpose("case", "sample"))
    for level in panel["guarantee"].attrs["levels"][1:]:
        moves = mediator["guarantee_effect"].sel(level=level, drop=True).transpose("case", "sample")
        effects[f"alignment_{level}"] = pool_cases(moves)
    return contrast_cases(xr.Dataset(effects))


def _compute_total(total: xr.Dataset, panel: xr.Dataset, link: str) -> dict[str, xr.DataArray]:
    """What needs no alignment."""
    reference, *levels = panel["guarantee"].attrs["levels"]
    members = list_groups(panel)
    weights = weigh_state_effects(total, panel, link)
    predict = partial(predict_joining, total, panel, weights=weights, link=link)
    own = predict(None)
    without = predict(reference)
    base = average_over_states(without, members)
    effects = {f"probability_{reference}_total": base}
    for level in levels:
        has_level = members & (panel["guarantee"] == level).reset_coords(drop=True)
        with_level = average_over_states(predict(level), members)
        effects[f"probability_{level}_total"] = with_level
        effects[f"ame_{level}_total"] = with_level - base
        effects[f"risk_ratio_{level}_total"] = with_level / base
        effects[f"att_{level}_total"] = average_over_states(own - without, has_level)
    return effects


def _compute_direct(
    direct: xr.Dataset, mediator: xr.Dataset, panel: xr.Dataset, link: str
) -> dict[str, xr.DataArray]:
    """What holds alignment fixed, and what moves it alone."""
    reference, *levels = panel["guarantee"].attrs["levels"]
    members = list_groups(panel)
    weights = weigh_state_effects(direct, panel, link)
    predict = partial(predict_joining, direct, panel, weights=weights, link=link)
    slope, by_level = direct["alignment_slope"], mediator["guarantee_effect"]
    # A state's alignment had it another guarantee: its own, moved by the difference of the two effects, so
    # that what else makes the state stand where it stands stays with it.
    own_move = add_guarantee(by_level, panel, None)
    unmoved = -slope * own_move
    own = predict(None)
    without = predict(reference)
    neither = predict(reference, moved=unmoved)
    effects = {}
    for level in levels:
        has_level = members & (panel["guarantee"] == level).reset_coords(drop=True)
        moved = slope * (add_guarantee(by_level, panel, level) - own_move)
        only_guarantee = predict(level, moved=unmoved)
        differences = {
            "direct": predict(level) - without,
            "natural_direct": only_guarantee - neither,
            "indirect": predict(level, moved=moved) - only_guarantee,
        }
        for name, difference in differences.items():
            effects[f"ame_{level}_{name}"] = average_over_states(difference, members)
        effects[f"ame_{level}_mediated"] = (
            effects[f"ame_{level}_natural_direct"] + effects[f"ame_{level}_indirect"]
        )
        effects[f"att_{level}_direct"] = average_over_states(own - without, has_level)
    return effects
