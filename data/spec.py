"""The coding choices: what counts as a vote, a guarantee, a joiner. Each is written once, here.

``DataSpec()`` is the main coding. A reviewer changes one field with ``dataclasses.replace`` (or
``DataSpec.replace_case`` for a field of one case), and everything downstream follows.
"""

# ruff: noqa: F401 - codings and cases are imported here, so this module offers all coding choices

import json
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self, get_args

from data.case import IRAQ, ISIS, OUTCOMES, TIERS, CaseSpec, check_choice, check_fields, tuples
from data.codings import (
    COMMITMENTS,
    COVARIATES,
    DOSE,
    GUARANTEE_CODINGS,
    ISSUES,
    KINDS,
    MEMBERSHIPS,
    UNSURE,
    Transform,
    name_pact,
)

VOTE_FIELDS = (
    "granularity",
    "window",
    "abstention",
    "absence",
    "min_votes",
    "paragraph_votes",
    "procedural",
    "duplicates",
    "important_only",
    "issues_in",
    "issues_out",
    "lopsidedness",
    "issue_flags",
    "corrections",
    "us_side_from",
    "us_side_below",
)
"""Fields of DataSpec that change the votes; all others change the panel only."""


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Every coding choice between the tables and the models.

    Attributes
    ----------
    cases : tuple of CaseSpec
        The coalitions.
    granularity : {"finest", "rollcall", "agenda"}
        ``finest``: roll calls if they are found, else the tallies that ship. Roll calls say more; the tallies
        let the job run on a machine without a network.
    window : int or None
        Number of sessions up to the case's last one; None: the case's own window.
    abstention : {"middle", "missing", "no"}
        ``middle``: an abstention stands between no and yes, because abstaining is a public, weaker no, and a
        graded response model estimates for each item how weak. Or it is missing, or counts as a no.
    absence : {"missing", "abstain"}
        An absent state said nothing (``missing``), or stayed away to avoid saying it (``abstain``). A state
        that casts no vote in a whole session (arrears, no government, no delegation) is always missing. The
        third possibility, that absence is modelled, is a choice of the model (``IdealPointSpec.absence``).
    min_votes : int
        States with fewer yes, no and abstentions in the window are left out of the votes. 1: every state that
        voted stays, because the model gives a hardly known state a wide posterior.
    paragraph_votes : bool
        Include votes on paragraphs and amendments. Off: they were collected for some sessions only, and
        repeat the divisions of their resolution.
    procedural : bool
        Include motions (no action, adjournment). Off: collected for some sessions only.
    duplicates : bool
        Include second copies of a vote. Off: one resolution, one vote.
    important_only : bool
        Only votes that the US State Department called important. Off: the US chose them as votes on which it
        sought support, so they mix position with pressure.
    issues_in : tuple of str
        Only roll calls with one of these issue areas (me nu di hr co ec, or ``other`` for none of them);
        empty: all.
    issues_out : tuple of str
        No roll calls with any of these issue areas.
    lopsidedness : float
        A roll call is left out unless the share of votes other than the commonest answer (yes, no or abstain)
        exceeds this. 0: only unanimous ones are left out, which divide nobody.
    issue_flags : {"2021", "2016"}
        Release whose issue flags are used; they were recoded in between. 2021: it covers all sessions.
    corrections : {"agreed", "all", "none"}
        Errors of the record that are corrected (data/votes/corrections.py): votes on which two sources agree,
        also pairs of states with each other's votes in a session, or none.
    us_side_from, us_side_below : float or None
        Only roll calls on which the share of votes cast (yes, no, abstain) that agree with the US is at least
        the first and below the second. Below a tenth, the US stood nearly alone. None: no limit. With a
        limit, roll calls on which the US was absent are left out, because they have no such share.
    guarantee_levels : tuple of (str, tuple of str), or a name in GUARANTEE_CODINGS
        Levels above ``none`` in rising order, each with its kinds of commitment. A state has the highest
        level of which it has a commitment in force on the case's day. Main: the Rio Treaty is formal but
        long dormant, so it is a level below NATO, bilateral pacts and Compacts of Free Association.
        Designations (MNNA) and access agreements bind the US to nothing and are ``none``. The kind ``troops``
        is a dose with a level of its own: every state without a higher level has the dose
        log(1 + troops / host_troops), divided by that of the median host of all cases.
    levels_left_out : tuple of str
        States of these levels leave the panel, if neither their level nor ``none`` seems right for them.
    host_troops : int
        A state with at least this many US troops is a host. 100: fewer are mostly embassy guards, attaches
        and trainers (130 of 189 states have some in 2002, 27 have a hundred). It also scales the dose.
    recode : tuple of (case, iso3, column, value)
        Single doubtful cells changed: a column of the case's coalition table (0/1), or ``guarantee`` (a
        level).
    covariates : tuple of (str, transform)
        Columns of covariates.csv, or memberships (``eu_member``, from blocs.csv), and how a model takes them:
        ``log``, ``log1p`` = log(1 + max(x, 0)) or ``none``. A name alone takes the transform in COVARIATES.
        Membership is no part of the main analysis; models/docs/causes.md says why. Logarithms
        where ratios matter; ``log1p`` of aid in millions of dollars, because many states get none.
    capability_groups : tuple of (str, float)
        Groups of states by capability in rising order, each with its least share of the world's material
        capabilities (CINC, in the case's covariate year); the first begins at 0. The hypothesis is about
        small and middle states. Main: a thousandth and a hundredth. Above a hundredth are the five permanent
        members of the Security Council and states of like weight (21 in 2002, 18 in 2013). Below a
        thousandth is more than half of the members.
    states_left_out : tuple of str
        iso3 of states left out of the panel of all cases. They stay in the votes, so the first stage does
        not change.
    """

    cases: tuple[CaseSpec, ...] = (IRAQ, ISIS)
    granularity: Literal["finest", "rollcall", "agenda"] = "finest"
    window: int | None = None
    abstention: Literal["middle", "missing", "no"] = "middle"
    absence: Literal["missing", "abstain"] = "missing"
    min_votes: int = 1
    paragraph_votes: bool = False
    procedural: bool = False
    duplicates: bool = False
    important_only: bool = False
    issues_in: tuple[str, ...] = ()
    issues_out: tuple[str, ...] = ()
    lopsidedness: float = 0.0
    issue_flags: Literal["2021", "2016"] = "2021"
    corrections: Literal["agreed", "all", "none"] = "agreed"
    us_side_from: float | None = None
    us_side_below: float | None = None
    guarantee_levels: tuple[tuple[str, tuple[str, ...]], ...] | str = GUARANTEE_CODINGS["rio_pact"]
    levels_left_out: tuple[str, ...] = ()
    host_troops: int = 100
    recode: tuple[tuple[str, str, str, int | str], ...] = ()
    covariates: tuple[tuple[str, Transform], ...] = (
        ("gdp_per_capita", "log"),
        ("population", "log"),
        ("democracy", "none"),
        ("distance", "log"),
        ("aid", "log1p"),
        ("capability", "log"),
    )
    capability_groups: tuple[tuple[str, float], ...] = (("small", 0.0), ("middle", 0.001), ("major", 0.01))
    states_left_out: tuple[str, ...] = ()

    def __new__(cls, **given: object) -> Self:
        """Refuse unknown fields, naming the nearest known one."""
        check_fields(cls, given)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Restore the types that JSON and the command line change, and check every value."""
        if isinstance(self.guarantee_levels, str):
            check_choice("DataSpec", "guarantee_levels", self.guarantee_levels, list(GUARANTEE_CODINGS))
            object.__setattr__(self, "guarantee_levels", GUARANTEE_CODINGS[self.guarantee_levels])
        lists = ("cases", "issues_in", "issues_out", "guarantee_levels", "recode", "capability_groups")
        for field in (*lists, "levels_left_out", "states_left_out"):
            object.__setattr__(self, field, tuples(getattr(self, field)))
        usual = {name: covariate.transform for name, covariate in COVARIATES.items()}
        pairs = tuple((c, usual.get(c, "none")) if isinstance(c, str) else c for c in self.covariates)
        object.__setattr__(self, "covariates", tuples(pairs))
        for field in ("granularity", "abstention", "absence", "issue_flags", "corrections"):
            check_choice("DataSpec", field, getattr(self, field), get_args(type(self).__annotations__[field]))
        for field in ("paragraph_votes", "procedural", "duplicates", "important_only"):
            check_choice("DataSpec", field, getattr(self, field), (True, False))
        self._check_cases()
        self._check_numbers()
        self._check_issues()
        self._check_panel()

    def _check_cases(self) -> None:
        names = [case.name for case in self.cases]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"DataSpec.cases = {names}: need at least one case, and no name twice")

    def _check_numbers(self) -> None:
        if self.window is not None and not (isinstance(self.window, int) and self.window >= 1):
            raise ValueError(f"DataSpec.window = {self.window!r}: a whole number of sessions >= 1, or None")
        for field in ("min_votes", "host_troops"):
            if not (isinstance(getattr(self, field), int) and getattr(self, field) >= 1):
                raise ValueError(f"DataSpec.{field} = {getattr(self, field)!r}: a whole number >= 1")
        if not (isinstance(self.lopsidedness, int | float) and 0 <= self.lopsidedness < 0.5):
            raise ValueError(f"DataSpec.lopsidedness = {self.lopsidedness!r}: a share in [0, 0.5)")
        limits = [limit for limit in (self.us_side_from, self.us_side_below) if limit is not None]
        if not all(isinstance(limit, int | float) and 0 < limit < 1 for limit in limits) or (
            len(limits) == 2 and limits[0] >= limits[1]
        ):
            raise ValueError(
                f"DataSpec.us_side_from = {self.us_side_from!r}, us_side_below = {self.us_side_below!r}: "
                "shares in (0, 1), the first below the second, or None"
            )
        if self.abstention == "missing" and self.absence == "abstain":
            raise ValueError("DataSpec: absence='abstain' has no effect if abstention='missing'")

    def _check_issues(self) -> None:
        for field in ("issues_in", "issues_out"):
            for issue in getattr(self, field):
                check_choice("DataSpec", field, issue, (*ISSUES, "other"))
        both = set(self.issues_in) & set(self.issues_out)
        if both:
            raise ValueError(f"DataSpec: {sorted(both)} both in issues_in and issues_out")

    def _check_panel(self) -> None:
        levels = [level for level, _ in self.guarantee_levels]
        kinds = [kind for _, kinds in self.guarantee_levels for kind in kinds]
        if "none" in levels or len(set(levels)) < len(levels):
            raise ValueError(
                f"DataSpec.guarantee_levels = {levels}: level names must differ, 'none' is implied"
            )
        for kind in kinds:
            check_choice("DataSpec", "guarantee_levels", kind, KINDS)
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"DataSpec.guarantee_levels: a kind is in two levels: {kinds}")
        if any(DOSE in kinds and len(kinds) > 1 for _, kinds in self.guarantee_levels):
            raise ValueError(f"DataSpec.guarantee_levels: {DOSE!r} is a dose and needs a level of its own")
        for level in self.levels_left_out:
            check_choice("DataSpec", "levels_left_out", level, levels)
        if set(self.levels_left_out) == set(levels):
            raise ValueError("DataSpec.levels_left_out leaves no level but 'none'")
        for name, transform in self.covariates:
            check_choice("DataSpec", "covariates", name, [*COVARIATES, *MEMBERSHIPS])
            check_choice("DataSpec", f"covariates[{name!r}]", transform, get_args(Transform))
        names = [name for name, _ in self.covariates]
        if len(set(names)) < len(names):
            raise ValueError(f"DataSpec.covariates names a column twice: {names}")
        for case, _, column, value in self.recode:
            check_choice("DataSpec", "recode", case, [c.name for c in self.cases])
            if column == "guarantee":
                check_choice("DataSpec", "recode", value, ["none", *levels])
                if DOSE in kinds:
                    raise ValueError(f"DataSpec.recode {case} guarantee: {DOSE!r} is a dose, not a level")
            elif value not in (0, 1):
                raise ValueError(f"DataSpec.recode {case} {column} = {value!r}: must be 0 or 1")

        bounds = [bound for _, bound in self.capability_groups]
        if not bounds or bounds[0] != 0 or bounds != sorted(set(bounds)) or bounds[-1] >= 1:
            raise ValueError(
                f"DataSpec.capability_groups = {self.capability_groups}: shares must rise from 0, below 1"
            )
        groups = [group for group, _ in self.capability_groups]
        if "all" in groups or len(set(groups)) < len(groups):
            raise ValueError(f"DataSpec.capability_groups = {groups}: names must differ, 'all' is implied")

    def case(self, name: str) -> CaseSpec:
        """Return the case of that name; ValueError with the nearest name if there is none."""
        check_choice("DataSpec", "cases", name, [case.name for case in self.cases])
        return next(case for case in self.cases if case.name == name)

    def replace_case(self, name: str, **changes: object) -> Self:
        """Return a spec with fields of one case changed, e.g. ``replace_case("iraq", joined="troops")``."""
        changed = replace(self.case(name), **changes)
        return replace(self, cases=tuple(changed if case.name == name else case for case in self.cases))

    @property
    def pact_level(self) -> str:
        """The level of the guarantee that stands for a pact."""
        return name_pact([level for level, _ in self.guarantee_levels])

    def sessions(self, case: CaseSpec) -> range:
        """Sessions of the case's window under this spec."""
        first = case.first_session if self.window is None else max(1, case.last_session - self.window + 1)
        return range(first, case.last_session + 1)

    def to_json(self) -> str:
        """Return the spec as JSON with sorted keys; dates as YYYY-MM-DD."""
        return json.dumps(asdict(self), default=str, sort_keys=True)

    def votes_json(self, case: CaseSpec) -> str:
        """Return as JSON what determines the votes of a case; specs that agree in it share stage 1."""
        chosen = {field: getattr(self, field) for field in VOTE_FIELDS if field != "window"}
        chosen |= {"sessions": list(self.sessions(case)), "votes_until": case.votes_until}
        return json.dumps(chosen, default=str, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the JSON of ``to_json``; raises TypeError for unknown fields, ValueError for bad values."""
        given = json.loads(text)
        if "cases" in given:
            given["cases"] = tuple(CaseSpec(**case) for case in given["cases"])
        return cls(**given)
