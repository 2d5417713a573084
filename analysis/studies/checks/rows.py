"""One form for the rows of checks.csv."""

import pandas as pd

COLUMNS = ["check", "item", "case", "value", "lower", "upper", "reference", "verdict", "note"]


def row(
    check: str,
    item: str,
    *,
    value: float,
    case: str = "pooled",
    lower: float | None = None,
    upper: float | None = None,
    reference: float | None = None,
    verdict: str = "",
    note: str = "",
) -> dict:
    """A row: what was found, the interval or threshold it is held against, and what follows."""
    values = (check, item, case, value, lower, upper, reference, verdict, note)
    return dict(zip(COLUMNS, values, strict=True))


def inside(value: float, lower: float, upper: float) -> str:
    """``inside`` or ``outside`` of an interval."""
    return "inside" if lower <= value <= upper else "outside"


def to_table(rows: list[dict]) -> pd.DataFrame:
    """The rows as a table with the columns of checks.csv."""
    return pd.DataFrame(rows, columns=COLUMNS)
