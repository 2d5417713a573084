"""Select the roll calls that a DataSpec asks for; spec.py justifies each choice."""

import numpy as np
import pandas as pd

from data.spec import ISSUES, CaseSpec, DataSpec
from data.tables.rules import DataError, list_first, validate_columns

ANSWERS = ("no", "abstain", "yes")
"""Answers to a resolution, from rejection to support."""


def select_rollcalls(rollcalls: pd.DataFrame, spec: DataSpec, case: CaseSpec) -> pd.DataFrame:
    """Select the roll calls of a case's window.

    Parameters
    ----------
    rollcalls : pd.DataFrame
        Tidy roll-call table: ``rcid, session, date, title, important, is_para_or_amend, is_procedural,
        dup_of_rcid, me..ec`` (and ``me_v2016..ec_v2016``), ``yes, abstain, no, us_vote, match_group``;
        flags, importance and dates are missing if unknown.
    spec : DataSpec
    case : CaseSpec

    Returns
    -------
    pd.DataFrame
        The selected rows, sorted by session and rcid, with ``issue`` (one area) and ``issues`` (all, joined
        by ``+``), both ``unknown`` if the record has no flags. ``match_group`` is the own rcid of a
        resolution that was not repeated.

    Raises
    ------
    DataError
        No roll call is left, or the record lacks what the spec asks for: dates, importance, issue areas or
        those of 2016.
    """
    sessions = spec.sessions(case)
    dates = pd.to_datetime(rollcalls["date"])
    keep = rollcalls["session"].between(sessions[0], sessions[-1])
    keep &= _is_before_cutoff(rollcalls["session"].where(keep), dates, case)
    if not spec.paragraph_votes:
        keep &= ~rollcalls["is_para_or_amend"]
    if not spec.procedural:
        keep &= ~rollcalls["is_procedural"]
    if not spec.duplicates:
        keep &= rollcalls["dup_of_rcid"].isna()
    if spec.important_only:
        keep &= _is_important(rollcalls[keep], case).reindex(keep.index, fill_value=False)
    items = rollcalls[keep].assign(date=dates[keep]).sort_values(["session", "rcid"])
    flags = flag_issues(items, spec)
    known = items[list(ISSUES)].notna().any(axis=1)
    if not known.all() and (spec.issues_in or spec.issues_out):
        raise DataError(
            f"case {case.name}: issues_in and issues_out need issue areas, and {(~known).sum()} roll calls "
            f"have none, coded or derived: rcid {list_first(items['rcid'][~known])}"
        )
    areas = ["+".join(i for i in ISSUES if row[i]) or "other" for row in flags.to_dict("records")]
    items = items.assign(
        issue=pd.Series([area.split("+")[0] for area in areas], items.index).where(known, "unknown"),
        issues=pd.Series(areas, items.index).where(known, "unknown"),
        us_vote=items["us_vote"].astype(object).fillna("absent"),
        match_group=items["match_group"].fillna(items["rcid"]).astype(int),
    )
    marked = flags.assign(other=~flags.any(axis=1))
    keep = pd.Series(True, index=items.index)
    if spec.issues_in:
        keep &= marked[list(spec.issues_in)].any(axis=1)
    if spec.issues_out:
        keep &= ~marked[list(spec.issues_out)].any(axis=1)
    answers = items[list(ANSWERS)].to_numpy()
    # Votes other than the commonest answer, against a share of all: exact for whole numbers.
    keep &= (answers.sum(axis=1) - answers.max(axis=1)) > spec.lopsidedness * answers.sum(axis=1)
    keep &= _is_on_us_side(items, spec)
    if not keep.any():
        raise DataError(
            f"case {case.name}: no roll call of sessions {sessions[0]}-{sessions[-1]} "
            f"until {case.votes_until} is left under the choices {spec.votes_json(case)}"
        )
    return items[keep].reset_index(drop=True)


def _is_before_cutoff(session: pd.Series, dates: pd.Series, case: CaseSpec) -> pd.Series:
    """Mark the roll calls up to the last day of votes; undated ones count if their session was over."""
    until = pd.Timestamp(case.votes_until)
    # A session ends in September of the year after the one in which it began.
    over = session + 1946 < until.year + (until.month > 9)
    unsure = session.notna() & dates.isna() & ~over
    if unsure.any():
        raise DataError(
            f"case {case.name}: {unsure.sum()} roll calls of sessions not over by {case.votes_until} have no "
            "date, so later ones cannot be left out; give a record with dates, or a later votes_until"
        )
    return (dates <= until) | (dates.isna() & over)


def _is_on_us_side(items: pd.DataFrame, spec: DataSpec) -> pd.Series:
    """Mark the roll calls on which the US side's share of the votes is within the spec's limits."""
    if spec.us_side_from is None and spec.us_side_below is None:
        return pd.Series(True, index=items.index)
    with_us = sum(items[answer].where(items["us_vote"] == answer, 0) for answer in ANSWERS)
    share = (with_us / items[list(ANSWERS)].sum(axis=1)).where(items["us_vote"] != "absent")
    lowest = 0.0 if spec.us_side_from is None else spec.us_side_from
    return (share >= lowest) & (share < (np.inf if spec.us_side_below is None else spec.us_side_below))


def _is_important(items: pd.DataFrame, case: CaseSpec) -> pd.Series:
    """Mark the important roll calls; DataError for a session in which importance is not coded."""
    coded = items["important"].notna().groupby(items["session"]).any()
    if not coded.all():
        raise DataError(
            f"case {case.name}: important_only, but the record does not code importance in sessions "
            f"{list_first(coded.index[~coded])}"
        )
    return (items["important"] == 1).fillna(False).astype(bool)


def flag_issues(items: pd.DataFrame, spec: DataSpec) -> pd.DataFrame:
    """Return boolean issue flags, False if unknown; roll calls not in the 2016 release keep those of 2021."""
    flags = items[list(ISSUES)].astype("Float64")
    if spec.issue_flags == "2016":
        validate_columns(items, [f"{issue}_v2016" for issue in ISSUES], "roll calls")
        older = items[[f"{issue}_v2016" for issue in ISSUES]].set_axis(list(ISSUES), axis=1)
        if older.isna().all(axis=None):
            raise DataError("issue_flags = '2016': the record has no issue flags of that release")
        flags = older.astype("Float64").fillna(flags)
    return flags.fillna(0).astype(bool)
