"""Every coding choice between the tables of acts and the model of acts."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self, get_args, get_origin

from data.case import check_choice, check_fields, tuples

POWERS = ("USA", "RUS")
"""The two powers, by iso3. RUS is the Soviet Union to 1991."""

CORRECTIONS = (
    "A/RES/1004(ES-II)/POL",
    "A/RES/62/249/ROU",
    "A/RES/ES-10/19/DZA",
    "A/RES/71/205/ZWE",
    "A/RES/71/130/ZWE",
    "A/RES/71/292/ZWE",
)
"""Cells in which the usual record differs from the official one, see vote_corrections.csv."""

COVARIATES = {
    "gdp_per_capita": "log",
    "population": "log",
    "capability": "log",
    "democracy": "none",
    "distance": "log",
    "neighbour": "none",
    "aid": "log1p",
    "troops": "log1p",
    "European Union": "none",
    "Arab League": "none",
    "ASEAN": "none",
    "African Union": "none",
}
"""Covariates, and how the model takes each.

``distance`` is that from the acting power's capital; ``neighbour``: in the target's subregion; ``aid`` and
``troops`` are American and count on American acts only; the last four are memberships on the day.
"""


@dataclass(frozen=True, kw_only=True)
class ActsSpec:
    """Which acts, which states, and how guarantees, votes and absences are coded.

    Attributes
    ----------
    table : str
        File of the acts: a name in ``data/acts``, or the path of one's own table with the same columns.
    powers : tuple of str
        Powers whose acts count.
    acts : {"core", "military", "all"}
        ``core``: the power's own acts, votes on the substance. ``military``: those with force or armed
        presence. ``all``: also acts of an ally or shared with one.
    repeats : bool
        Whether a later vote on an earlier act or war counts.
    borderline : bool
        Whether procedural votes, acts of an ally and acts without coercion count.
    since, until : int
        First and last year of the votes.
    acts_out : tuple of str
        Acts left out, by name.
    lacking : {"refuse", "leave_out"}
        What to do with an act whose vote the record does not reach. Those that no known record has are
        always left out.
    open_cells : {"abstain", "missing", "leave_out"}
        States that did not vote yes or no on ES-11/7, whose source does not tell abstention from absence: 65
        abstained and 17 stayed away. Or the act is left out.
    target : {"out", "in"}
        Whether the target of an act is left out of its vote.
    republics : {"out", "in"}
        Whether Byelorussia and Ukraine are left out to 1991; they voted as parts of the Soviet Union.
    guarantee : {"pact", "duty"}
        ``pact``: a defence pact in ATOP, whoever it binds. ``duty``: one that binds the power itself.
    rio : {"pact", "apart", "none", "out"}
        States whose only American pact is the Rio Treaty or the OAS Charter: protected; protected with an
        effect of their own; unprotected; left out of American acts.
    compacts : {"pact", "none"}
        The three states with a Compact of Free Association, which ATOP lacks.
    paper : {"pact", "none"}
        Treaties that were in force on paper only (paper_treaties.csv).
    other_power : {"covariate", "ignore"}
        The other power's pact.
    absence : {"missing", "abstain", "own"}
        An absent state said nothing, or shielded the power as by abstaining; or absence is the answer that
        is modelled, against taking part.
    corrections : tuple of str
        Which of ``CORRECTIONS`` are applied.
    covariates : tuple of str
        Among ``COVARIATES``.
    sessions_before : int
        Sessions before that of the act from which agreement is measured.
    ordinary, ordinary_among : int
        Ordinary votes drawn for each act, among this many that are most alike in how divided they are.
    seed : int
        Seed of that draw.
    """

    table: str = "acts.csv"
    powers: tuple[str, ...] = POWERS
    acts: Literal["core", "military", "all"] = "core"
    repeats: bool = True
    borderline: bool = False
    since: int = 1946
    until: int = 2026
    acts_out: tuple[str, ...] = ()
    lacking: Literal["refuse", "leave_out"] = "refuse"
    open_cells: Literal["abstain", "missing", "leave_out"] = "abstain"
    target: Literal["out", "in"] = "out"
    republics: Literal["out", "in"] = "out"
    guarantee: Literal["pact", "duty"] = "pact"
    rio: Literal["pact", "apart", "none", "out"] = "pact"
    compacts: Literal["pact", "none"] = "pact"
    paper: Literal["pact", "none"] = "pact"
    other_power: Literal["covariate", "ignore"] = "covariate"
    absence: Literal["missing", "abstain", "own"] = "missing"
    corrections: tuple[str, ...] = CORRECTIONS
    covariates: tuple[str, ...] = (
        *("gdp_per_capita", "population", "democracy", "distance", "neighbour"),
        *("European Union", "Arab League", "ASEAN"),
    )
    sessions_before: int = 2
    ordinary: int = 2
    ordinary_among: int = 8
    seed: int = 19451024

    def __new__(cls, **given: object) -> Self:
        """Refuse unknown fields, naming the nearest known one."""
        check_fields(cls, given)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Restore the types that JSON and the command line change, and check every value."""
        for field in fields(self):
            value = getattr(self, field.name)
            if get_origin(field.type) is Literal:
                check_choice("ActsSpec", field.name, value, get_args(field.type))
            elif get_origin(field.type) is tuple:
                object.__setattr__(self, field.name, tuples((value,) if isinstance(value, str) else value))
            elif field.type is bool:
                check_choice("ActsSpec", field.name, value, (True, False))
            elif field.type is int and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise ValueError(f"ActsSpec.{field.name} = {value!r}: a whole number >= 0 is needed")
        for name, allowed in (("powers", POWERS), ("corrections", CORRECTIONS), ("covariates", COVARIATES)):
            for value in getattr(self, name):
                check_choice("ActsSpec", name, value, list(allowed))
        if not self.powers or len(set(self.powers)) < len(self.powers):
            raise ValueError(f"ActsSpec.powers = {self.powers}: one or both, each once")
        if self.sessions_before < 1 or not 1 <= self.ordinary <= self.ordinary_among:
            raise ValueError(
                f"ActsSpec: sessions_before = {self.sessions_before}, ordinary = {self.ordinary}, "
                f"ordinary_among = {self.ordinary_among}: at least 1 each, "
                "and ordinary not above ordinary_among"
            )

    def to_json(self) -> str:
        """Return the spec as JSON with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True)
