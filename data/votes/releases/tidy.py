"""The tidy form that all releases share, and the checks that every release must pass."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.spec import ISSUES
from data.tables.rules import DataError, list_first
from data.votes.checks.tables import check_dates, check_seats, find_gaps, tell_gaps
from data.votes.releases.mend import mend_votes
from data.votes.releases.states import iso3_of

VOTES = pd.CategoricalDtype(["no", "abstain", "yes", "absent"])
"""Codes 0, 1, 2 are no < abstain < yes. Absent (3) is not on that scale, so no order is declared."""

MAX_ROWS = 10_000_000
"""Most rows of a file; the largest published one has 1.3 million."""
MAX_ROLLCALLS = 20_000
"""Most roll calls; the record of 80 sessions has 6,900."""
_DTYPES = {
    "rcid": "int64", "symbol": "str", "unres": "str", "session": "int16", "date": "datetime64[s]",
    "date_quality": pd.CategoricalDtype(["day", "month", "none"]), "title": "str", "descr": "str",
    "important": "Int8", "is_para_or_amend": "bool", "is_procedural": "bool", "dup_of_rcid": "Int64",
    **dict.fromkeys(ISSUES, "Int8"), "issue_source": pd.CategoricalDtype(["coded", "derived", "none"]),
    **{f"{i}_v2016": "Int8" for i in ISSUES}, "us_vote": VOTES, "unanimous": "bool", "match_group": "Int64",
    "match_source": pd.CategoricalDtype(["coded", "derived", "none"]),
    "yes": "int16", "abstain": "int16", "no": "int16", "absent": "int16",
}  # fmt: skip
ROLLCALL_COLUMNS = tuple(_DTYPES)
VOTE_COLUMNS = ("rcid", "session", "ccode", "iso3", "vote")

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and a word for the current step."""


@dataclass(frozen=True, eq=False)
class Release:
    """One published record of roll calls in tidy form.

    Attributes
    ----------
    rollcalls : DataFrame, one row per roll call, columns ``ROLLCALL_COLUMNS``
        ``rcid`` is the publisher's number (Dataverse: roll call id; UN Digital Library: control number
        ``undl_id``), or else made from the UN symbol (see `symbol_key`). ``date`` is the day of the vote;
        ``date_quality`` says whether the day or only the month is right. ``session`` is the regular session
        of the vote. Issue flags are 0, 1 or missing; ``issue_source`` and ``match_source`` say whether flags
        and repeats are the publisher's coding or derived from words.
    votes : DataFrame, one row per member and roll call, columns ``VOTE_COLUMNS``
        ``vote`` is categorical with the categories of ``VOTES``. States without a seat have no row.
    name : str
        What the file is.
    sha256 : str
        Hash of the file, or of the pair of files one after the other.
    mends : tuple of str
        What was mended or left out, with counts.
    notes : tuple of str
        Oddities that were found and accepted.
    files : dict of str to str
        sha256 by file name, from `data.votes.cache.load_release`.
    gaps : DataFrame with ``rcid yes abstain no``
        Published counts less those of the votes, for roll calls in which they differ.
    """

    rollcalls: pd.DataFrame
    votes: pd.DataFrame
    name: str
    sha256: str
    mends: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    gaps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["rcid", "yes", "abstain", "no"]))


def finish_release(
    rollcalls: pd.DataFrame,
    votes: pd.DataFrame,
    *,
    name: str,
    sha256: str,
    where: str,
    mends: Iterable[str] = (),
    notes: Iterable[str] = (),
    published: pd.DataFrame | None = None,
) -> Release:
    """Complete and check the tidy tables.

    Parameters
    ----------
    rollcalls : DataFrame
        Any of ``ROLLCALL_COLUMNS``; the others become unknown. Counts come from the votes.
    votes : DataFrame with ``rcid ccode vote`` (vote as int 0-3 or categorical)
        ``ccode`` is 0 in a row without a state; see `data.votes.releases.mend`.
    where : str
        File to name in messages.
    published : DataFrame, optional
        The publisher's counts: ``rcid yes abstain no`` (and ``absent``), missing if not given.

    Raises
    ------
    DataError
        There is no roll call or vote; a roll call occurs twice; a state casts two votes in one; a vote has no
        roll call, or the reverse; a date lies far outside its session; more than ``DAMAGED_SHARE`` of the
        counts do not add up.
    """
    notes = list(notes)
    rollcalls = rollcalls.sort_values(["session", "rcid"]).reset_index(drop=True)
    if rollcalls.empty or votes.empty:
        raise DataError(f"{where}: holds no vote of any member")
    odd = ~rollcalls["rcid"].between(1, 10**10 - 1)
    if odd.any():
        raise DataError(
            f"{where}: roll call numbers must be 1 to 9,999,999,999; got {list_first(rollcalls['rcid'][odd])}"
        )
    double = rollcalls["rcid"].duplicated()
    if double.any():
        raise DataError(f"{where}: roll call listed twice: rcid {list_first(rollcalls['rcid'][double])}")
    if votes["vote"].dtype == VOTES:
        votes = votes.assign(vote=votes["vote"].cat.codes)
    votes, mended, lost = mend_votes(votes, rollcalls, where)
    if published is not None:
        published = published.mask(published["rcid"].isin(lost)).assign(rcid=published["rcid"])
    if votes.empty:
        raise DataError(f"{where}: holds no vote of any member")
    key = votes["rcid"].to_numpy(np.int64) * 1000 + votes["ccode"].to_numpy(np.int64)
    votes = votes.iloc[np.argsort(key, kind="stable")].reset_index(drop=True)
    missing = set(rollcalls["rcid"]) ^ set(votes["rcid"].unique())
    if missing:
        raise DataError(
            f"{where}: {len(missing)} roll calls are in only one of the two tables, "
            f"rcid {list_first(sorted(missing))}"
        )

    votes["vote"] = pd.Categorical.from_codes(votes["vote"].to_numpy(np.int8), dtype=VOTES)
    rollcalls = count_answers(rollcalls, votes)
    position = pd.Index(rollcalls["rcid"]).get_indexer(votes["rcid"])
    session = rollcalls["session"].to_numpy()[position]
    iso3 = iso3_of()
    votes = pd.DataFrame(
        {
            "rcid": votes["rcid"].to_numpy(np.int64),
            "session": session.astype(np.int16),
            "ccode": votes["ccode"].to_numpy(np.int16),
            "iso3": _categorical(votes["ccode"].to_numpy(), iso3),
            "vote": votes["vote"].array,
        }
    )
    gaps = find_gaps(rollcalls, published)
    notes += tell_gaps(gaps, published, where)
    rollcalls = _complete(rollcalls)
    notes += check_dates(rollcalls, where) + check_seats(votes)
    return Release(rollcalls, votes, name, sha256, (*mends, *mended), tuple(notes), gaps=gaps)


def count_answers(rollcalls: pd.DataFrame, votes: pd.DataFrame) -> pd.DataFrame:
    """Count the answers to each roll call, ``unanimous`` and ``us_vote`` among them, from the votes."""
    position = pd.Index(rollcalls["rcid"]).get_indexer(votes["rcid"])
    code = votes["vote"].cat.codes.to_numpy()
    counts = np.bincount(position * 4 + code, minlength=4 * len(rollcalls)).reshape(-1, 4)
    us = votes["ccode"].to_numpy() == 2
    us_code = np.full(len(rollcalls), -1, dtype=np.int8)
    us_code[position[us]] = code[us]
    named = {name: counts[:, k] for k, name in enumerate(VOTES.categories)}
    named = {n: c.astype(rollcalls[n].dtype) if n in rollcalls else c for n, c in named.items()}
    return rollcalls.assign(
        **named,
        unanimous=(counts[:, :3] > 0).sum(axis=1) <= 1,
        us_vote=pd.Categorical.from_codes(us_code, dtype=VOTES),
    )


def _complete(rollcalls: pd.DataFrame) -> pd.DataFrame:
    defaults = {"is_para_or_amend": False, "is_procedural": False, "date_quality": "none",
                "issue_source": "none", "match_source": "none"}  # fmt: skip
    out = {}
    for column, dtype in _DTYPES.items():
        values = rollcalls.get(column)
        if values is None:
            values = pd.Series(
                defaults.get(column, pd.NA if dtype != "datetime64[s]" else pd.NaT), rollcalls.index
            )
        out[column] = values.astype(dtype)
    return pd.DataFrame(out)


def _categorical(ccode: np.ndarray, iso3: dict[int, str]) -> pd.Categorical:
    names = sorted(set(iso3.values()))
    lookup = np.full(1000, -1, dtype=np.int16)
    for unit, name in iso3.items():
        lookup[unit] = names.index(name)
    return pd.Categorical.from_codes(lookup[ccode], categories=names)


_ROMAN = {1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC", 50: "L", 40: "XL", 10: "X", 9: "IX",
          5: "V", 4: "IV", 1: "I"}  # fmt: skip


def format_symbol(unres: str | None) -> str | None:
    """Write the UN symbol of a resolution in one form; None if it is no symbol.

    ``R/57/58`` becomes ``A/RES/57/58``. Up to session 30 the official form is ``A/RES/3379(XXX)``. Brackets
    and blanks around part letters go: ``A/RES/46/82[A]`` becomes ``A/RES/46/82A``.
    """
    text = re.sub(r"[\s\[\]]", "", unres or "").upper()
    plain = re.fullmatch(r"(?:A/RES|R)/(\d+)/(\d+)([A-Z]{0,2})", text)
    if plain:
        session, number, part = int(plain[1]), plain[2], plain[3]
        if session > 30 or session == 0:
            return f"A/RES/{session}/{number}{part}"
        roman, rest = "", session
        for value, letters in _ROMAN.items():
            roman, rest = roman + letters * (rest // value), rest % value
        return f"A/RES/{number}({roman}){part}"
    return text if text.startswith("A/RES/") else None


def symbol_key(symbol: str) -> int | None:
    """Make a stable number from a symbol ``A/RES/<session>/<number><part>``, for releases without an id.

    The number is ``session * 1,000,000 + number * 100 + part`` (A = 1). Emergency special session k counts as
    session 1000 + k, special session k as 2000 + k. All are above 31 million, so no publisher uses them.
    """
    found = re.fullmatch(r"A/RES/(ES-|S-)?(\d+)/(\d{1,4})([A-Z]?)", symbol)
    if not found:
        return None
    offset = {"ES-": 1000, "S-": 2000, None: 0}[found[1]]
    part = ord(found[4]) - 64 if found[4] else 0
    return (offset + int(found[2])) * 1_000_000 + int(found[3]) * 100 + part
