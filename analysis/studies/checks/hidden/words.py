"""A hidden cause in words: what one as strong as a measured cause would leave of the effect."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.interpolate import RegularGridInterpolator

from analysis.posterior.words import estimate, number, points
from analysis.studies.checks.hidden.benchmarks import REGION

STEPS = 400
"""Points along the line on which a hidden cause grows stronger."""


class Strongest(NamedTuple):
    """What a hidden cause as strong as the strongest measured one would do in a case.

    Attributes
    ----------
    name, of_case : str
        The measured cause whose like would take most of the effect away, and the case in which it is as
        strong as that.
    on_guarantee, on_joining : float
        Its strengths, logits per standard deviation.
    main : float
        The effect without a hidden cause.
    effect, lower, upper : float
        What is left of it beside such a cause.
    gone, doubtful : float
        How many times as strong a cause must be, on both sides, for the effect and for the lower end of its
        interval to reach 0; infinite if they do not within the surface.
    limit : float
        How many times as strong a cause the surface holds.
    """

    name: str
    of_case: str
    on_guarantee: float
    on_joining: float
    main: float
    effect: float
    lower: float
    upper: float
    gone: float
    doubtful: float
    limit: float


def find_strongest(surface: pd.DataFrame, case: str) -> Strongest:
    """Find the measured cause whose like would leave least of the effect; takes ``confounding.csv``.

    In a single case its own strengths count; where there are none, as in both cases pooled, those of any.
    """
    rows = surface[surface["case"] == case].fillna({"benchmark": "", "benchmark_case": ""})
    measured = rows[rows["benchmark"] != ""]
    own = measured[measured["benchmark_case"] == case]
    measured = own if len(own) else measured
    row = measured.loc[measured["effect"].idxmin()]
    grid = rows[rows["benchmark"] == ""]
    at = row["strength_guarantee"], row["strength_joining"]
    limit = min(
        grid[name].max() / max(row[name], 1e-9) for name in ("strength_guarantee", "strength_joining")
    )
    return Strongest(
        name=row["benchmark"],
        of_case=row["benchmark_case"],
        on_guarantee=at[0],
        on_joining=at[1],
        main=grid.loc[(grid["strength_guarantee"] == 0) & (grid["strength_joining"] == 0), "effect"].iloc[0],
        **{name: row[name] for name in ("effect", "lower", "upper")},
        gone=grow_until_zero(grid, at, limit, "effect", row["effect"]),
        doubtful=grow_until_zero(grid, at, limit, "lower", row["lower"]),
        limit=limit,
    )


def grow_until_zero(
    grid: pd.DataFrame, at: tuple[float, float], limit: float, column: str, once: float
) -> float:
    """Return by how much both strengths must be multiplied for an estimate to reach 0; infinite if never.

    ``grid`` is the surface, ``at`` are the strengths that grow, ``limit`` is the multiple at which they leave
    the surface, ``column`` names the estimate, and ``once`` is its value at the strengths themselves.
    """
    wide = grid.pivot(index="strength_guarantee", columns="strength_joining", values=column)
    surface = RegularGridInterpolator((wide.index.values, wide.columns.values), wide.values)
    times = np.linspace(0, limit, STEPS)[:-1]
    values = surface(np.outer(times, at))
    order = np.argsort(np.append(times, 1.0))
    times, values = np.append(times, 1.0)[order], np.append(values, once)[order]
    reached = np.flatnonzero(values <= 0)
    return float(times[reached[0]]) if len(reached) else np.inf


def say_strongest(found: Strongest, label: str, labels: dict[str, str]) -> str:
    """Say what a cause as strong as the strongest measured one would do; ``labels`` name the cases."""
    name = "the differences between regions" if found.name == REGION else found.name.replace("_", " ")
    where = (
        f" in {labels.get(found.of_case, found.of_case)}"
        if labels.get(found.of_case, found.of_case) != label
        else ""
    )
    return (
        f"{label}: the effect is {points(found.main)} points. Of all measured causes, {name}{where} would "
        f"take most away if their like were hidden. A hidden cause as strong as that "
        f"({number(found.on_guarantee, 1)} logits per sd on having a pact, {number(found.on_joining, 1)} on "
        f"joining) would leave {estimate(found.effect, found.lower, found.upper, scale=100)} points. "
        f"{_say_times(found)}"
    )


def _say_times(found: Strongest) -> str:
    if found.gone <= 1:
        return "That explains the effect away."
    limit = f"up to {number(found.limit, 1)} times its strength, which is as far as was tried"
    if np.isinf(found.doubtful):
        return f"The interval stays above 0 {limit}."
    doubtful = (
        "The interval reaches 0 already"
        if found.doubtful <= 1
        else f"The interval reaches 0 at {number(found.doubtful, 1)} times its strength"
    )
    if np.isinf(found.gone):
        return f"{doubtful}; the effect stays above 0 {limit}."
    return f"{doubtful}, the effect itself at {number(found.gone, 1)} times."
