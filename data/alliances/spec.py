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
    earlier, later : (int, int)
        First and last years of the two periods compared: from the first capabilities (NMC 7.0) to the war,
        and from then to the last obligations (ATOP 5.1). The network of the US is described in the later one.
    left_out : tuple of (int, int)
        Years that count in neither period, such as those of the world wars.
    scope : {"all", "other"}
        Alliances of all states, or those without the US.
    weight : {"states", "alliances", "pairs"}
        What counts once. States, because one treaty of thirty states makes 435 pairs.
    draw_from : {"all", "allied"}
        Whose capabilities allies drawn at random have: those of all states of the year, or of those that have
        an ally. All, because who has allies at all is a part of the question.
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

    earlier: tuple[int, int] = (1816, 1945)
    later: tuple[int, int] = (1946, 2018)
    left_out: tuple[tuple[int, int], ...] = ()
    scope: Literal["all", "other"] = "all"
    weight: Literal["states", "alliances", "pairs"] = "states"
    draw_from: Literal["all", "allied"] = "all"
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
        for field in ("theatres", "theatre_exceptions", "earlier", "later", "left_out"):
            object.__setattr__(self, field, tuples(getattr(self, field)))
        for field in ("capability", "leader_against", "scope", "weight", "draw_from"):
            check_choice(
                "ClaimsSpec", field, getattr(self, field), get_args(type(self).__annotations__[field])
            )
        (start, end), (restart, last) = self.earlier, self.later
        if not start <= end < restart <= last:
            raise ValueError(
                f"ClaimsSpec.earlier, later = {self.earlier}, {self.later}: each from its first to its last "
                "year, and the one before the other"
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
        "alliances without the US": replace(_MAIN, scope="other"),
        "each alliance once": replace(_MAIN, weight="alliances"),
        "each alliance once, leader against all others": replace(
            _MAIN, weight="alliances", leader_against="rest"
        ),
        "each pair once": replace(_MAIN, weight="pairs"),
        "soldiers": replace(_MAIN, capability="milper"),
        "military spending": replace(_MAIN, capability="milex"),
        "above three to one": replace(_MAIN, medium_ratio=2.0, large_ratio=3.0),
        "above five to one": replace(_MAIN, large_ratio=5.0),
        "above twenty to one": replace(_MAIN, large_ratio=20.0),
        "without the years of world wars": replace(_MAIN, left_out=((1914, 1918), (1939, 1945))),
        "1816-1913 before": replace(_MAIN, earlier=(1816, 1913)),
        "1871-1945 before": replace(_MAIN, earlier=(1871, 1945)),
        "1946-1990 since": replace(_MAIN, later=(1946, 1990)),
        "1991-2018 since": replace(_MAIN, later=(1991, 2018)),
        "partners drawn from states with allies": replace(_MAIN, draw_from="allied"),
    },
    "unpopular": {
        "alone below 5 %": replace(_MAIN, alone_below=0.05),
        "alone below 20 %": replace(_MAIN, alone_below=0.2),
    },
}
"""Other codings by claim and name; each changes one choice."""
