"""Find the state that a publisher's code means in a session.

Codes are those of the Correlates of War project, as in the Dataverse release. The days of admission and
departure in `states.csv` say who had a seat in which session. Two seats changed their code (`CODE_CHANGES`).

Changes of code:

- Germany: 260 (Federal Republic) and 265 (GDR) in sessions 28-44, 255 from session 45 (votes from November
  1990). The 2021 release still writes 260 in session 45.
- Yemen: 678 (North) to session 45, 679 from session 46; 680 (South) in sessions 22-44.
- Yugoslavia and Serbia share 345: to session 47, no seat in 48-54, again from session 55.
- Czechoslovakia 315 to 31 December 1992; the Czech Republic 316 and Slovakia 317 from 19 January 1993.
- USSR and Russia share 365. Egypt and the United Arab Republic share 651.
- China's seat: 713 until resolution 2758 (XXVI) of 25 October 1971, 710 after.
- Zanzibar 511 voted in session 18 only; Tanganyika and Tanzania share 510.
- South Sudan is 626; the codebook of 2015 says 628.

Sources: codebook of the Dataverse release; ISO 3166-3 for withdrawn codes; official names "at the time of
the vote" as the UN Digital Library writes them.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.read import load_states

CHINA_SEAT = np.datetime64("1971-10-25")
"""Day of resolution 2758 (XXVI); 713 cast the vote of that day."""

CODE_CHANGES = {255: (260, 45), 679: (678, 46)}
"""Current code: (former code, first session under the current one), for one seat with one ISO code."""

_CCODE_ALIASES = {628: 626}
FORMER_NAMES = Path(__file__).with_name("former_names.csv")
"""Withdrawn codes and former official names of states, with their Correlates of War code."""
COW_ABBREVIATIONS = Path(__file__).with_name("cow_abbreviations.csv")
"""Three letters of the Correlates of War project; a few mean another state in ISO 3166 (AUS, CZE, SLV)."""


def session_of_date(date: pd.Series) -> pd.Series:
    """Find the regular session of a day. Session n opens in September of 1945 + n, here on the 10th."""
    opened = (date.dt.month > 9) | ((date.dt.month == 9) & (date.dt.day >= 10))
    return date.dt.year - 1946 + opened.astype(int)


@cache
def load_members() -> pd.DataFrame:
    """Load sessions of membership: ``ccode iso3 first_session last_session``, a row per spell and code.

    In states.csv, a year alone means an admission in that autumn, when a session began.
    """
    states = load_states()
    start, end = (
        session_of_date(pd.to_datetime(day.where(day.str.len() > 4, day + "-12-31"))).astype("Int64")
        for day in (states["un_from"], states["un_to"])
    )
    spells = states[["ccode", "iso3"]].assign(first_session=start.clip(lower=1), last_session=end)
    changed = spells[spells["ccode"].isin(CODE_CHANGES)]
    before, since = zip(*changed["ccode"].map(CODE_CHANGES), strict=True)
    former = changed.assign(ccode=before, last_session=np.array(since) - 1)
    spells.loc[changed.index, "first_session"] = since
    return pd.concat([spells, former]).sort_values(["first_session", "ccode"], ignore_index=True)


@cache
def iso3_of() -> dict[int, str]:
    """Map ccode to ISO code; DEU and YEM each stand for two codes in turn, SRB also for YUG."""
    members = load_members()
    return dict(zip(members["ccode"].astype(int), members["iso3"], strict=True))


@cache
def _ccode_of_iso3() -> dict[str, int]:
    # Rows are sorted by first session, so of two codes for one ISO code the later stays.
    members = load_members()
    return dict(zip(members["iso3"], members["ccode"].astype(int), strict=True))


def list_codes() -> pd.DataFrame:
    """List the latest Correlates of War code and the UN M49 code of each state, by its ISO code."""
    m49 = _known_countries().set_index("ISO3")["UNcode"]
    codes = pd.DataFrame({"ccode": pd.Series(_ccode_of_iso3())})
    return codes.assign(m49=pd.to_numeric(m49.reindex(codes.index), errors="coerce"))


@cache
def _ccode_of_name() -> dict[str, int]:
    names = pd.read_csv(FORMER_NAMES, keep_default_na=False)
    return dict(zip(names["name"], names["ccode"].astype(int), strict=True))


@cache
def _ccode_of_abbreviation() -> dict[str, int]:
    table = pd.read_csv(COW_ABBREVIATIONS, keep_default_na=False)
    return dict(zip(table["stateabb"], table["ccode"].astype(int), strict=True))


@cache
def _known_countries() -> pd.DataFrame:
    """Load ISO codes and patterns of names from country_converter: ``ISO2 ISO3 regex``."""
    import country_converter  # its table takes a moment to compile, and few files need it

    # The package's own reader loses "NA", the code of Namibia, under pandas 3.
    path = Path(country_converter.__file__).with_name("country_data.tsv")
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8")
    table = table[table["obsolete"] == ""].reset_index(drop=True)
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in table["regex"]]
    letters = table["ISO2"].str.replace("[^A-Z]", "", regex=True).str[:2]
    return table.assign(pattern=patterns, ISO2=letters)


def find_code(word: str, *, cow: bool = False) -> int | None:
    """Find the Correlates of War code of letters: ISO 3166 (two or three), withdrawn, or the project's own.

    ``cow`` says that three letters are those of the Correlates of War project.
    """
    word = word.strip().upper()
    found = _ccode_of_abbreviation().get(word) if cow else None
    found = found or _ccode_of_name().get(word) or _ccode_of_iso3().get(word)
    if found is None and len(word) == 2:
        known = _known_countries()
        found = next((_ccode_of_iso3().get(i) for i in known["ISO3"][known["ISO2"] == word]), None)
    return found


def find_name(name: str) -> int | None:
    """Find the Correlates of War code of a state's name, present or former, in the spellings of many lists.

    Former names stand in a table of their own, others are matched by the patterns of country_converter. None
    if no pattern or more than one fits.
    """
    plain = " ".join(name.replace("’", "'").split()).upper()
    if plain in _ccode_of_name():
        return _ccode_of_name()[plain]
    if len(plain) < 4:
        return None
    known = _known_countries()
    fits = [iso3 for iso3, pattern in zip(known["ISO3"], known["pattern"], strict=True)
            if pattern.search(plain)]  # fmt: skip
    return _ccode_of_iso3().get(fits[0]) if len(fits) == 1 else None


def uses_cow_letters(words: Iterable[str]) -> bool:
    """Tell whether more three-letter words are abbreviations of Correlates of War than ISO codes."""
    letters = {word.strip().upper() for word in words if len(word.strip()) == 3}
    iso3 = set(_ccode_of_iso3()) | set(_ccode_of_name())
    return len(letters & set(_ccode_of_abbreviation())) > len(letters & iso3)


def find_ccode(code: str = "", name: str = "", ccode: int | None = None, *, cow: bool = False) -> int | None:
    """Find the Correlates of War code of a publisher's state, ignoring changes over time.

    The publisher's own ``ccode`` takes precedence. Then a former ``name`` decides, because one ISO code may
    cover two members of the same time; then ``code`` (see `find_code`); then any other name. Either may stand
    in the place of the other. Returns None if no member has that code or name.
    """
    if ccode is not None:
        ccode = _CCODE_ALIASES.get(ccode, ccode)
        return ccode if ccode in iso3_of() else None
    former = _ccode_of_name().get(" ".join(name.split()).upper())
    return (
        former or find_code(code, cow=cow) or find_name(name) or find_code(name, cow=cow) or find_name(code)
    )


def apply_succession(ccode: np.ndarray, session: np.ndarray, date: np.ndarray | None = None) -> np.ndarray:
    """Replace each code by the one that the state has in the session; int arrays of equal length.

    ``date`` (datetime64) places China's seat within session 26. Without it, 710 and 713 stay: the Dataverse
    release has a row for each of the two and marks the one without a seat.
    """
    out = np.array(ccode, dtype=np.int16)
    # The Dataverse releases separate the two Yemens, but not Germany in session 45.
    for now, (before, since) in CODE_CHANGES.items():
        if now == 255 or date is not None:
            unit = np.isin(out, (now, before))
            out[unit] = np.where(session[unit] >= since, now, before)
    if date is not None:
        china = np.isin(out, (710, 713))
        old = (date[china] <= CHINA_SEAT) | (np.isnat(date[china]) & (session[china] < 26))
        out[china] = np.where(old, 713, 710)
    return out


@cache
def _seats() -> tuple[np.ndarray, np.ndarray]:
    """Tabulate seats by session (0-199) and ccode (0-999); the second without the ends of a spell."""
    seat, whole = np.zeros((200, 1000), dtype=bool), np.zeros((200, 1000), dtype=bool)
    for row in load_members().itertuples():
        end = 200 if pd.isna(row.last_session) else row.last_session + 1
        seat[row.first_session : end, row.ccode] = True
        whole[row.first_session + 1 : end - (end < 200), row.ccode] = True
    return seat, whole


def seats(session: np.ndarray, ccode: np.ndarray | None = None, whole: bool = False) -> np.ndarray:
    """Tell which states had a seat: bool array, as long as ``session`` and ``ccode``.

    Without ``ccode``, the result has all codes (0-999) for each session. ``whole``: only states that sat
    throughout the session, not in the first and last session of a spell, in which they may have joined or
    left.
    """
    table, rows = _seats()[int(whole)], np.clip(session, 0, 199)
    return table[rows] if ccode is None else table[rows, ccode]
