"""The coding choices of the wider argument: what counts as unequal, as alone, as informal.

``ClaimsSpec()`` is the main coding. ``ALTERNATIVES`` lists other codings, by claim.
"""

from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

from data.case import check_choice, check_fields, tuples

US_CODE = 2
"""Correlates of War code of the United States, the hub."""


@dataclass(frozen=True, kw_only=True)
class ClaimsSpec:
    """Every coding choice of the claims beyond those of the main job.

    Attributes
    ----------
    first_year, last_year : int
        Years described: those of the table of defence obligations (ATOP 5.1).
    epoch_years : int
        Years compared at either end. Ten, because a treaty with many members can dominate a single year.
    capability : {"cinc", "milex", "milper"}
        Measure of power. Unlike spending and soldiers, the composite index has no gaps.
    medium_ratio, large_ratio : float
        Ratios of capabilities from which an alliance is asymmetric, and hegemonic: the limits between small,
        medium and large differences of power in Bremer (1992, Journal of Conflict Resolution 36(2)).
    leader_against : {"next", "rest"}
        The strongest member is compared with the next strongest, or with all others together. The next,
        because many small allies are a counterweight only if they act as one.
    alone_below : float
        Share of the votes cast (yes, no, abstain) below which the US side of a roll call is nearly alone.
        A tenth is some eighteen states, fewer than NATO has.
    troops_at_least : int
        A state with at least this many US troops is a host. A hundred: embassy guards and attaches are fewer
        nearly everywhere.
    theatres : tuple of (str, int, int)
        Parts of the world by range of Correlates of War codes.
    theatre_exceptions : tuple of (int, str)
        States that belong elsewhere by their alliance, such as Turkey, a member of NATO.
    """

    first_year: int = 1946
    last_year: int = 2018
    epoch_years: int = 10
    capability: Literal["cinc", "milex", "milper"] = "cinc"
    medium_ratio: float = 3.0
    large_ratio: float = 10.0
    leader_against: Literal["next", "rest"] = "next"
    alone_below: float = 0.1
    troops_at_least: int = 100
    theatres: tuple[tuple[str, int, int], ...] = (
        ("Americas", 2, 199),
        ("Europe", 200, 399),
        ("Africa", 400, 629),
        ("Middle East", 630, 699),
        ("Asia-Pacific", 700, 999),
    )
    theatre_exceptions: tuple[tuple[int, str], ...] = ((640, "Europe"),)

    def __new__(cls, **given: object) -> Self:
        """Refuse unknown fields, naming the nearest known one."""
        check_fields(cls, given)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Restore the types that JSON changes, and check every value."""
        for field in ("theatres", "theatre_exceptions"):
            object.__setattr__(self, field, tuples(getattr(self, field)))
        for field in ("capability", "leader_against"):
            check_choice(
                "ClaimsSpec", field, getattr(self, field), get_args(type(self).__annotations__[field])
            )
        years = self.last_year - self.first_year + 1
        if not (isinstance(self.epoch_years, int) and 1 <= 2 * self.epoch_years <= years):
            raise ValueError(
                f"ClaimsSpec.epoch_years = {self.epoch_years!r}: two such epochs must fit into the years "
                f"{self.first_year}-{self.last_year}"
            )
        if not 1 < self.medium_ratio < self.large_ratio:
            raise ValueError(
                f"ClaimsSpec ratios {self.medium_ratio}, {self.large_ratio}: "
                "need 1 < medium_ratio < large_ratio"
            )
        if not 0 < self.alone_below < 1:
            raise ValueError(f"ClaimsSpec.alone_below = {self.alone_below!r}: a share in (0, 1)")
        if not (isinstance(self.troops_at_least, int) and self.troops_at_least >= 1):
            raise ValueError(f"ClaimsSpec.troops_at_least = {self.troops_at_least!r}: a whole number >= 1")
        for _, name in self.theatre_exceptions:
            check_choice(
                "ClaimsSpec", "theatre_exceptions", name, [theatre for theatre, _, _ in self.theatres]
            )

    def theatre(self, ccode: int) -> str:
        """Return the part of the world of a Correlates of War code; ValueError if no range has it."""
        for code, name in self.theatre_exceptions:
            if code == ccode:
                return name
        for name, low, high in self.theatres:
            if low <= ccode <= high:
                return name
        raise ValueError(f"ClaimsSpec.theatres: no range has the code {ccode}")


_MAIN = ClaimsSpec()

ALTERNATIVES: dict[str, dict[str, ClaimsSpec]] = {
    "asymmetry": {
        "two and five to one": replace(_MAIN, medium_ratio=2.0, large_ratio=5.0),
        "five and twenty to one": replace(_MAIN, medium_ratio=5.0, large_ratio=20.0),
        "leader against all the others": replace(_MAIN, leader_against="rest"),
        "military spending": replace(_MAIN, capability="milex"),
        "soldiers": replace(_MAIN, capability="milper"),
        "epochs of five years": replace(_MAIN, epoch_years=5),
        "epochs of twenty years": replace(_MAIN, epoch_years=20),
    },
    "unpopular": {
        "alone below 5 %": replace(_MAIN, alone_below=0.05),
        "alone below 20 %": replace(_MAIN, alone_below=0.2),
    },
    "formality": {
        "troops from 25": replace(_MAIN, troops_at_least=25),
        "troops from 1,000": replace(_MAIN, troops_at_least=1000),
    },
}
"""Other codings by claim and name; each changes one choice."""
