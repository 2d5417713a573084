"""Read the days of a record. Which of day and month comes first is decided for the file as a whole."""

import re

import numpy as np
import pandas as pd

from data.tables.rules import DataError, list_first
from data.votes.releases.cells import Words, is_missing

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d\d)(\d\d)|(\d{4})/(\d{1,2})/(\d{1,2})")
_LOCAL = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_CLOCK = re.compile(
    r"[T ]+(?:(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?: ?[AP]M)?)?(?: ?(?:Z|UTC|\+00:?00))?$"
)
"""A time of the day after the day itself; an empty one is a blank."""


def parse_days(facts: pd.Series, words: Words, session: pd.Series | None, where: str) -> pd.Series:
    """Read the day of each roll call, NaT where the text is empty.

    Days are ``YYYY-MM-DD``, ``YYYYMMDD``, month/day/year or day/month/year, with a time or without. Where one
    number is above 12 in any row, that decides for the file; else the days must fit their sessions better in
    one reading than in the other.

    Parameters
    ----------
    facts : pd.Series of str
        Text of each roll call; ``words`` has the same texts with their rows.
    session : pd.Series of int, optional
        Session of each roll call.
    where : str
        File to name in messages.

    Raises
    ------
    DataError
        A text is no day, or nothing tells day and month apart.
    """
    texts = list(words.number)
    plain = [_CLOCK.sub("", text) for text in texts]
    local = [_LOCAL.fullmatch(text) for text in plain]
    iso = [None if found else _ISO.fullmatch(text) for found, text in zip(local, plain, strict=True)]
    found = [tuple(map(int, filter(None, m.groups()))) if m else None for m in iso]
    given = {i: tuple(map(int, m.groups())) for i, m in enumerate(local) if m}
    if given:
        order = _find_order({texts[i]: parts for i, parts in given.items()}, facts, session, where)
        for i, parts in given.items():
            found[i] = _turn(parts, order)
    days, bad = {"": np.datetime64("NaT", "s")}, []
    for i, (text, parts) in enumerate(zip(texts, found, strict=True)):
        day = np.datetime64("NaT", "s") if parts is None else _make_day(parts)
        if np.isnat(day) and not is_missing(text):
            bad.append(f"{text[:40]!r} (data row {words.first_row[i]})")
        days[text] = day
    if bad:
        raise DataError(
            f"{where}: date must be a day as YYYY-MM-DD, or month/day/year or day/month/year throughout, or "
            f"empty; got {list_first(bad)}"
        )
    return facts.map(days).astype("datetime64[s]")


def _turn(parts: tuple[int, int, int], order: str) -> tuple[int, int, int]:
    """Return year, month, day of two numbers and a year."""
    first, second, year = parts
    return (year, first, second) if order == "month first" else (year, second, first)


def _make_day(parts: tuple[int, int, int]) -> np.datetime64:
    try:
        return np.datetime64("{:04d}-{:02d}-{:02d}".format(*parts), "s")
    except ValueError:
        return np.datetime64("NaT", "s")


def _find_order(
    given: dict[str, tuple[int, int, int]], facts: pd.Series, session: pd.Series | None, where: str
) -> str:
    """Find whether the month or the day comes first in all days of a file."""
    day_first = [text for text, (first, _, _) in given.items() if first > 12]
    month_first = [text for text, (_, second, _) in given.items() if second > 12]
    if day_first and month_first:
        raise DataError(
            f"{where}: dates are written both as day/month/year ({day_first[0]!r}) and as month/day/year "
            f"({month_first[0]!r}); write them as YYYY-MM-DD"
        )
    if day_first or month_first:
        return "day first" if day_first else "month first"
    if all(first == second for first, second, _ in given.values()):
        return "month first"
    outside = {order: np.inf for order in ("month first", "day first")}
    if session is not None:
        for order in outside:
            days = facts.map({text: _make_day(_turn(parts, order)) for text, parts in given.items()})
            days = days.astype("datetime64[s]")
            start = pd.to_datetime(pd.DataFrame({"year": 1945 + session.astype(int), "month": 9, "day": 1}))
            within = days.between(start.to_numpy(), start.to_numpy() + np.timedelta64(394, "D"))
            outside[order] = int((days.notna() & ~within).sum())
    if outside["month first"] == outside["day first"]:
        shown = list_first(map(repr, given), 3)
        raise DataError(
            f"{where}: day and month cannot be told apart in dates such as {shown}: no number is above 12, "
            "and both readings fit the sessions equally well; write them as YYYY-MM-DD"
        )
    return min(outside, key=outside.get)
