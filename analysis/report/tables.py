"""Tables of the page: each cell has a text to read and a value to sort by."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from analysis.posterior.words import estimate, interval, number


@dataclass(frozen=True)
class Cell:
    """Text of a cell, and the value by which its column sorts.

    ``bar`` draws an interval beside the text: lower, mean and upper in percent of its width, and the
    guarantee level that gives its colour.
    """

    text: str
    sort: float | str
    bar: tuple[float, float, float, str] | None = None


@dataclass(frozen=True)
class Column:
    """A column: its heading, how to make a cell from a row of the frame, and whether it holds numbers."""

    label: str
    make: Callable[[pd.Series], Cell | str | float]
    numeric: bool = False
    digits: int = 2


@dataclass(frozen=True)
class Table:
    """A table ready for the page."""

    caption: str
    columns: list[Column]
    rows: list[list[Cell]] = field(default_factory=list)


def make_table(frame: pd.DataFrame, columns: list[Column], caption: str) -> Table:
    """Make a table from the rows of a frame. Numbers become text with the digits of their column."""
    rows = [[_cell(column.make(row), column) for column in columns] for _, row in frame.iterrows()]
    return Table(caption, columns, rows)


def _cell(value: Cell | str | float, column: Column) -> Cell:
    if isinstance(value, Cell):
        return value
    if column.numeric:
        return Cell(number(float(value), column.digits), "" if pd.isna(value) else float(value))
    text = "" if pd.isna(value) else str(value)
    return Cell(text, text)


def text_column(label: str, name: str) -> Column:
    """A column of text."""
    return Column(label, lambda row: row[name])


def number_column(label: str, name: str, digits: int = 2) -> Column:
    """A column of numbers with ``digits`` decimals."""
    return Column(label, lambda row: row[name], numeric=True, digits=digits)


def interval_column(digits: int = 0, label: str = "90 % interval") -> Column:
    """A column of intervals, sorted by the lower end."""
    return Column(
        label,
        lambda row: Cell(
            interval(row["lower"], row["upper"], digits=digits),
            "" if pd.isna(row["lower"]) else float(row["lower"]),
        ),
        numeric=True,
    )


def plain_columns(frame: pd.DataFrame, digits: int = 3) -> list[Column]:
    """All columns of a frame: whole numbers, other numbers with ``digits`` decimals, the rest as text.

    Empty columns are left out.
    """
    columns = []
    for name in frame.columns:
        if frame[name].isna().all():
            continue
        label = str(name).replace("_", " ")
        if pd.api.types.is_bool_dtype(frame[name]) or not pd.api.types.is_numeric_dtype(frame[name]):
            columns.append(text_column(label, name))
        else:
            whole = pd.api.types.is_integer_dtype(frame[name])
            columns.append(number_column(label, name, digits=0 if whole else digits))
    return columns


def estimates(frame: pd.DataFrame, *, scale: float = 1, digits: int = 0) -> list[str]:
    """Mean and interval of each row as text, times ``scale``: ``35 (21 to 49)``."""
    rows = frame[["mean", "lower", "upper"]].itertuples(index=False)
    return [estimate(*row, scale=scale, digits=digits) for row in rows]


def in_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert ``mean``, ``lower`` and ``upper`` from shares to percentage points."""
    return frame.assign(**{name: 100 * frame[name] for name in ("mean", "lower", "upper")})
