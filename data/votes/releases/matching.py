"""Find repeated resolutions, motions and second copies from words and votes."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.rules import DataError

_TAIL = re.compile(r"\s*[:;,]?\s*\bresolutions?\b\s*(?:\[[^\]]*\])?\s*/\s*ad.*$", re.IGNORECASE)
_YEARS = re.compile(r"\b(?:19|20)\d\d(?:\s*[-–/]\s*(?:19|20)?\d\d)?\b")
_MOTION = re.compile(
    r"motion\b.*(?:no action|not to take action|take no action|deferred|adjourn)", re.I | re.S
)
_TRANSCRIPT = re.compile(
    r"recorded\s*vote\s*(?:on the motion\s*)?\s*has\s*been\s*requested|Assembly will now vote", re.I
)


def normalize_title(title: pd.Series) -> pd.Series:
    """Reduce titles to the part that stays the same from session to session.

    The catalogue's ending (": resolution / adopted by the General Assembly"), years, case, punctuation and
    spacing go; words keep their order. The result may be empty.
    """
    out = title.fillna("").astype(str).str.replace(_TAIL, "", regex=True).str.lower()
    out = out.str.replace(_YEARS, " ", regex=True).str.replace(r"[^a-z]+", " ", regex=True)
    return out.str.strip()


def match_titles(rollcalls: pd.DataFrame) -> pd.Series:
    """Link each resolution to the one with the same title in the session before.

    Only titles that occur once in each of the two sessions are linked. A title of several resolutions (a
    country's name, "Report of the Secretary-General") does not say which belong together. Gaps are not
    bridged: 946 of the 947 links in the published table of matches span one session.

    Parameters
    ----------
    rollcalls : DataFrame with ``rcid session title is_para_or_amend is_procedural dup_of_rcid``

    Returns
    -------
    Series of Int64, indexed like `rollcalls`
        Smallest rcid in the chain of links; missing for a resolution without a link.
    """
    whole = ~(rollcalls["is_para_or_amend"] | rollcalls["is_procedural"] | rollcalls["dup_of_rcid"].notna())
    table = rollcalls.loc[whole, ["rcid", "session"]].copy()
    table["key"] = normalize_title(rollcalls.loc[whole, "title"])
    # Very short titles do not identify a resolution: "Jerusalem" does, "Iraq" does not.
    table = table[table["key"].str.len().ge(8)]
    table = table[~table.duplicated(["session", "key"], keep=False)]
    before = table.assign(session=table["session"] + 1).rename(columns={"rcid": "before"})
    links = table.merge(before, on=["session", "key"])
    root = dict(zip(links["rcid"], links["before"], strict=True))
    group: dict[int, int] = {}
    for rcid in links.sort_values("session")["rcid"]:
        group[rcid] = group.get(root[rcid], root[rcid])
        group[root[rcid]] = group[rcid]
    out = rollcalls["rcid"].map(group)
    smallest = rollcalls["rcid"].groupby(out).transform("min")
    return smallest.astype("Int64").rename("match_group")


def flag_procedural(rollcalls: pd.DataFrame) -> pd.Series:
    """Flag no-action and adjournment motions among votes that the verbatim record describes.

    The votes added to sessions 52-67 have the President's words as description; 14 of them are motions that
    the published file does not mark.
    """
    text = rollcalls["title"].fillna("").astype(str) + " " + rollcalls["descr"].fillna("").astype(str)
    words = text.str.contains(_MOTION) & text.str.contains(_TRANSCRIPT)
    return words & ~rollcalls["is_para_or_amend"]


def find_duplicates(rollcalls: pd.DataFrame, votes: pd.DataFrame, share: float = 0.975) -> pd.Series:
    """Find second copies of a final vote: same resolution, nearly the same votes, the President's words.

    ``share`` is the smallest share, 0 to 1, of equal cells among the states that cast a vote in both. Returns
    Series of Int64: the rcid of the vote that a copy repeats, missing for other votes.
    """
    text = rollcalls["descr"].fillna("").astype(str) + rollcalls["title"].fillna("").astype(str)
    plain = ~rollcalls["is_para_or_amend"] & ~rollcalls["is_procedural"] & rollcalls["unres"].notna()
    spoken = text.str.contains(r"recorded\s*vote\s*has\s*been\s*requested", case=False, regex=True)
    out = pd.Series(pd.NA, index=rollcalls.index, dtype="Int64")
    keys = ["session", "unres"]
    originals = rollcalls.loc[plain & ~spoken, [*keys, "rcid"]].rename(columns={"rcid": "original"})
    pairs = rollcalls.loc[plain & spoken, [*keys, "rcid"]].reset_index().merge(originals, on=keys)
    if pairs.empty:
        return out
    cast = votes["vote"] if votes["vote"].dtype.kind == "i" else votes["vote"].cat.codes
    wanted = votes["rcid"].isin(np.concatenate([pairs["rcid"], pairs["original"]])) & (cast < 3)
    wide = votes[wanted].assign(vote=cast[wanted]).set_index(["rcid", "ccode"])["vote"]
    for row in pairs.itertuples(index=False):
        one, two = wide.get(row.rcid), wide.get(row.original)
        if one is None or two is None:
            continue
        one, two = one.align(two, join="inner")
        if len(one) and (one.to_numpy() == two.to_numpy()).mean() >= share:
            out.loc[row.index] = row.original
    return out


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
