"""Numbers of claims.csv put into words: one form for points, shares, standard deviations and ratios."""

import numpy as np
import pandas as pd

from analysis.studies.claims.rows import find_row


def say_number(value: float, unit: str) -> str:
    """A number with its unit; a difference of probabilities is in percentage points and has its sign."""
    if unit == "points":
        return f"{100 * value:+.0f} points"
    if unit in ("share", "probability"):
        return f"{100 * value:.0f} %"
    if unit == "states":
        return f"{value:.0f}"
    return f"{value:+.2f} {unit}" if unit in ("sd", "logits") else f"{value:.3g}"


def say_interval(row: pd.Series) -> str:
    """A posterior: mean, 90 % interval, probability of being positive, how often its sign holds elsewhere."""
    scale, digits = (100, 0) if row["unit"] == "points" else (1, 2)
    low, high = (f"{scale * row[end]:+.{digits}f}" for end in ("lower", "upper"))
    sure = say_probability(row["prob"])
    held = ""
    if row.get("variants", 0):
        held = f"; same sign in {100 * row['sign_share']:.0f} % of {row['variants']} variants and codings"
    return f"{say_number(row['mean'], row['unit'])} (90 % interval {low} to {high}; P(above 0) {sure}{held})"


def say_probability(prob: float) -> str:
    """A probability with three digits, never rounded to certainty."""
    if prob > 0.9995:
        return "above 0.999"
    return "below 0.001" if prob < 0.0005 else f"{prob:.3f}"


def say_level(rows: pd.DataFrame, quantity: str, when: str, group: str = "all") -> str:
    """A probability of the model, or a share that was counted, in percent; ``not computed`` where missing."""
    row = find_row(rows, quantity, when, group)
    return "not computed" if row is None else f"{100 * row['mean']:.0f} %"


def say_effect(rows: pd.DataFrame, quantity: str, when: str, group: str = "all") -> str:
    """A posterior of claims.csv in words; ``not computed`` where it is missing."""
    row = find_row(rows, quantity, when, group)
    return "not computed" if row is None else say_interval(row)


def say_others(main: pd.Series, others: pd.DataFrame, unit: str) -> str:
    """How other codings and variants move a number: the range, and those whose sign differs.

    Parameters
    ----------
    main : pd.Series
        The row of the main coding.
    others : pd.DataFrame
        The same quantity elsewhere: ``mean, other``.
    unit : str

    Returns
    -------
    str
        A clause without a full stop.
    """
    if others.empty:
        return "no other coding or variant has been run"
    low, high = (say_number(getattr(others["mean"], end)(), unit) for end in ("min", "max"))
    turned = others[np.sign(others["mean"]) != np.sign(main["mean"])]
    names = ", ".join(turned["other"].iloc[:4]) + (", ..." if len(turned) > 4 else "")
    same = f"the sign is the same in {1 - len(turned) / len(others):.0%} of {len(others)}".replace("%", " %")
    return f"{low} to {high} elsewhere; {same}" + (f" (not: {names})" if len(turned) else "")
