"""Mend what is known to be wrong in published files. Every mend is counted and told.

A mend never guesses: where more than one reading is left, the row is dropped with a note, or the file is
refused.
"""

from functools import cache

import numpy as np
import pandas as pd

from data.tables.rules import DataError, list_first
from data.votes.releases.states import iso3_of, seats

_ABSENT = 3
"""Code of an absence; 0, 1, 2 are votes."""
_LEAST_SHARE = 1 / 3
"""Least size of a part of a roll call, against the largest part, that counts as a roll call of its own."""


def find_parts(keys: dict[str, np.ndarray], state: list[str], by: list[str]) -> pd.DataFrame:
    """Find numbers of roll calls that stand for several resolutions, told apart by symbol and date.

    A roll call is split only if states stand in it repeatedly, and each part has about as many rows as the
    others. A few rows with another date are slips, no resolution of their own.

    Parameters
    ----------
    keys : dict of str to int array
        Columns of the file as numbers of words: ``rcid``, those of ``state`` and of ``by``.
    state, by : list of str
        Columns that name the state, and those that tell the parts apart.

    Returns
    -------
    pd.DataFrame
        ``rcid``, the columns of ``by``, and ``part`` (1, 2, ...); the part that comes first is not listed.
    """
    table = pd.DataFrame({name: keys[name] for name in ["rcid", *state, *by]})
    doubled = table.loc[table.duplicated(["rcid", *state]), "rcid"].unique()
    rows = table[table["rcid"].isin(doubled)]
    empty = pd.DataFrame({name: np.zeros(0, dtype=int) for name in ["rcid", *by, "part"]})
    if rows.empty or not by:
        return empty
    parts = rows.groupby(["rcid", *by], sort=False)[state[0]].size().rename("rows").reset_index()
    largest = parts.groupby("rcid")["rows"].transform("max")
    parts = parts[(parts["rows"] >= _LEAST_SHARE * largest) & (parts["rows"] > 1)]
    parts = parts.assign(part=parts.groupby("rcid").cumcount())
    return parts.loc[parts["part"] > 0, ["rcid", *by, "part"]]


def mend_votes(
    votes: pd.DataFrame, rollcalls: pd.DataFrame, where: str
) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """Give rows without a state to the member that lacks one, and keep one row of each state.

    Parameters
    ----------
    votes : DataFrame with ``rcid ccode vote``
        ``ccode`` is 0 in a row without a state; ``vote`` is 0-3 as in ``data.votes.releases.tidy.VOTES``.
    rollcalls : DataFrame with ``rcid session``
    where : str
        File to name in messages.

    Returns
    -------
    votes : DataFrame
    mends : list of str
        What was done, with counts.
    lost : int array
        Roll calls of which a row without a state was left out, so that they lack a vote.

    Raises
    ------
    DataError
        A state cast two different votes in a roll call.
    """
    votes, filled, lost = _fill_blank_states(votes, rollcalls)
    votes, merged = _merge_doubles(votes, where)
    return votes, filled + merged, lost


def _fill_blank_states(
    votes: pd.DataFrame, rollcalls: pd.DataFrame
) -> tuple[pd.DataFrame, list[str], np.ndarray]:
    """Give a row without a state to the one member that has no row in the roll call, or drop it."""
    blank = votes["ccode"].to_numpy() == 0
    if not blank.any():
        return votes, [], np.zeros(0, dtype=np.int64)
    ccode, rcid = votes["ccode"].to_numpy(copy=True), votes["rcid"].to_numpy()
    session = rollcalls.drop_duplicates("rcid").set_index("rcid")["session"]
    known = votes[~blank & np.isin(rcid, rcid[blank])].groupby("rcid")["ccode"].agg(list)
    rows = pd.Series(rcid[blank]).value_counts()
    given: dict[int, int] = {}
    for row in np.flatnonzero(blank):
        present = np.zeros(1000, dtype=bool)
        present[known.get(rcid[row], [])] = True
        missing = np.flatnonzero(seats(np.array([session.get(rcid[row], 0)]))[0] & ~present)
        if len(missing) == rows[rcid[row]] == 1:
            ccode[row] = missing[0]
            given[missing[0]] = given.get(missing[0], 0) + 1
    mends = []
    if given:
        states = ", ".join(f"{iso3_of()[c]} ({n})" for c, n in sorted(given.items()))
        mends.append(
            f"{sum(given.values())} rows without a state given to the one member without a row in the roll "
            f"call: {states}"
        )
    lost = ccode == 0
    if lost.any():
        mends.append(
            f"{lost.sum()} rows without a state left out, because not exactly one member lacks a row: rcid "
            f"{list_first(np.unique(rcid[lost]), 10)}"
        )
    return votes.assign(ccode=ccode)[~lost], mends, np.unique(rcid[lost])


def _merge_doubles(votes: pd.DataFrame, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Keep one row of a state in a roll call: equal rows are one, a vote that was cast beats an absence."""
    # A state is one by its ISO code, because it may also stand under two codes.
    cell = votes["rcid"].astype("int64") * 1000 + _first_codes()[votes["ccode"].to_numpy(int)]
    double = cell.duplicated(keep=False)
    if not double.any():
        return votes, []
    rows = votes[double].assign(cell=cell[double], iso3=votes.loc[double, "ccode"].map(iso3_of()))
    cast = rows[rows["vote"] < _ABSENT]
    several = cast[cast.groupby("cell")["vote"].transform("nunique") > 1].drop_duplicates("cell")
    if len(several):
        cells = list_first(f"{row.iso3} in rcid {row.rcid}" for row in several.itertuples())
        raise DataError(f"{where}: {len(several)} states vote twice in one roll call: {cells}")
    # Absence has the highest code, so the first row of each state is the vote, if one was cast.
    kept = rows.sort_values("vote", kind="stable").drop_duplicates("cell").sort_index()
    beaten = rows.groupby("cell")["vote"].nunique().gt(1).sum()
    cells = list_first(f"{row.iso3} in rcid {row.rcid}" for row in kept.itertuples())
    mend = (
        f"{len(kept)} states stand more than once in a roll call, {beaten} of them once as not voting: one "
        f"row is kept, and a vote that was cast comes before an absence: {cells}"
    )
    return pd.concat([votes[~double], kept[votes.columns]]).sort_index(), [mend]


@cache
def _first_codes() -> np.ndarray:
    """Map each code to the first code with its ISO code."""
    first, codes = {}, np.arange(1000)
    for ccode, iso3 in iso3_of().items():
        codes[ccode] = first.setdefault(iso3, ccode)
    return codes
