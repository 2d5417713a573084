"""Compare what is derived from words with what is coded; ``sfl data agreement`` prints the result.

The record must have coded flags and matches (the parquet pair). Its titles and descriptions are the UN
Digital Library's subjects and titles, so the figures hold for the Library's bulk file too.
"""

import pandas as pd

from data.spec import ISSUES
from data.tables.read import table_text
from data.votes.releases.issues import prepare_issues
from data.votes.releases.matching import find_duplicates, flag_procedural, match_titles
from data.votes.releases.tidy import Release

SPANS = ((46, 57), (58, 70), (71, 72), (73, 74))
"""Sessions by the kind of their titles: subjects; subjects and titles; agenda titles too; titles."""


def measure_issues(rollcalls: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Compare derived with coded issue areas on the whole resolutions of some sessions.

    Returns
    -------
    DataFrame, index issue
        agreement (share equal), kappa (Cohen), precision and recall of the derived flag, coded and derived
        (shares flagged), all in [0, 1] but kappa in [-1, 1].
    """
    table = rollcalls[rollcalls["session"].between(first, last) & ~rollcalls["is_para_or_amend"]]
    table = table[~table["is_procedural"] & table["dup_of_rcid"].isna()]
    flags = prepare_issues(table["title"].fillna("") + " " + table["descr"].fillna("")).fillna(0)
    rows = {}
    for issue in ISSUES:
        coded, derived = table[issue].to_numpy(int) == 1, flags[issue].to_numpy(int) == 1
        agreement, both = (coded == derived).mean(), (coded & derived).sum()
        chance = coded.mean() * derived.mean() + (1 - coded.mean()) * (1 - derived.mean())
        rows[issue] = {
            "agreement": agreement,
            "kappa": (agreement - chance) / (1 - chance),
            "precision": both / derived.sum(),
            "recall": both / coded.sum(),
            "coded": coded.mean(),
            "derived": derived.mean(),
        }
    return pd.DataFrame(rows).T


def measure_matches(rollcalls: pd.DataFrame, first: int, last: int) -> dict[str, float]:
    """Compare links between successive sessions by title with the coded ones.

    Returns found, coded (numbers of links whose earlier resolution is in the sessions), precision and recall.
    """
    titles = rollcalls.assign(
        title=rollcalls["descr"].where(rollcalls["session"].between(46, 70), rollcalls["title"])
    )
    inside = set(rollcalls.loc[rollcalls["session"].between(first, last), "rcid"])
    found, coded = (
        {pair for pair in _links(rollcalls, group) if pair[0] in inside}
        for group in (match_titles(titles), rollcalls["match_group"])
    )
    both = len(found & coded)
    return {
        "found": len(found),
        "coded": len(coded),
        "precision": both / len(found),
        "recall": both / len(coded),
    }


def _links(rollcalls: pd.DataFrame, group: pd.Series) -> set[tuple[int, int]]:
    table = rollcalls[["rcid", "session"]].assign(group=group).dropna()
    pairs = table.merge(table.assign(session=table["session"] + 1), on=["session", "group"])
    return set(zip(pairs["rcid_y"].astype(int), pairs["rcid_x"].astype(int), strict=True))


def measure_marks(release: Release) -> dict[str, tuple[int, int, int]]:
    """Find motions and second copies without marks and count (both, found, coded)."""
    rollcalls = release.rollcalls
    blank = pd.array([pd.NA] * len(rollcalls), dtype="Int64")
    unmarked = rollcalls.assign(is_procedural=False, dup_of_rcid=blank)
    motion = flag_procedural(unmarked)
    copy = find_duplicates(unmarked.assign(is_procedural=motion), release.votes)
    coded = rollcalls["dup_of_rcid"]
    return {
        "motions": (
            int((motion & rollcalls["is_procedural"]).sum()),
            int(motion.sum()),
            int(rollcalls["is_procedural"].sum()),
        ),
        "copies": (
            int((copy == coded).fillna(False).sum()),
            int(copy.notna().sum()),
            int(coded.notna().sum()),
        ),
    }


def describe_agreement(release: Release) -> str:
    """Write all comparisons as Markdown tables: issue areas, links, and marks of motions and copies.

    A cell of the first table is kappa (precision/recall).
    """
    areas, links = [], []
    for first, last in SPANS:
        table = measure_issues(release.rollcalls, first, last)
        cells = {i: f"{_two(r.kappa)} ({_two(r.precision)}/{_two(r.recall)})" for i, r in table.iterrows()}
        areas.append({"sessions": f"{first}-{last}"} | cells)
        match = measure_matches(release.rollcalls, first, last)
        links.append(
            {
                "sessions of the earlier vote": f"{first}-{last}",
                "links by title": match["found"],
                "coded links": match["coded"],
                "precision": _two(match["precision"]),
                "recall": _two(match["recall"]),
            }
        )
    marks = [
        {"marks": name, "coded": coded, "found": found, "of them coded": both}
        for name, (both, found, coded) in measure_marks(release).items()
    ]
    return "\n\n".join(table_text(pd.DataFrame(rows)) for rows in (areas, links, marks))


def _two(value: float) -> str:
    """Write two decimals without the leading zero."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.1f}"
