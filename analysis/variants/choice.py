"""One choice on one axis: a row of the table of variants."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.variants.change import Change


@dataclass(frozen=True)
class Choice:
    """A difference from the main analysis.

    Attributes
    ----------
    axis, choice : str
        Kind of choice, and what is chosen; together they are the variant's name.
    changes : mapping of str to Change
        Paths and values, or functions of the old value (``analysis.variants.change``).
    reason, source : str
        Why somebody would choose so, and where the idea or the doubt comes from.
    """

    axis: str
    choice: str
    changes: Mapping[str, Change]
    reason: str
    source: str

    @property
    def name(self) -> str:
        """Name of the variant."""
        return f"{self.axis}-{self.choice}"
