"""Read releases of Voeten, Strezhnev and Bailey, "United Nations General Assembly Voting Data".

Published as doi:10.7910/DVN/LEJUQZ. A row is a state's vote and repeats the description of
the roll call. Column names and codes were checked against:

- the codebook of 2015 (Strezhnev and Voeten): votes file ``rcid session date unres vote uniqueName
  voetenOldCode voetenName voetenShortCode ccode cowShortCode``; vote 1 yes, 2 abstain, 3 no, 8 absent, 9
  not a member; rcid above 9000 are special sessions; South Sudan is 628.
- the package dgrtwo/unvotes, data-raw/un-data.R: object ``x`` (2016), ``completeVotes`` (2021) in the RData.
- evoeten/United-Nations-General-Assembly-Votes-and-Ideal-Points, UN_DataProcessing.R (2020): ``rcid ccode
  member vote Country Countryname year session importantvote me nu di hr co ec resid para amend``.
- kerematas/un-hidden-blocs, pipeline/build_db.ipynb (release of 2024, to 2023): an unnamed column of row
  numbers, then ``rcid ccode member vote Country Countryname session abstain yes no importantvote date unres
  amend para short descr me nu di hr co ec ident resid``; 1,266,486 rows; ccode as ``2.0``,
  sometimes missing.

- the release of 2016-17 on Dataverse: ``rcid session vote ccode member importantvote date unres me ..  ec
  year``, with dates as month/day/year.
- reports on version 33 (June 2024): rows of Turkiye without any name of a state since session 78, a number
  that stands for several resolutions, states twice in a roll call.

The file may be CSV, Dataverse's tab-delimited form, or have semicolons (older exports). States may stand as
codes or names, votes as numbers or words (copies that were joined by their users).
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from data.spec import ISSUES
from data.tables.rules import DataError, list_first
from data.votes.releases.cells import (
    Cells,
    gather_cells,
    is_missing,
    map_columns,
    number_parts,
    parse_int,
    parse_optional_int,
)
from data.votes.releases.dates import parse_days
from data.votes.releases.matching import add_derived
from data.votes.releases.mend import find_parts, mend_votes
from data.votes.releases.states import apply_succession, find_ccode, iso3_of, load_members, uses_cow_letters
from data.votes.releases.tidy import Release, finish_release, format_symbol

STATE = {
    "ccode": ("ccode",),
    "country": ("country", "cowshortcode", "country_code", "iso3", "iso3c"),
    "name": ("countryname", "voetenname", "uniquename", "country_name", "country"),
}
KEYS = {"rcid": ("rcid",), "vote": ("vote",), **STATE, "area": ("short_name",)}
FACTS = {
    "session": ("session",), "year": ("year",), "date": ("date",), "unres": ("unres",), "title": ("short",),
    "descr": ("descr",), "important": ("importantvote",), "amend": ("amend",), "para": ("para",),
    "yes": ("yes",), "abstain": ("abstain",), "no": ("no",), **{i: (i,) for i in ISSUES},
}  # fmt: skip
_VOTES = {1: 2, 2: 1, 3: 0, 8: 3, 9: -1}  # to the codes of tidy.VOTES; -1: no seat
_WORDS = {"yes": 2, "abstain": 1, "no": 0, "absent": 3}
NOT_ABSENT_BUT_MEMBER = (679, 65)
"""Yemen in session 65: it was a member throughout, but one cell is coded 9."""
_FLAGS_OF_2016_END = 70
_FLAGS = (*ISSUES, "important", "amend", "para")


def find_columns(header: list[str]) -> dict[str, str] | None:
    """Map canonical names to columns of the file; None if it is no Dataverse release."""
    found = map_columns(header, KEYS | FACTS)
    if found.get("name") == found.get("country"):
        found.pop("name", None)
    needed = {"rcid", "vote"} <= found.keys() and ("session" in found or "year" in found)
    return found if needed and STATE.keys() & found.keys() else None


def parse_vote(text: str) -> int:
    """Parse a vote, in numbers or words, to the codes of ``tidy.VOTES``; -1: no seat."""
    word = text.lower()
    return _WORDS[word] if word in _WORDS else _VOTES[parse_int(text)]


def tidy_dataverse(
    batches: Iterable[pa.RecordBatch],
    columns: Collection[str],
    *,
    path: Path,
    name: str,
    sha256: str,
    notes: Iterable[str] = (),
) -> Release:
    """Make the tidy form from blocks of text with columns named as in ``KEYS`` and ``FACTS``.

    DataError if a vote code or state is unknown, a number is none, or a state casts two votes in a roll call.
    """
    where = str(path)
    apart = [name for name in ("unres", "date") if name in columns]
    keys = [*(k for k in KEYS if k in columns), *apart]
    facts = [k for k in FACTS if k in columns]
    state = [k for k in STATE if k in columns]
    cells = gather_cells(batches, keys, facts, where, lambda found: find_parts(found, state, apart))
    number = cells.words["rcid"].parse(number_parts, where, "rcid", "a whole number")
    rcid = np.array(number, dtype=np.int64)
    vote = np.array(cells.words["vote"].parse(parse_vote, where, "vote",
                    "1 yes, 2 abstain, 3 no, 8 absent or 9 not a member"), dtype=np.int8)  # fmt: skip
    rollcalls, published = _rollcalls(cells, rcid, where)
    ccode = _ccodes(cells, vote, where)
    code = vote[cells.keys["vote"]]
    session = rollcalls["session"].to_numpy()[cells.keys["rcid"]]
    if (ccode == NOT_ABSENT_BUT_MEMBER[0])[code < 0].any():
        member = (code < 0) & (ccode == NOT_ABSENT_BUT_MEMBER[0]) & (session == NOT_ABSENT_BUT_MEMBER[1])
        code = np.where(member, 3, code)
    seated = code >= 0
    votes = pd.DataFrame({
        "rcid": rcid[cells.keys["rcid"][seated]], "vote": code[seated],
        "ccode": apply_succession(ccode[seated], session[seated]),
    })  # fmt: skip
    votes, mends, lost = mend_votes(votes, rollcalls, where)
    published = published.mask(published["rcid"].isin(lost)).assign(rcid=published["rcid"])
    mends += _tell_parts(rcid, rollcalls)
    voted = rollcalls["rcid"].isin(votes["rcid"].unique())
    notes = [*notes, *cells.notes]
    if not voted.all():
        notes.append(f"{(~voted).sum()} roll calls without any member left out")
    rollcalls, published = rollcalls[voted], published[voted]
    rollcalls, more = add_derived(rollcalls, votes, path)
    return finish_release(rollcalls, votes, name=name, sha256=sha256, where=where, notes=notes + more,
                          mends=mends,
                          published=published if len(published.columns) > 1 else None)  # fmt: skip


def _tell_parts(rcid: np.ndarray, rollcalls: pd.DataFrame) -> list[str]:
    """Say which numbers stood for several resolutions."""
    part, number = np.divmod(rcid, 10**9)
    split = part > 0
    if not split.any():
        return []
    shown = [
        f"{n} ({symbol or 'no symbol'})"
        for n, symbol in zip(
            number[split], rollcalls.get("unres", pd.Series([""] * len(rcid)))[split], strict=True
        )
    ]
    return [
        f"{len(np.unique(number[split]))} roll call numbers stand for several resolutions, split by symbol "
        f"and date; each further one gets a billion added: {list_first(shown)}"
    ]


def _rollcalls(cells: Cells, rcid: np.ndarray, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    facts = cells.facts
    numbers = {}
    for name in [n for n in facts if n in ("session", "year", "yes", "abstain", "no")]:
        parsed = cells.parse_fact(name, parse_optional_int, where, "a whole number or empty")
        numbers[name] = parsed.astype("Int64")
    for name in [n for n in facts if n in _FLAGS]:
        numbers[name] = _flags(facts[name], rcid, name, cells.notes)
    session = numbers["session"] if "session" in numbers else numbers["year"] - 1945
    bad = session.isna() | ~session.between(1, 120).fillna(False)
    if bad.any():
        ids = ", ".join(map(str, rcid[bad.to_numpy()][:5]))
        raise DataError(
            f"{where}: session must be 1-120; missing or outside in {bad.sum()} roll calls, rcid {ids}"
        )
    table = pd.DataFrame({"rcid": rcid, "session": session.astype(int)})
    if "date" in facts:
        table["date"] = parse_days(facts["date"], cells.words["date"], table["session"], where)
        # Before session 58, only the year and month of the published dates are right where compared.
        table["date_quality"] = np.where(
            table["date"].isna(), "none", np.where(table["session"] < 58, "month", "day")
        )
    for name in ("unres", "title", "descr"):
        table[name] = facts[name].replace({"": None, "NA": None}) if name in facts else None
    table["symbol"] = [format_symbol(u) for u in table["unres"]]
    table["important"] = numbers.get("important")
    whole = pd.Series(0, index=table.index, dtype="Int64")
    table["is_para_or_amend"] = (numbers.get("amend", whole) == 1).fillna(False) | (
        numbers.get("para", whole) == 1
    ).fillna(False)
    if not {"amend", "para"} & set(facts):
        cells.notes.append("votes on paragraphs and amendments are not marked in this file")
    if "area" in cells.keys and not any(issue in numbers for issue in ISSUES):
        numbers |= _list_areas(cells, len(table))
    for issue in ISSUES:
        table[issue] = numbers.get(issue)
        if table["session"].max() <= _FLAGS_OF_2016_END:
            table[f"{issue}_v2016"] = numbers.get(issue)
    table["issue_source"] = "coded" if any(i in numbers for i in ISSUES) else "none"
    published = {c: numbers[c] for c in ("yes", "abstain", "no") if c in numbers}
    return table, pd.DataFrame({"rcid": rcid, **published})


def _flags(text: pd.Series, rcid: np.ndarray, name: str, notes: list[str]) -> pd.Series:
    """Read flags 0/1; other values become unknown and are noted (one published table has one)."""
    known = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, **dict.fromkeys(("", "NA", "nan", "NaN", "."), pd.NA)}
    odd = ~text.isin(list(known))
    if odd.any():
        notes.append(f"{odd.sum()} roll calls with {name} neither 0 nor 1, taken as unknown: rcid "
                     f"{', '.join(map(str, rcid[odd.to_numpy()][:10]))}")  # fmt: skip
    return text.map(known).astype("Int64")


def _list_areas(cells: Cells, size: int) -> dict[str, pd.Series]:
    """Return the flags of a file that has a row for each issue area of a roll call."""
    words = cells.words["area"].number
    return {
        issue: pd.Series(np.isin(np.arange(size), cells.keys["rcid"][cells.keys["area"] == words[issue]]))
        .astype("Int64") if issue in words else pd.Series(0, index=range(size), dtype="Int64")
        for issue in ISSUES
    }  # fmt: skip


def _ccodes(cells: Cells, vote: np.ndarray, where: str) -> np.ndarray:
    """Return the state of each row, 0 for one without any name of a state.

    A state that is named must be known, unless the row is coded "not a member". Where the number and the name
    are those of different states, the number counts, with a note.
    """
    names = [name for name in STATE if name in cells.words]
    columns = np.column_stack([cells.keys[name] for name in names])
    sizes = [len(cells.words[name].number) for name in names]
    _, first, position = np.unique(
        np.ravel_multi_index(columns.T, sizes), return_index=True, return_inverse=True
    )
    texts = {name: list(cells.words[name].number) for name in names}
    cow = uses_cow_letters(texts.get("country", ()))
    found, clash = [], 0
    rows = np.bincount(position)
    for row, count in zip(columns[first], rows, strict=True):
        given = {name: texts[name][i] for name, i in zip(names, row, strict=True)}
        given = {name: "" if is_missing(text) else text for name, text in given.items()}
        number = _parse_number(given.get("ccode", ""))
        letters = (
            given.get("country", "") if number is not None else given.get("country") or given.get("ccode", "")
        )
        by_name = find_ccode(letters, given.get("name", ""), cow=cow)
        ccode = by_name if number is None else find_ccode(ccode=number)
        found.append(0 if not any(given.values()) else -1 if ccode is None else ccode)
        clash += count * (None not in (by_name, ccode) and iso3_of()[by_name] != iso3_of()[ccode])
    ccode = np.array(found, dtype=np.int16)[position]
    unknown = (ccode < 0) & (vote[cells.keys["vote"]] >= 0)
    if unknown.any():
        _, rows = np.unique(position[unknown], return_index=True)
        shown = [
            " ".join(f"{name} {texts[name][cells.keys[name][row]] or 'empty'}" for name in names)
            + f" (data row {row + 1})"
            for row in np.flatnonzero(unknown)[rows]
        ]
        raise DataError(
            f"{where}: votes of unknown states: {list_first(shown)}; known are "
            f"{load_members()['ccode'].nunique()} members"
        )
    if clash:
        cells.notes.append(f"the number of a state and its name disagree in {clash} rows; the number counts")
    return np.maximum(ccode, 0)


def _parse_number(text: str) -> int | None:
    """Parse a Correlates of War number; None if it is empty or a word."""
    try:
        return parse_optional_int(text)
    except ValueError:
        return None
