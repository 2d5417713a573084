"""Quantities of interest, as pure functions of posteriors."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.interventional import compute_interventional
from analysis.posterior.joining import (
    add_guarantee,
    average_over_states,
    guarantee_on_states,
    list_groups,
    pool_cases,
    predict_joining,
    weigh_state_effects,
)
from analysis.variants.variant import FIRST
from models.alignment import move_predictor


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Effects from both stages.

    Attributes
    ----------
    table : pd.DataFrame
        Summaries; see ``analysis.posterior.summaries.summarize_effects``.
    draws : xr.Dataset
        Draws of every effect; see ``compute_effects``.
    mediator : xr.Dataset
        Draws of the model of alignment.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    mediator: xr.Dataset


def contrast_cases(effects: xr.Dataset) -> xr.Dataset:
    """Append ``difference``, the first case minus the second within each draw, if there are two cases."""
    if effects.sizes["case"] != 3:
        return effects
    first, second = (effects.isel(case=c, drop=True) for c in (0, 1))
    return xr.concat([effects, (first - second).expand_dims(case=["difference"])], "case")


def compute_effects(
    total: xr.Dataset,
    direct: xr.Dataset,
    mediator: xr.Dataset,
    panel: xr.Dataset,
    link: str = "logit",
    positions: np.ndarray | None = None,
) -> xr.Dataset:
    """Compute every effect of each guarantee level, as draws.

    Parameters
    ----------
    total, direct : xr.Dataset
        Posteriors of stage 2 without and with alignment, along ``sample``, of equal length.
    mediator : xr.Dataset
        Draws of the model of alignment (``models.alignment``). Each uses the same positions as the draw of
        ``direct`` with the same number (``analysis.posterior.positions.pair_positions``).
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``. Effects are those of ``list_groups``.
    link : str
        Link of the models of joining; see ``models.likelihood.link``.
    positions : np.ndarray, optional
        (sample, case, state): the alignment that each draw of ``direct`` used, from ``pair_positions``. With
        it, and one axis, interventional effects are added (``analysis.posterior.interventional``).

    Returns
    -------
    xr.Dataset
        Dims (case, group, sample). ``case`` includes ``pooled`` and, with two cases, ``difference``. P(g, a)
        is the probability of joining with guarantee g and alignment a, averaged over the states of a group
        (g-computation; Robins 1986, Hanmer and Kalkan 2013). For each level:

        ``probability_<level>_total``: P from the model without alignment, with all states at that level; that
        of no guarantee is over the groups of the highest level;
        ``ame_<level>_total``, ``risk_ratio_<level>_total``: its difference and ratio to no guarantee;
        ``ame_<level>_direct``: P(level, a) - P(none, a), with each state's own alignment;
        ``ame_<level>_natural_direct``: the same with each state's alignment under no guarantee;
        ``ame_<level>_indirect``: P(level, a(level)) - P(level, a(none)), where a(g) is the alignment under
        guarantee g (the mediation formula; Pearl 2001, Imai, Keele and Tingley 2010);
        ``ame_<level>_mediated``: the sum of the last two, the total effect according to both models;
        ``att_<level>_total``, ``att_<level>_direct``: averages over the states that have that level;
        ``log_odds_<level>_total``: the effect on the scale of the link, averaged over the same states. Unlike
        the others it does not depend on how many would join anyway.

        Dims (case, sample): ``alignment_slope``, in logits per sd; ``alignment_<level>``, the effect of that
        level on alignment, in sd.

        With alignment on several axes a(g) moves on all of them, and the last two quantities are given for
        each axis, as ``alignment_slope_<axis>`` and ``alignment_<level>_<axis>``; those of the first of two
        dimensions keep their names, because they are what one dimension has. Added is
        ``ame_<level>_indirect_<axis>``, where only the alignment on that axis moves. The sum of these is near
        the indirect effect, not equal to it, because probabilities are no linear function of alignment.

    Raises
    ------
    ValueError
        If the numbers of draws differ.
    """
    parts = {"total": total, "direct": direct, "mediator": mediator}
    sizes = [f"{name} has {part.sizes['sample']} draws" for name, part in parts.items()]
    if len({part.sizes["sample"] for part in parts.values()}) > 1:
        raise ValueError(f"{', '.join(sizes)}; the numbers must be equal")
    effects = compute_total(total, panel, link) | _compute_direct(direct, mediator, panel, link)
    if positions is not None and positions.ndim == 3:
        effects |= compute_interventional(direct, mediator, positions, panel, link)
    of_alignment = {"alignment_slope": direct["alignment_slope"]}
    for level in panel["guarantee"].attrs["levels"][1:]:
        of_alignment[f"alignment_{level}"] = mediator["guarantee_effect"].sel(level=level, drop=True)
    for name, draws in of_alignment.items():
        for suffix, on_axis in _split_axes(draws).items():
            effects[f"{name}{suffix}"] = pool_cases(on_axis.transpose("case", "sample"))
    return contrast_cases(xr.Dataset(effects))


def _split_axes(draws: xr.DataArray) -> dict[str, xr.DataArray]:
    """Return the draws of each axis by the suffix of its name; with one axis there is none."""
    if "axis" not in draws.dims:
        return {"": draws}
    names = {axis: "" if axis == FIRST else f"_{axis}" for axis in draws["axis"].values}
    return {suffix: draws.sel(axis=axis, drop=True) for axis, suffix in names.items()}


def compute_total(total: xr.Dataset, panel: xr.Dataset, link: str) -> dict[str, xr.DataArray]:
    """Compute the effects that do not depend on alignment."""
    reference, *levels = panel["guarantee"].attrs["levels"]
    weights = weigh_state_effects(total, panel, link)
    predict = partial(predict_joining, total, panel, weights=weights, link=link)
    own = predict(None)
    without = predict(reference)
    effects = {}
    for level in levels:
        members = list_groups(panel, level)
        base = average_over_states(without, members)
        # The highest level comes last: its states are those of the headline.
        effects[f"probability_{reference}_total"] = base
        has_level = members & (panel["guarantee"] == level).reset_coords(drop=True)
        with_level = average_over_states(predict(level), members)
        effects[f"probability_{level}_total"] = with_level
        effects[f"ame_{level}_total"] = with_level - base
        effects[f"risk_ratio_{level}_total"] = with_level / base
        effects[f"att_{level}_total"] = average_over_states(own - without, has_level)
        in_logits = guarantee_on_states(total, panel).sel(level=level, drop=True) + xr.zeros_like(own)
        effects[f"log_odds_{level}_total"] = average_over_states(in_logits, has_level)
    return effects


def _compute_direct(
    direct: xr.Dataset, mediator: xr.Dataset, panel: xr.Dataset, link: str
) -> dict[str, xr.DataArray]:
    """Compute the effects with alignment fixed, and through alignment alone."""
    reference, *levels = panel["guarantee"].attrs["levels"]
    weights = weigh_state_effects(direct, panel, link)
    predict = partial(predict_joining, direct, panel, weights=weights, link=link)
    slope, by_level = direct["alignment_slope"], mediator["guarantee_effect"]
    # A state's alignment under another guarantee is its own, shifted by the difference of the two effects.
    # Everything else that shapes its alignment is held fixed.
    own_move = add_guarantee(by_level, panel, None)
    unmoved = -move_predictor(slope, own_move)
    own = predict(None)
    without = predict(reference)
    neither = predict(reference, moved=unmoved)
    effects = {}
    for level in levels:
        members = list_groups(panel, level)
        has_level = members & (panel["guarantee"] == level).reset_coords(drop=True)
        move = add_guarantee(by_level, panel, level) - own_move
        only_guarantee = predict(level, moved=unmoved)
        differences = {
            "direct": predict(level) - without,
            "natural_direct": only_guarantee - neither,
            "indirect": predict(level, moved=move_predictor(slope, move)) - only_guarantee,
        }
        for axis in slope["axis"].values if "axis" in slope.dims else ():
            alone = slope.sel(axis=axis, drop=True) * by_level.sel(axis=axis, level=level, drop=True)
            differences[f"indirect_{axis}"] = predict(level, moved=unmoved + alone) - only_guarantee
        for name, difference in differences.items():
            effects[f"ame_{level}_{name}"] = average_over_states(difference, members)
        effects[f"ame_{level}_mediated"] = (
            effects[f"ame_{level}_natural_direct"] + effects[f"ame_{level}_indirect"]
        )
        effects[f"att_{level}_direct"] = average_over_states(own - without, has_level)
    return effects
