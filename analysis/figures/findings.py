"""Titles that say what a figure shows, from the numbers that it draws."""

import re

import pandas as pd
import xarray as xr

from analysis.figures.style import short_level
from analysis.posterior.words import number, points, take_headline

SPACE = "\N{NO-BREAK SPACE}"


def name_cases(panel: xr.Dataset) -> dict[str, str]:
    """Labels of the cases by name."""
    return dict(zip(map(str, panel["case"].values), map(str, panel["label"].values), strict=True))


def name_difference(labels: list[str]) -> str:
    """Name the difference of two cases, without their years: ``Iraq minus ISIS``."""
    return " minus ".join(re.sub(r"\s*\d{4}.*$", "", label) or label for label in labels)


def find_numbers(effects: pd.DataFrame, quantity: str, panel: xr.Dataset) -> list[tuple[str, float]]:
    """Return label and mean of a quantity in each case that has it."""
    rows = take_headline(effects[effects["quantity"] == quantity])
    means = rows.set_index("case")["mean"]
    return [(label, means[case]) for case, label in name_cases(panel).items() if case in means.index]


def say_more(mean: float) -> str:
    """Say a difference of probabilities without a sign: ``53 points more``, ``3 points less``."""
    return f"{points(abs(mean))} points {'less' if mean < 0 else 'more'}"


def title_effects(effects: pd.DataFrame, panel: xr.Dataset) -> str:
    """Say how much more joining the highest level goes with, in each case."""
    level = panel["guarantee"].attrs["levels"][-1]
    found = find_numbers(effects, f"ame_{level}_total", panel)
    parts = ", ".join(f"{say_more(mean)} joining in {label}" for label, mean in found)
    return f"All else alike, a {short_level(level)} goes with {parts}"


def title_alignment(effects: pd.DataFrame, panel: xr.Dataset, axis: str = "") -> str:
    """Say how much nearer to the US states with the highest level stand, in each case."""
    level = panel["guarantee"].attrs["levels"][-1]
    found = find_numbers(effects, f"alignment_{level}{axis}", panel)
    parts = ", ".join(
        f"{number(abs(mean), 2)} sd {'farther from' if mean < 0 else 'nearer to'} the US before {label}"
        for label, mean in found
    )
    return f"All else alike, states with a {short_level(level)} stood {parts}"


def title_groups(effects: pd.DataFrame, panel: xr.Dataset) -> str:
    """Say between which ends the highest level's effect lies over all groups of states, the cases pooled."""
    level = panel["guarantee"].attrs["levels"][-1]
    rows = effects[(effects["quantity"] == f"ame_{level}_total") & (effects["case"] == "pooled")]
    lowest, highest = points(rows["mean"].min()), points(rows["mean"].max())
    return (
        f"All else alike, a {short_level(level)} goes with {lowest} to {highest} points more joining over "
        "the groups of states, coalitions averaged"
    )


def title_nearest(rows: pd.DataFrame, label: str, axis: str = "") -> str:
    """Say who stood nearest to the US and who farthest; ``rows`` have ``name``, from the farthest on."""
    farthest, *_, third, second, first = rows["name"].to_list()
    near = f"{first}, {second} and {third} stood nearest to the US before {label}"
    return f"{near}, {farthest} farthest" + (f": {axis}" if axis else "")


def title_joining(effects: pd.DataFrame, panel: xr.Dataset) -> str:
    """Say which share joins with the highest level and with none, all else alike, in each case."""
    reference, *_, level = panel["guarantee"].attrs["levels"]
    bare, given = (find_numbers(effects, f"probability_{name}_total", panel) for name in (reference, level))
    parts = ", ".join(
        f"{points(after)}{SPACE}% with a {short_level(level)} and {points(before)}{SPACE}% without in {label}"
        for (label, before), (_, after) in zip(bare, given, strict=True)
    )
    return f"All else alike, the probability of joining is {parts}"
