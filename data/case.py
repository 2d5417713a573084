"""The cases of the project, each a coalition and the time before it, and how a user adds one."""

import datetime
import difflib
import keyword
import re
from dataclasses import dataclass, fields
from typing import Self

TIERS = ("none", "political", "military", "combat")
"""Tiers of support for a coalition, in rising order."""

OUTCOMES: dict[str, dict[str, str]] = {
    "iraq": {
        "white_house_list": "white_house_list",
        "state_dept_18mar": "state_dept_18mar",
        "troops": "troops",
        "list_or_troops": "white_house_list | troops",
        "list_and_troops": "white_house_list & troops",
        "invasion_force": "invasion_force",
    },
    "isis": {
        "partner_2014": "partner_2014",
        "partner_2017": "partner_2017",
        "forces": "military",
        "air_strikes": "airstrikes_iraq | airstrikes_syria",
        "trainers": "train_advise",
        "arms": "military_aid",
    },
}
"""Named codings of joining, by case: an expression of columns of the coalition table."""

_EXPRESSION = re.compile(r"[a-z_]\w*|[|&~()]|\s")


def check_fields(cls: type, given: dict) -> None:
    """Raise TypeError for a field that ``cls`` does not have, naming the nearest one."""
    names = [field.name for field in fields(cls)]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
            raise TypeError(
                f"{cls.__name__} has no field {name!r}; nearest: {near!r}. Fields: {', '.join(names)}"
            )


def check_choice(owner: str, field: str, value: object, allowed: tuple | list) -> None:
    """Raise ValueError, naming the nearest value, if ``owner.field`` is not one of the allowed values."""
    if value not in allowed:
        near = difflib.get_close_matches(str(value), [str(a) for a in allowed], n=1, cutoff=0.0)
        hint = f"; nearest: {near[0]!r}" if near else ""
        raise ValueError(f"{owner}.{field} = {value!r}: not one of {', '.join(map(str, allowed))}{hint}")


def tuples(value: object) -> object:
    """Turn lists into tuples at any depth, because JSON has no tuples."""
    return tuple(tuples(v) for v in value) if isinstance(value, list | tuple) else value


@dataclass(frozen=True, kw_only=True)
class CaseSpec:
    """A coalition and the time before it.

    To add a case, write a case file and a coalition table; see data/YOUR_OWN_CASE.md.

    Attributes
    ----------
    name : str
        Short name, the coordinate of the ``case`` dimension, such as ``"iraq"``.
    label : str
        Name for readers, such as ``"Iraq 2003"``.
    first_session, last_session : int
        Sessions of the General Assembly in the window. Five, because positions move slowly, and one session
        has too few dividing votes for small states that are often absent.
    votes_until : datetime.date
        Last day of votes, so that no vote comes after the joining that it is to explain. Up to session 57
        the source gives only the month of a vote.
    covariate_year : int
        Year of the covariates: the last full calendar year before the decision.
    guarantee_date : datetime.date
        A US commitment counts if it is in force on this day: the first day of the war in 2003, and the day
        on which the coalition against ISIS was announced. Later commitments, perhaps given as thanks, do not
        count.
    coalition_file : str
        File name in ``data/tables``, or the path of a user's own table. A bare name is that of a shipped
        table wherever there is one.
    joined : str
        Who joined: a column of the coalition table (0/1), an expression of columns with ``|`` (or), ``&``
        (and), ``~`` (not) and parentheses, or a name in OUTCOMES. A tuple of columns means any of them. The
        main codings are the broadest, because the question is who lent its name, not its soldiers.
    tiers : tuple of (str, tuple of str)
        Tiers of support above ``none`` in rising order, each with its columns. A state is in the highest
        tier of which any column is 1. Arms and money alone are political support: no soldier is at risk.
    exclude : tuple of str
        iso3 of states that are not in the panel: the leader of the coalition and its target or host.
    covariate_file, guarantee_file : str
        A user's own table of covariates or of guarantees; empty: those that the project has.
    """

    name: str
    label: str
    first_session: int
    last_session: int
    votes_until: datetime.date
    covariate_year: int
    guarantee_date: datetime.date
    coalition_file: str
    joined: str
    tiers: tuple[tuple[str, tuple[str, ...]], ...]
    exclude: tuple[str, ...] = ("USA", "IRQ")
    covariate_file: str = ""
    guarantee_file: str = ""

    def __new__(cls, **given: object) -> Self:
        """Refuse unknown fields, naming the nearest known one."""
        check_fields(cls, given)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Restore the types that JSON changes, and check every value."""
        for field in ("tiers", "exclude"):
            object.__setattr__(self, field, tuples(getattr(self, field)))
        joined = self.joined if isinstance(self.joined, str) else " | ".join(self.joined)
        object.__setattr__(self, "joined", OUTCOMES.get(self.name, {}).get(joined, joined))
        for field in ("votes_until", "guarantee_date"):
            value = getattr(self, field)
            if isinstance(value, str):
                object.__setattr__(self, field, datetime.date.fromisoformat(value))
            elif not isinstance(value, datetime.date):
                raise ValueError(f"CaseSpec.{field} = {value!r}: not a date (YYYY-MM-DD)")
        if not 1 <= self.first_session <= self.last_session:
            raise ValueError(
                f"CaseSpec sessions {self.first_session}-{self.last_session}: "
                "must be >= 1, first not after last"
            )
        names = [name for name, _ in self.tiers]
        for name in names:
            check_choice("CaseSpec", "tiers", name, TIERS[1:])
        if not names or names != [name for name in TIERS if name in names]:
            raise ValueError(
                f"CaseSpec.tiers = {names}: need at least one, in the order {', '.join(TIERS[1:])}"
            )
        if not self.joined_columns:
            raise ValueError(f"CaseSpec.joined = {self.joined!r}: name a column of the coalition table")
        rest = _EXPRESSION.sub("", self.joined)
        if rest:
            raise ValueError(
                f"CaseSpec.joined = {self.joined!r}: allowed: columns, | & ~ and parentheses; got {rest!r}"
            )
        try:
            compile(self.joined, "joined", "eval")
        except SyntaxError as error:
            raise ValueError(f"CaseSpec.joined = {self.joined!r}: {error.msg}") from None
        if words := [column for column in self.joined_columns if keyword.iskeyword(column)]:
            raise ValueError(
                f"CaseSpec.joined = {self.joined!r}: write | & ~ for or, and, not; got {words[0]!r}"
            )

    @property
    def joined_columns(self) -> tuple[str, ...]:
        """Columns of the coalition table in ``joined``."""
        return tuple(dict.fromkeys(re.findall(r"[a-z_]\w*", self.joined)))


IRAQ = CaseSpec(
    name="iraq",
    label="Iraq 2003",
    first_session=53,
    last_session=57,
    votes_until=datetime.date(2002, 12, 31),
    covariate_year=2002,
    guarantee_date=datetime.date(2003, 3, 20),
    coalition_file="coalition_iraq_2003.csv",
    joined="white_house_list",
    tiers=(("political", ("white_house_list",)), ("military", ("troops",)), ("combat", ("invasion_force",))),
)

ISIS = CaseSpec(
    name="isis",
    label="ISIS 2014-17",
    first_session=64,
    last_session=68,
    votes_until=datetime.date(2013, 12, 31),
    covariate_year=2013,
    guarantee_date=datetime.date(2014, 9, 10),
    coalition_file="coalition_isis_2014.csv",
    joined="partner_2017",
    tiers=(
        ("political", ("partner_2017",)),
        ("military", ("military",)),
        ("combat", ("airstrikes_iraq", "airstrikes_syria")),
    ),
)
