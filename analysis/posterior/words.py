"""Numbers as a reader meets them: points, percent, intervals, and how sure the answer is."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SURE = 0.95
"""Posterior probability from which a direction counts as found."""
MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Write a number with a true minus sign and a comma every thousand; a missing one is a dash."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    if not any(digit in "123456789" for digit in text):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def points(share: float) -> str:
    """Write a difference of probabilities in percentage points."""
    return number(100 * share, 0)


def percent(share: float) -> str:
    """Write a probability in percent."""
    return f"{number(100 * share, 0)} %"


def interval(lower: float, upper: float, *, scale: float = 1, digits: int = 0) -> str:
    """Write both ends of an interval, times ``scale``: ``21 to 49``."""
    return f"{number(scale * lower, digits)} to {number(scale * upper, digits)}"


def estimate(mean: float, lower: float, upper: float, *, scale: float = 1, digits: int = 0) -> str:
    """Write a mean with its interval, times ``scale``: ``35 (21 to 49)``."""
    return f"{number(scale * mean, digits)} ({interval(lower, upper, scale=scale, digits=digits)})"


def probability(value: float) -> str:
    """Write a posterior probability with three digits, which is as many as the draws support."""
    if value > 0.999:
        return "above 0.999"
    if value < 0.001:
        return "below 0.001"
    return number(value, 3)


def certainty(prob_positive: float) -> str:
    """Say how certain the direction of an effect is, from the probability that it is positive."""
    more = max(prob_positive, 1 - prob_positive)
    if more >= 0.99:
        return "almost certain"
    if more >= SURE:
        return "very likely"
    if more >= 0.8:
        return "likely"
    return "uncertain"


def take_headline(effects: "pd.DataFrame") -> "pd.DataFrame":
    """Take the rows of ``effects.csv`` that answer the question: one for each quantity and case.

    They are averages over the states of regions that overlap. Quantities without such an average in each of
    their cases have the rows of all states.
    """
    cases = effects.groupby(["quantity", "group"])["case"].nunique().unstack()
    cases = cases.reindex(columns=["overlap", "all"])
    compared = effects["quantity"].isin(cases.index[(cases["overlap"] == cases["all"]).to_numpy()])
    return effects[(effects["group"] == "overlap") & compared | (effects["group"] == "all") & ~compared]
