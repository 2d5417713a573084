"""One form for the rows of checks.csv."""

import numpy as np
import pandas as pd

from analysis.posterior.summaries import interval

NUMBERS = ["value", "lower", "upper", "reference"]
COLUMNS = ["check", "item", "case", *NUMBERS, "verdict", "note"]


def row(check: str, item: str, case: str = "pooled", *, verdict: str = "", note: str = "", **numbers) -> dict:
    """Return a row: some of ``NUMBERS`` (the reference is what the value is compared with), and a verdict."""
    return {"check": check, "item": item, "case": case, "verdict": verdict, "note": note, **numbers}


def mean_and_ends(draws: np.ndarray) -> dict[str, float]:
    """Return the mean of draws and the ends of their interval, as numbers of a row."""
    return dict(zip(NUMBERS, (draws.mean(), *interval(draws)), strict=False))


def direction(lower: float, upper: float) -> str:
    """Name the direction of an effect from the ends of its interval."""
    return "positive" if lower > 0 else "negative" if upper < 0 else "direction uncertain"


def to_table(rows: list[dict]) -> pd.DataFrame:
    """Return the rows as a table with the columns of checks.csv."""
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
