"""Read sessions 74-80 from the UN's machine-readable resolutions.

There are two files: ``extra_dgacm_rollcalls_74_80.csv`` and ``extra_dgacm_votes_74_80.parquet`` beside it.
Source: UN Department for General Assembly and Conference Management, github.com/UNxml/GAresolutions. They
hold adopted whole resolutions only; the key is the UN symbol (`symbol_key`). Issue areas come from title and
agenda item, repeated resolutions from titles. `extend_release` appends these sessions to an earlier record.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.rules import DataError
from data.votes.releases.issues import derive_from_words
from data.votes.releases.matching import match_titles
from data.votes.releases.parquet_pair import check_states, hash_files, read_table, recode_votes
from data.votes.releases.states import session_of_date
from data.votes.releases.text import read_blocks, scan_text
from data.votes.releases.tidy import VOTES, Progress, Release, finish_release, format_symbol, symbol_key

ROLLCALL_FILE, VOTE_FILE = "extra_dgacm_rollcalls_74_80.csv", "extra_dgacm_votes_74_80.parquet"
_COLUMNS = ("symbol", "session", "date", "title", "agenda", "yes", "abstain", "no", "absent")


def is_dgacm(header: list[str]) -> bool:
    """Tell whether a header belongs to the roll-call table."""
    return set(_COLUMNS) <= set(header)


def read_dgacm(path: Path, progress: Progress | None = None) -> Release:
    """Read the roll-call table and the votes beside it.

    Raises
    ------
    DataError
        A file is missing or damaged, a code is unknown, a symbol occurs twice, or counts differ from votes.
    """
    vote_path = path.with_name(VOTE_FILE)
    scan = scan_text(path)
    parts = [b.to_pandas() for b in read_blocks(path, scan, dict(zip(_COLUMNS, _COLUMNS, strict=True)))]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    for column in ("yes", "abstain", "no", "absent"):
        table[column] = _numbers(table[column], column, path)
    key = [symbol_key(format_symbol(s) or "") for s in table["symbol"]]
    bad = [s for s, k in zip(table["symbol"], key, strict=True) if k is None]
    if bad:
        raise DataError(
            f"{path}: symbols must be A/RES/<session>/<number>; got {', '.join(map(repr, bad[:5]))}"
        )
    table["rcid"] = np.array(key, dtype=np.int64)
    table["date"] = pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
    if table["date"].isna().any():
        raise DataError(f"{path}: {table['date'].isna().sum()} dates are not YYYY-MM-DD, first in data row "
                        f"{np.flatnonzero(table['date'].isna())[0] + 1}")  # fmt: skip
    table["unres"] = table["symbol"]
    table["symbol"] = [format_symbol(s) for s in table["symbol"]]
    number = pd.to_numeric(table["session"], errors="coerce")
    table["session"] = number.fillna(session_of_date(table["date"])).astype(int)
    table["date_quality"], table["descr"] = "day", table["agenda"]
    table = derive_from_words(table, table["title"] + " | " + table["agenda"])

    votes = read_table(vote_path, ["symbol", "ccode", "vote", "iso3"], 1_000_000)
    keys = {s: symbol_key(format_symbol(s) or "") for s in votes["symbol"].astype(str).unique()}
    unknown = [s for s, k in keys.items() if k is None]
    if unknown:
        raise DataError(f"{vote_path}: not a UN symbol: {', '.join(unknown[:5])}")
    votes = pd.DataFrame(
        {
            "rcid": votes["symbol"].astype(str).map(keys).astype("int64"),
            "ccode": votes["ccode"],
            "iso3": votes["iso3"].astype(str),
            "vote": recode_votes(votes["vote"], vote_path),
        }
    )
    check_states(votes, vote_path)
    published = table[["rcid", "yes", "abstain", "no", "absent"]].copy()
    if progress:
        progress(0.9, "checking")
    table = table.drop(columns=["yes", "abstain", "no", "absent"])
    return finish_release(
        table,
        votes,
        name="UN machine-readable resolutions, sessions 74-80",
        where=str(path),
        sha256=hash_files([path, vote_path]),
        published=published,
        notes=["issue areas and repeated resolutions derived from words"],
    )


def extend_release(base: Release, later: Release) -> Release:
    """Append the roll calls of `later` that come after the last of `base`.

    Earlier gaps are not filled, because `base` may have those roll calls under another symbol or none. Roll
    calls with the same UN symbol are the same: `base` keeps its own, and the votes must agree. A resolution
    of `later` joins the group of the one with the same title in the session before.

    Raises
    ------
    DataError
        Votes on shared whole resolutions differ in more than 2 % of the cells, or a number means different
        roll calls.
    """
    plain = base.rollcalls[~(base.rollcalls["is_para_or_amend"] | base.rollcalls["is_procedural"])]
    plain = plain[plain["dup_of_rcid"].isna() & plain["symbol"].notna()].drop_duplicates("symbol", keep=False)
    shared = plain[["symbol", "rcid", "session"]].merge(
        later.rollcalls[["symbol", "rcid"]], on="symbol", suffixes=("", "_later")
    )
    notes = [*base.notes, *later.notes]
    if len(shared):
        cells = (
            base.votes[base.votes["rcid"].isin(shared["rcid"])]
            .merge(shared, on="rcid")
            .merge(
                later.votes, left_on=["rcid_later", "ccode"], right_on=["rcid", "ccode"], suffixes=("", "_l")
            )
        )
        equal = int((cells["vote"] == cells["vote_l"]).sum())
        sessions = sorted(shared["session"].unique().tolist())
        notes.append(
            f"sessions {sessions}: {len(shared)} resolutions in both, {equal:,} of {len(cells):,} cells equal"
        )
        if equal < 0.98 * len(cells):
            raise DataError(f"{later.name} against {base.name}: {notes[-1]}; expected at least 98 %")
    last = base.rollcalls["date"].max()
    after = later.rollcalls["date"] > last if pd.notna(last) else None
    if after is None:
        after = later.rollcalls["session"] > base.rollcalls["session"].max()
    new = later.rollcalls[after & ~later.rollcalls["symbol"].isin(base.rollcalls["symbol"].dropna())].copy()
    clash = set(new["rcid"]) & set(base.rollcalls["rcid"])
    if clash:
        raise DataError(
            f"{later.name} against {base.name}: rcid {sorted(clash)[:5]} mean different roll calls"
        )
    both = pd.concat([base.rollcalls, new], ignore_index=True)
    both["match_group"] = _link_groups(both, set(new["rcid"]))
    both.loc[both["match_group"].notna() & both["match_source"].eq("none"), "match_source"] = "derived"
    votes = pd.concat([base.votes, later.votes[later.votes["rcid"].isin(new["rcid"])]], ignore_index=True)
    votes["vote"] = votes["vote"].astype(VOTES)
    name, sha256 = f"{base.name} + {later.name}", f"{base.sha256}+{later.sha256}"
    mends = (*base.mends, *later.mends)
    return Release(both, votes, name, sha256, mends, tuple(notes), base.files | later.files)


def _link_groups(rollcalls: pd.DataFrame, new: set[int]) -> pd.Series:
    """Keep the groups of the base; new resolutions join that of their predecessor by title."""
    derived = match_titles(rollcalls)
    group = rollcalls["match_group"].where(~rollcalls["rcid"].isin(new)).to_list()
    session, rcid = rollcalls["session"].to_list(), rollcalls["rcid"].to_list()
    chains = derived.dropna().groupby(derived).groups
    for members in chains.values():
        chain = sorted(members, key=lambda i: session[i])
        for before, after in pairwise(chain):
            if rcid[after] in new:
                if pd.isna(group[before]):
                    group[before] = rcid[before]
                group[after] = group[before]
    return pd.Series(pd.array(group, dtype="Int64"), index=rollcalls.index)


def _numbers(text: pd.Series, column: str, path: Path) -> pd.Series:
    number = pd.to_numeric(text, errors="coerce")
    if number.isna().any() or (number < 0).any() or (number % 1 != 0).any():
        row = np.flatnonzero(number.isna() | (number < 0) | (number % 1 != 0))[0] + 1
        raise DataError(f"{path}: {column} must be a count; data row {row} has {text.iloc[row - 1]!r}")
    return number.astype("Int64")
