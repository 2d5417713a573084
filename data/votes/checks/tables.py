"""Checks that every record passes when it is read: counts, dates and seats."""

import numpy as np
import pandas as pd

from data.tables.rules import DataError, list_first
from data.votes.releases.states import iso3_of, seats

DAMAGED_SHARE = 0.1
"""A file is damaged if the votes of more roll calls than this do not add up to the published counts.

The release of 2016 has 20 such roll calls in 5,429 (0.4 %).
"""


def find_gaps(rollcalls: pd.DataFrame, published: pd.DataFrame | None) -> pd.DataFrame:
    """Return published counts less those of the votes, for roll calls in which they differ.

    Parameters
    ----------
    rollcalls : DataFrame with ``rcid yes abstain no absent``
    published : DataFrame, optional
        The publisher's counts, any of the same columns; missing if not given.

    Returns
    -------
    DataFrame with ``rcid`` and the columns of ``published``
        0 where a count is not given.
    """
    names = [
        name for name in ("yes", "abstain", "no", "absent") if published is not None and name in published
    ]
    if not names:
        return pd.DataFrame(columns=["rcid", "yes", "abstain", "no"])
    given = published.set_index("rcid").reindex(rollcalls["rcid"])[names].reset_index(drop=True)
    counted = rollcalls[names].reset_index(drop=True).astype(float)
    gaps = (given.astype("Float64") - counted).fillna(0).astype(int)
    gaps.insert(0, "rcid", rollcalls["rcid"].to_numpy())
    return gaps[(gaps[names] != 0).any(axis=1)].reset_index(drop=True)


def tell_gaps(gaps: pd.DataFrame, published: pd.DataFrame | None, where: str) -> list[str]:
    """Note roll calls whose counts differ or are not given; DataError if too many differ."""
    if published is None:
        return ["no published counts to compare the votes with"]
    given = published.drop(columns="rcid").notna().any(axis=1)
    if len(gaps) > DAMAGED_SHARE * max(given.sum(), 1):
        raise DataError(
            f"{where}: in {len(gaps)} of {given.sum()} roll calls the votes do not add up to the counts in "
            f"the file (at most {DAMAGED_SHARE:.0%} may differ), rcid {list_first(sorted(gaps['rcid']))}"
        )
    if len(gaps):
        return [
            f"votes differ from the counts in the file in {len(gaps)} roll calls, rcid "
            f"{list_first(sorted(gaps['rcid']), 40)}"
        ]
    return [] if given.all() else [f"{(~given).sum()} roll calls without counts to compare with"]


def check_dates(rollcalls: pd.DataFrame, where: str) -> list[str]:
    """Note dates outside their session; refuse dates more than two years off.

    The published record files special sessions under regular ones (53 of 6,203 roll calls, at most 483 days
    off). A date farther off is an error in the file.
    """
    date, session = rollcalls["date"], rollcalls["session"].astype(int)
    start = pd.to_datetime(pd.DataFrame({"year": 1945 + session, "month": 9, "day": 1}))
    end = start + pd.Timedelta(days=394)
    days_off = np.maximum((start - date).dt.days.fillna(0), (date - end).dt.days.fillna(0))
    if (days_off > 731).any():
        bad = rollcalls[days_off > 731].iloc[0]
        raise DataError(
            f"{where}: {(days_off > 731).sum()} dates lie more than two years outside their session, e.g. "
            f"rcid {bad['rcid']}: {bad['date']:%Y-%m-%d} in session {bad['session']}"
        )
    notes = []
    if date.isna().any():
        undated = rollcalls["rcid"][date.isna()]
        notes.append(f"{len(undated)} roll calls without a date, rcid {list_first(sorted(undated))}")
    if (days_off > 0).any():
        outside = sorted(rollcalls["rcid"][days_off > 0])
        notes.append(
            f"{len(outside)} dates outside their session (special sessions): rcid {list_first(outside, 60)}"
        )
    return notes


def check_seats(votes: pd.DataFrame) -> list[str]:
    """Note states that voted without a seat, and members without a row; the file may be right."""
    notes = []
    stranger = ~seats(votes["session"].to_numpy(), votes["ccode"].to_numpy())
    if stranger.any():
        cells = votes[stranger].groupby(["iso3", "session"], observed=True).size()
        few = [f"{iso3} in session {session} ({n})" for (iso3, session), n in cells.head(10).items()]
        notes.append(f"{stranger.sum()} votes of states that had no seat in the session: {', '.join(few)}")
    sessions, place = np.unique(votes["session"].to_numpy(), return_inverse=True)
    rows = np.bincount(place * 1000 + votes["ccode"].to_numpy(), minlength=1000 * len(sessions)).reshape(
        -1, 1000
    )
    total = np.bincount(
        np.unique(place * 10**10 + votes["rcid"].to_numpy()) // 10**10, minlength=len(sessions)
    )
    gaps = []
    for i, j in np.argwhere(seats(sessions, whole=True) & (rows < total[:, None])):
        gaps.append(f"{iso3_of()[int(j)]} in session {sessions[i]} ({total[i] - rows[i, j]})")
    if gaps:
        notes.append(f"members without a row in some roll calls: {list_first(gaps, 20)}")
    return notes
