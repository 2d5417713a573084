"""Titles that say what a figure shows, from the numbers that it draws."""

import re
import textwrap

import pandas as pd
import xarray as xr

from analysis.figures.style import short_level
from analysis.posterior.words import number, points, take_headline

LINE = 88
"""Longest line of a title, characters."""
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


def wrap(title: str) -> str:
    """Break a title into lines that fit above a figure."""
    return "\n".join(textwrap.wrap(title, LINE))


def title_effects(effects: pd.DataFrame, panel: xr.Dataset) -> str:
    """Say what the highest level adds to joining, in each case."""
    level = panel["guarantee"].attrs["levels"][-1]
    found = find_numbers(effects, f"ame_{level}_total", panel)
    parts = [f"{points(mean)} points more joining in {label}" for label, mean in found[:1]]
    parts += [f"{points(mean)} in {label}" for label, mean in found[1:]]
    return wrap(f"All else alike, a {short_level(level)} goes with {', '.join(parts)}")


def title_alignment(effects: pd.DataFrame, panel: xr.Dataset, axis: str = "") -> str:
    """Say what the highest level adds to alignment, in each case."""
    level = panel["guarantee"].attrs["levels"][-1]
    found = find_numbers(effects, f"alignment_{level}{axis}", panel)
    parts = ", ".join(f"{number(mean, 2)} sd before {label}" for label, mean in found)
    return wrap(f"All else alike, states with a {short_level(level)} stand nearer to the US: {parts}")


def title_groups(effects: pd.DataFrame, panel: xr.Dataset) -> str:
    """Say between which ends the highest level's effect lies over all groups of states, the cases pooled."""
    level = panel["guarantee"].attrs["levels"][-1]
    rows = effects[(effects["quantity"] == f"ame_{level}_total") & (effects["case"] == "pooled")]
    lowest, highest = points(rows["mean"].min()), points(rows["mean"].max())
    return wrap(
        f"All else alike, a {short_level(level)} goes with {lowest} to {highest} points more joining over "
        "the groups of states, coalitions averaged"
    )


def title_nearest(rows: pd.DataFrame, label: str, axis: str = "") -> str:
    """Say who stood nearest to the US and who farthest; ``rows`` have ``name``, from the farthest on."""
    farthest, *_, third, second, first = rows["name"].to_list()
    near = f"{first}, {second} and {third} stood nearest to the US before {label}"
    return f"{near}, {farthest} farthest" + (f": {axis}" if axis else "")


def title_joining(effects: pd.DataFrame, panel: xr.Dataset) -> str:
    """Say which share would join without a guarantee and with the highest level, in each case."""
    reference, *_, level = panel["guarantee"].attrs["levels"]
    bare, given = (find_numbers(effects, f"probability_{name}_total", panel) for name in (reference, level))
    parts = ", ".join(
        f"{points(after)}{SPACE}% instead of {points(before)}{SPACE}% in {label}"
        for (label, before), (_, after) in zip(bare, given, strict=True)
    )
    return wrap(f"With a {short_level(level)} for all, {parts} would join")
