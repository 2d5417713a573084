"""Quantities of interest: pure functions of posteriors. Nothing here fits, reads or writes."""

from dataclasses import dataclass
from functools import partial

import pandas as pd
import xarray as xr

from analysis.posterior.joining import (
    add_guarantee,
    average_over_states,
    list_groups,
    pool_cases,
    predict_joining,
    weigh_state_effects,
)


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What comes out of both stages.

    Attributes
    ----------
    table : pd.DataFrame
        See ``analysis.posterior.summaries.summarize_effects``.
    draws, mediator : xr.Dataset
        Labelled draws of every effect; of the model of alignment.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    mediator: xr.Dataset


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
