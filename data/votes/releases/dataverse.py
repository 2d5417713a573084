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

The file may be CSV, Dataverse's tab-delimited form, or have semicolons (older exports).
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from data.spec import ISSUES
from data.tables.rules import DataError
from data.votes.releases.cells import (
    Cells,
    gather_cells,
    map_columns,
    parse_date,
    parse_int,
    parse_optional_int,
)
from data.votes.releases.matching import find_duplicates, flag_procedural, match_titles
from data.votes.releases.states import apply_succession, find_ccode, load_members
from data.votes.releases.tidy import Release, finish_release, format_symbol

KEYS = {"rcid": ("rcid",), "vote": ("vote",), "ccode": ("ccode",), "country": ("country", "cowshortcode")}
FACTS = {
    "session": ("session",), "year": ("year",), "date": ("date",), "unres": ("unres",), "title": ("short",),
    "descr": ("descr",), "important": ("importantvote",), "amend": ("amend",), "para": ("para",),
    "yes": ("yes",), "abstain": ("abstain",), "no": ("no",), **{i: (i,) for i in ISSUES},
}  # fmt: skip
_VOTES = {1: 2, 2: 1, 3: 0, 8: 3, 9: -1}  # to the codes of tidy.VOTES; -1: no seat
NOT_ABSENT_BUT_MEMBER = (679, 65)
"""Yemen in session 65: it was a member throughout, but one cell is coded 9."""
_FLAGS_OF_2016_END = 70
_FLAGS = (*ISSUES, "important", "amend", "para")


def find_columns(header: list[str]) -> dict[str, str] | None:
    """Map canonical names to columns of the file; None if it is no Dataverse release."""
    found = map_columns(header, KEYS | FACTS)
    needed = {"rcid", "vote", "ccode"} <= found.keys() and ("session" in found or "year" in found)
    return found if needed else None


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

    DataError if a vote code or state is unknown, a number is none, or a state votes twice in a roll call.
    """
    where = str(path)
    keys = [k for k in KEYS if k in columns]
    facts = [k for k in FACTS if k in columns]
    cells = gather_cells(batches, keys, facts, where)
    rcid = np.array(cells.words["rcid"].parse(parse_int, where, "rcid", "a whole number"), dtype=np.int64)
    vote = np.array(cells.words["vote"].parse(lambda t: _VOTES[parse_int(t)], where, "vote",
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
    voted = rollcalls["rcid"].isin(votes["rcid"].unique())
    notes = [*notes, *cells.notes]
    if not voted.all():
        notes.append(f"{(~voted).sum()} roll calls without any member left out")
    rollcalls, published = rollcalls[voted], published[voted]
    rollcalls, more = add_derived(rollcalls, votes, path)
    return finish_release(rollcalls, votes, name=name, sha256=sha256, where=where, notes=notes + more,
                          published=published if len(published.columns) > 1 else None)  # fmt: skip


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
        days = cells.parse_fact("date", parse_date, where, "a day as YYYY-MM-DD, or empty")
        table["date"] = days.astype("datetime64[s]")
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


def _ccodes(cells: Cells, vote: np.ndarray, where: str) -> np.ndarray:
    """Return the state of each row. It must be known, unless the row is coded "not a member"."""
    units = cells.words["ccode"].parse(parse_optional_int, where, "ccode", "a Correlates of War number")
    number = cells.keys["ccode"]
    country = cells.keys.get("country", np.zeros_like(number))
    labels = list(cells.words["country"].number) if "country" in cells.words else [""]
    pair = number.astype(np.int64) * len(labels) + country
    distinct, position = np.unique(pair, return_inverse=True)
    found = [
        find_ccode(ccode=units[p // len(labels)]) if units[p // len(labels)] is not None else
        find_ccode(labels[p % len(labels)]) for p in distinct
    ]  # fmt: skip
    ccode = np.array([0 if f is None else f for f in found], dtype=np.int16)[position]
    unknown = (ccode == 0) & (vote[cells.keys["vote"]] >= 0)
    if unknown.any():
        first = np.unique(pair[unknown], return_index=True)
        rows = np.flatnonzero(unknown)[first[1]] + 1
        codes = list(cells.words["ccode"].number)
        names = [
            f"ccode {codes[p // len(labels)] or 'empty'} {labels[p % len(labels)]} (data row {r})"
            for p, r in zip(first[0], rows, strict=True)
        ]
        raise DataError(
            f"{where}: votes of unknown states: {', '.join(names[:5])}; known are "
            f"{load_members()['ccode'].nunique()} members"
        )
    return ccode


def add_derived(rollcalls: pd.DataFrame, votes: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Mark motions, second copies and repeated resolutions; the votes file does not mark them.

    Repeated resolutions come from the author's table ``Matches.csv`` (``rcid1 rcid2``) beside the file or, if
    there is none, from titles (see `match_titles`).
    """
    rollcalls = rollcalls.reset_index(drop=True)
    rollcalls["is_procedural"] = False
    rollcalls["dup_of_rcid"] = pd.array([pd.NA] * len(rollcalls), dtype="Int64")
    rollcalls["is_procedural"] = flag_procedural(rollcalls)
    rollcalls["dup_of_rcid"] = find_duplicates(rollcalls, votes)
    table = path.with_name("Matches.csv")
    if table.is_file():
        rollcalls["match_group"] = _author_matches(table, rollcalls["rcid"])
        rollcalls["match_source"] = np.where(rollcalls["match_group"].notna(), "coded", "none")
        return rollcalls, []
    titles = rollcalls.assign(
        title=rollcalls["descr"].where(rollcalls["session"].between(58, 70), rollcalls["title"])
    )
    rollcalls["match_group"] = match_titles(titles)
    rollcalls["match_source"] = np.where(rollcalls["match_group"].notna(), "derived", "none")
    return rollcalls, ["repeated resolutions derived from titles (no Matches.csv beside the file)"]


def _author_matches(table: Path, rcid: pd.Series) -> pd.Series:
    import networkx as nx  # slow to import, and few records have such a table

    try:
        pairs = pd.read_csv(table)[["rcid1", "rcid2"]].astype(int)
    except (ValueError, KeyError, OSError) as error:
        raise DataError(
            f"{table}: must hold whole numbers in the columns rcid1 and rcid2: {error}"
        ) from error
    pairs = pairs[pairs["rcid1"].isin(rcid) & pairs["rcid2"].isin(rcid)]
    groups = nx.connected_components(nx.Graph(pairs.itertuples(index=False, name=None)))
    smallest = {rcid: min(group) for group in groups for rcid in group}
    return rcid.map(lambda number: smallest.get(number, pd.NA)).astype("Int64")
