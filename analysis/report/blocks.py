"""The blocks that a section consists of. The template shows each class in its own way."""

from dataclasses import dataclass, field

import pandas as pd
from markupsafe import Markup

from analysis.report.tables import Table, make_table, plain_columns


@dataclass(frozen=True)
class Text:
    """A paragraph. The template escapes it, as it does everything that is not ``Markup``."""

    text: str


@dataclass(frozen=True)
class Html:
    """Text of the project's own pages as HTML, from a parser that escapes tags in its input."""

    html: Markup


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Missing:
    """A note that a result does not exist yet, with the command that makes it."""

    text: str


@dataclass(frozen=True)
class Chart:
    """An interactive chart, its description in words, and optionally its numbers as a folded table.

    With a ``picker`` the reader chooses the states that it shows; at first it shows those of the picker.
    """

    name: str
    spec: dict
    alternative: str
    caption: str
    table: Table | None = None
    picker: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A figure made by another command: its ``data:`` address, its description in words, and a caption."""

    address: str
    alternative: str
    caption: str


@dataclass(frozen=True)
class Drawing:
    """A drawing as SVG, of the project's own making, with its description in words and a caption."""

    svg: Markup
    alternative: str
    caption: str


@dataclass(frozen=True)
class Maps:
    """Maps of all cases side by side. The reader chooses what they show, as tiles or as a world map."""

    measures: list[tuple[str, str]]
    cases: dict[str, str]
    alternative: str
    caption: str


@dataclass(frozen=True)
class StatePage:
    """The page of a state, which the reader chooses, and its comparison with another."""

    states: list[tuple[str, str]]


@dataclass(frozen=True)
class Sortable:
    """A table whose columns the reader can sort. A ``tall`` one scrolls within the page."""

    table: Table
    tall: bool = False


def plain_table(frame: pd.DataFrame, caption: str, *, tall: bool = False, digits: int = 3) -> Sortable:
    """Show every column of a frame under its own name; see ``analysis.report.tables.plain_columns``."""
    return Sortable(make_table(frame, plain_columns(frame, digits), caption), tall)


@dataclass(frozen=True)
class Explorer:
    """A table of all states with search and filters. The charts above highlight the states that match."""

    table: Table
    regions: list[str]
    levels: list[tuple[str, str]]
    keys: list[dict]


@dataclass(frozen=True)
class Legend:
    """Markers and colours of the guarantee levels: (level, name, shape)."""

    levels: list[tuple[str, str, str]]
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """A list of facts, each with its name."""

    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class Folded:
    """Details for a reviewer: a summary line, and blocks that a click unfolds."""

    summary: str
    blocks: list = field(default_factory=list)


@dataclass(frozen=True)
class Verbatim:
    """Preformatted text, such as a spec or a model."""

    text: str
    label: str


@dataclass(frozen=True)
class Section:
    """A part of the page with its own heading, and the files that its numbers come from."""

    name: str
    title: str
    blocks: list
    files: tuple[str, ...] = ()


def fold(summary: str, frame: pd.DataFrame, caption: str) -> Folded:
    """Fold a table of every column of a frame: it is there for a reviewer, and in nobody's way."""
    return Folded(summary, [plain_table(frame, caption, tall=len(frame) > 15)])
