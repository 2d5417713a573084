"""Read the UN Digital Library's bulk file "General Assembly Voting Data" (record 4060887).

A row is a state and a resolution. Column names and codes were checked against the Library's own data
dictionaries (version 1, September 2024, and version 3, July 2025, published beside the file) and against
public code that reads the file (headers of 31 March 2025 and 6 February 2026):

- since 2025: ``undl_id ms_code ms_name ms_vote date session resolution draft committee_report meeting title
  agenda_title subjects [vote_note] total_yes total_no total_abstentions total_non_voting total_ms
  undl_link``; vote Y, N, A, X (non-voting); numbers may be ``120.0``; session is a number or ``ES-10``.
- version 1: ``ms_codes ms_names ms_votes resolutions modality agenda_titles yes no abstentions non-voting
  total-voting``; non-voting NV.

It has only adopted resolutions: no paragraphs, amendments, motions or failed drafts. It has neither rcid (the
Library's ``undl_id`` replaces it) nor importance, issue areas or matches. Issue areas are derived from title,
agenda title and subjects, matches from titles; data/votes/AGREEMENT.md says how well they agree with coded
ones.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from data.tables.rules import DataError, list_first
from data.votes.releases.cells import (
    Cells,
    gather_cells,
    map_columns,
    parse_int,
    parse_optional_int,
)
from data.votes.releases.dates import parse_days
from data.votes.releases.issues import derive_from_words
from data.votes.releases.states import apply_succession, find_ccode, session_of_date
from data.votes.releases.tidy import Release, finish_release, format_symbol

KEYS = {"undl_id": ("undl_id",), "vote": ("ms_vote", "ms_votes"), "code": ("ms_code", "ms_codes"),
        "state": ("ms_name", "ms_names")}  # fmt: skip
FACTS = {
    "session": ("session",), "date": ("date",), "unres": ("resolution", "resolutions"), "title": ("title",),
    "agenda": ("agenda_title", "agenda_titles"), "subjects": ("subjects",), "modality": ("modality",),
    "yes": ("total_yes", "yes"), "no": ("total_no", "no"), "abstain": ("total_abstentions", "abstentions"),
    "absent": ("total_non_voting", "non-voting", "non_voting"),
}  # fmt: skip
_VOTES = {"N": 0, "A": 1, "Y": 2, "X": 3, "NV": 3, "": 3}


def find_columns(header: list[str]) -> dict[str, str] | None:
    """Map canonical names to columns of the file; None if it is not the Library's."""
    found = map_columns(header, KEYS | FACTS)
    return found if {"undl_id", "vote", "code", "state", "date", "unres", "title"} <= found.keys() else None


def tidy_undl(
    batches: Iterable[pa.RecordBatch],
    columns: Collection[str],
    *,
    path: Path,
    name: str,
    sha256: str,
    notes: Iterable[str] = (),
) -> Release:
    """Make the tidy form from blocks of text with columns named as in ``KEYS`` and ``FACTS``.

    DataError if a vote code or state is unknown, a date or number is none, or a state votes twice on a
    resolution.
    """
    where = str(path)
    cells = gather_cells(batches, list(KEYS), [k for k in FACTS if k in columns], where)
    rcid = np.array(
        cells.words["undl_id"].parse(parse_int, where, "undl_id", "a whole number"), dtype=np.int64
    )
    vote = np.array(cells.words["vote"].parse(lambda t: _VOTES[t.upper()], where, "ms_vote",
                    "Y yes, N no, A abstention or X non-voting"), dtype=np.int8)  # fmt: skip
    rollcalls, published = _rollcalls(cells, rcid, where)
    session = rollcalls["session"].to_numpy()[cells.keys["undl_id"]]
    date = rollcalls["date"].to_numpy()[cells.keys["undl_id"]]
    votes = pd.DataFrame({
        "rcid": rcid[cells.keys["undl_id"]], "vote": vote[cells.keys["vote"]],
        "ccode": apply_succession(_ccodes(cells, where), session, date),
    })  # fmt: skip
    return finish_release(
        rollcalls,
        votes,
        name=name,
        sha256=sha256,
        where=where,
        published=published,
        notes=[*notes, *cells.notes, "issue areas and repeated resolutions derived from words"],
    )


def _rollcalls(cells: Cells, rcid: np.ndarray, where: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    facts = cells.facts
    # Sessions of this file come from the days in part, so only numbers above 12 tell day and month apart.
    days = parse_days(facts["date"], cells.words["date"], None, where)
    table = pd.DataFrame({"rcid": rcid, "date": days.astype("datetime64[s]").to_numpy()})
    if table["date"].isna().any():
        raise DataError(f"{where}: {table['date'].isna().sum()} resolutions without a date, undl_id "
                        f"{', '.join(map(str, rcid[table['date'].isna()][:5]))}")  # fmt: skip
    table["date_quality"] = "day"
    table["session"] = _sessions(facts.get("session"), table["date"], where)
    for name in ("unres", "title"):
        table[name] = facts[name].replace({"": None})
    # The title is the only description in this file.
    table["descr"] = table["title"]
    table["symbol"] = [format_symbol(u) for u in table["unres"]]
    words = facts["title"] + " | " + facts.get("agenda", "") + " | " + facts.get("subjects", "")
    table = derive_from_words(table, words)
    published = {"rcid": rcid}
    for name in ("yes", "abstain", "no", "absent"):
        if name in facts:
            allowed, label = "a whole number or empty", f"total of {name}"
            total = cells.parse_fact(name, parse_optional_int, where, allowed, label)
            published[name] = total.astype("Int64")
    return table, pd.DataFrame(published)


def _sessions(text: pd.Series | None, date: pd.Series, where: str) -> pd.Series:
    """Find the regular session; special and emergency ones count as the regular one of their day."""
    by_day = session_of_date(date)
    if text is None:
        return by_day
    number = pd.to_numeric(text.where(text.str.fullmatch(r"\d+(?:\.0)?")), errors="coerce")
    special = text.str.contains(r"(?:ES|S|EMSP|SP)", case=False, regex=True) | text.eq("")
    bad = number.isna() & ~special
    if bad.any():
        values = sorted(text[bad].unique())[:5]
        raise DataError(f"{where}: session must be a number or ES-1, S-1 and so on; got {values}")
    return number.fillna(by_day).astype(int)


def _ccodes(cells: Cells, where: str) -> np.ndarray:
    codes, names = list(cells.words["code"].number), list(cells.words["state"].number)
    pair = cells.keys["code"].astype(np.int64) * len(names) + cells.keys["state"]
    distinct, first, position = np.unique(pair, return_index=True, return_inverse=True)
    given = [(codes[p // len(names)], names[p % len(names)]) for p in distinct]
    found = [find_ccode(*pair) if any(pair) else 0 for pair in given]
    unknown = [f"{codes[p // len(names)]!r} {names[p % len(names)][:40]!r} (data row {r + 1})"
               for p, r, f in zip(distinct, first, found, strict=True) if f is None]  # fmt: skip
    if unknown:
        raise DataError(f"{where}: votes of unknown states: {list_first(unknown)}")
    return np.array(found, dtype=np.int16)[position]
