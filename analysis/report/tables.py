"""Tables of the page: cells with the text that is read and the value that is sorted by."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from analysis.posterior.words import number


@dataclass(frozen=True)
class Cell:
    """What is read, and what the column is sorted by.

    ``bar``: lower, mean and upper in percent of the column's width and a colour, drawn beside the text.
    """

    text: str
    sort: float | str
    bar: tuple[float, float, float, str] | None = None


@dataclass(frozen=True)
class Column:
    """A column: its heading, how a row of the frame becomes a cell, and whether it holds numbers."""

    label: str
    make: Callable[[pd.Series], Cell | str | float]
    numeric: bool = False
    digits: int = 2


@dataclass(frozen=True)
class Table:
    """A sortable table ready for the page."""

    caption: str
    columns: list[Column]
    rows: list[list[Cell]] = field(default_factory=list)


def make_table(frame: pd.DataFrame, columns: list[Column], caption: str) -> Table:
    """Rows of a frame as cells; a plain number becomes text with the column's digits."""
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
    """A column of text as it is."""
    return Column(label, lambda row: row[name])


def number_column(label: str, name: str, digits: int = 2) -> Column:
    """A column of numbers with so many digits."""
    return Column(label, lambda row: row[name], numeric=True, digits=digits)


def interval_column(digits: int = 0, label: str = "90 % interval") -> Column:
    """Lower and upper end of an interval; sorted by its lower end."""
    return Column(
        label,
        lambda row: Cell(
            f"{number(row['lower'], digits)} to {number(row['upper'], digits)}",
            "" if pd.isna(row["lower"]) else float(row["lower"]),
        ),
        numeric=True,
    )


def plain_columns(frame: pd.DataFrame) -> list[Column]:
    """Every column of a frame as it is: numbers as numbers, the rest as text; empty columns left out."""
    columns = []
    for name in frame.columns:
        if frame[name].isna().all():
            continue
        label = str(name).replace("_", " ")
        if pd.api.types.is_bool_dtype(frame[name]) or not pd.api.types.is_numeric_dtype(frame[name]):
            columns.append(text_column(label, name))
        else:
            whole = pd.api.types.is_integer_dtype(frame[name])
            columns.append(number_column(label, name, digits=0 if whole else 3))
    return columns
