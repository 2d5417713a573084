"""What a section is made of; the template knows how each kind is shown."""

from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from analysis.report.tables import Table


@dataclass(frozen=True)
class Text:
    """A paragraph; escaped by the template like everything that is not ``Markup``."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Html:
    """Text of the project's own pages, made into HTML by a parser that escapes what it is given."""

    kind: ClassVar[str] = "html"
    html: Markup


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Missing:
    """What is not there yet, and the command that makes it."""

    kind: ClassVar[str] = "missing"
    text: str


@dataclass(frozen=True)
class Chart:
    """A drawing with what it says in words, and its numbers as a table to be unfolded."""

    kind: ClassVar[str] = "chart"
    name: str
    spec: dict
    alternative: str
    caption: str
    table: Table | None = None


@dataclass(frozen=True)
class Picture:
    """A figure that was drawn elsewhere: its address (``data:``), what it says in words, and a caption."""

    kind: ClassVar[str] = "picture"
    address: str
    alternative: str
    caption: str


@dataclass(frozen=True)
class Sortable:
    """A table whose columns sort; ``tall``: it scrolls in a window of its own."""

    kind: ClassVar[str] = "table"
    table: Table
    tall: bool = False


@dataclass(frozen=True)
class Explorer:
    """All states with search and filters; what is left is picked out in the charts above."""

    kind: ClassVar[str] = "explorer"
    table: Table
    regions: list[str]
    levels: list[tuple[str, str]]
    keys: list[dict]


@dataclass(frozen=True)
class Legend:
    """Marks and colours of the guarantee levels: (level, name, shape)."""

    kind: ClassVar[str] = "legend"
    levels: list[tuple[str, str, str]]
    note: str = ""


@dataclass(frozen=True)
class Facts:
    """Short facts, each with its name."""

    kind: ClassVar[str] = "facts"
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class Folded:
    """What only a reviewer wants to see: a summary, and the rest on a click."""

    kind: ClassVar[str] = "folded"
    summary: str
    blocks: list = field(default_factory=list)


@dataclass(frozen=True)
class Verbatim:
    """Text as it is: a spec, a model."""

    kind: ClassVar[str] = "verbatim"
    text: str
    label: str


@dataclass(frozen=True)
class Section:
    """A numbered part of the page."""

    name: str
    title: str
    blocks: list
