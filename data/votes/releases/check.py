"""A report on a file: what it is, what it covers, what is wrong with it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.rules import DataError
from data.votes.releases.read import KINDS, identify_release, read_release
from data.votes.releases.tidy import Release


@dataclass(frozen=True, eq=False)
class ReleaseReport:
    """What is known of a file.

    Attributes
    ----------
    path : str
    kind : str
        Key of ``KINDS``; empty if the file is none of them.
    what : str
        In words.
    sha256 : str
    error : str
        Why it cannot be used; empty if it can.
    notes : tuple of str
        Oddities that do not stand in the way.
    coverage : DataFrame
        Per session counts (see `count_sessions`); empty if the file cannot be used.
    """

    path: str
    kind: str
    what: str
    sha256: str = ""
    error: str = ""
    notes: tuple[str, ...] = ()
    coverage: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def usable(self) -> bool:
        """Whether the file can be read."""
        return not self.error

    def __str__(self) -> str:
        lines = [f"{self.path}", f"  is       {self.what}"]
        if self.error:
            return "\n".join([*lines, f"  unusable {self.error}"])
        table = self.coverage
        total = table[["rollcalls", "para_amend", "procedural", "dup", "cells"]].sum()
        lines.append(f"  sha256   {self.sha256}")
        lines.append(
            f"  covers   sessions {table.index.min()}-{table.index.max()}, {total['rollcalls']:,} roll calls "
            f"({total['para_amend']:,} on paragraphs or amendments, {total['procedural']} motions, "
            f"{total['dup']} second copies), {total['cells']:,} cells, "
            f"at most {table['states'].max()} states in a session"
        )
        lines += [f"  note     {note}" for note in self.notes] or ["  note     nothing odd found"]
        return "\n".join(lines)


def check_release(path: Path | str, progress=None) -> ReleaseReport:
    """Look at a file and report; never raises for what is in the file."""
    try:
        kind = identify_release(path)
    except DataError as error:
        return ReleaseReport(str(path), "", "no record of roll calls", error=str(error))
    try:
        release = read_release(path, progress)
    except DataError as error:
        return ReleaseReport(str(path), kind, KINDS[kind], error=str(error))
    return ReleaseReport(
        str(path), kind, release.name, release.sha256, "", release.notes, count_sessions(release)
    )


def count_sessions(release: Release) -> pd.DataFrame:
    """Count by session, in the terms of the quality report that comes with the parquet pair.

    Returns
    -------
    DataFrame, index ``session``
        rollcalls, para_amend, procedural, dup, unanimous, important, imp_coded (importance known),
        members_max (most states present or absent in one roll call), date_day, states (with any row),
        states_voting (with a yes, no or abstention on a usable roll call), max_votes (most usable votes of
        any state), cells, absent_pct. Usable roll calls are those of the published estimates: no paragraphs
        or amendments after session 44, no unanimity, not session 19, without Zanzibar (511) and the one vote
        of South Africa in session 48.
    """
    rollcalls, votes = release.rollcalls, release.votes
    by = rollcalls.groupby("session")
    out = pd.DataFrame(
        {
            "rollcalls": by.size(),
            "para_amend": by["is_para_or_amend"].sum(),
            "procedural": by["is_procedural"].sum(),
            "dup": by["dup_of_rcid"].count(),
            "unanimous": by["unanimous"].sum(),
            "important": by["important"].sum().astype("Int64"),
            "imp_coded": by["important"].count(),
            "date_day": by["date_quality"].agg(lambda q: int((q == "day").sum())),
        }
    )
    total = rollcalls[["yes", "abstain", "no", "absent"]].sum(axis=1)
    out["members_max"] = total.groupby(rollcalls["session"]).max()
    per_session = votes.groupby("session")
    out["states"], out["cells"] = per_session["ccode"].nunique(), per_session.size()
    absent = votes["vote"].eq("absent")
    out["absent_pct"] = (100 * absent.groupby(votes["session"]).mean()).round(1)
    used = rollcalls[
        ~(rollcalls["is_para_or_amend"] & rollcalls["session"].gt(44)) & rollcalls["session"].ne(19)
    ]
    used = used[~_unanimous_when_linked(used)]
    keep = votes["rcid"].isin(used["rcid"]) & ~absent & votes["ccode"].ne(511)
    keep &= ~(votes["ccode"].eq(560) & votes["session"].eq(48))
    counts = votes[keep].groupby(["session", "ccode"]).size()
    out["states_voting"] = counts.groupby("session").size()
    out["max_votes"] = counts.groupby("session").max()
    return out


def _unanimous_when_linked(rollcalls: pd.DataFrame) -> np.ndarray:
    """Unanimity over all roll calls that count as one item, as in the published estimates."""
    item = rollcalls["match_group"].fillna(rollcalls["rcid"])
    totals = rollcalls[["yes", "abstain", "no"]].groupby(item).transform("sum")
    return (totals > 0).sum(axis=1).to_numpy() <= 1
