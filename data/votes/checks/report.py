"""Report on a file: what it is, what it covers and what is wrong with it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from data.tables.rules import DataError
from data.votes.checks.doubts import find_doubts
from data.votes.corrections import correct_release
from data.votes.releases.read import KINDS, identify_release, read_release
from data.votes.releases.tidy import Progress, Release


@dataclass(frozen=True, eq=False)
class ReleaseReport:
    """What a file is, what it covers and what is wrong with it.

    Attributes
    ----------
    path : Path
    kind : str
        Key of ``KINDS``; empty if the file is no record.
    release : Release or None
        None if the file cannot be used.
    error : str
        Why the file cannot be used; empty if it can.
    """

    path: Path
    kind: str = ""
    release: Release | None = None
    error: str = ""

    @cached_property
    def doubts(self) -> pd.DataFrame:
        """Doubts about single states (see `find_doubts`)."""
        return find_doubts(self.release)

    @property
    def usable(self) -> bool:
        """Whether the file can be read."""
        return self.release is not None

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """Counts by session (see `count_sessions`)."""
        return count_sessions(self.release)

    def __str__(self) -> str:
        if self.release is None:
            what = KINDS.get(self.kind, "no record of roll calls")
            return f"{self.path}\n  is       {what}\n  unusable {self.error}"
        table = self.coverage
        total = table[["rollcalls", "para_amend", "procedural", "dup", "cells"]].sum()
        mends = self.release.mends
        notes = self.release.notes or (() if mends else ("no oddities found",))
        lines = [
            f"{self.path}",
            f"  is       {self.release.name}",
            f"  sha256   {self.release.sha256}",
            f"  covers   sessions {table.index.min()}-{table.index.max()}, {total['rollcalls']:,} roll calls "
            f"({total['para_amend']:,} on paragraphs or amendments, {total['procedural']} motions, "
            f"{total['dup']} second copies), {total['cells']:,} cells, "
            f"at most {table['states'].max()} states in a session",
            *(f"  mended   {mend}" for mend in mends),
            *(f"  note     {note}" for note in notes),
            *(f"  doubt    {doubt}" for doubt in _tell_doubts(self.doubts)),
            *(f"  mendable {mend}" for mend in _list_mendable(self.release)),
        ]
        return "\n".join(lines)


def _tell_doubts(doubts: pd.DataFrame) -> list[str]:
    """Return the doubts as sentences, those about states that never voted in one for each state."""
    silent = doubts[doubts["kind"] == "silent"]
    spells = silent.groupby("iso3")["session"].agg(list)
    told = [
        f"{iso3} cast no vote in session{'s' if len(sessions) > 1 else ''} {name_spells(sessions)}"
        for iso3, sessions in spells.items()
    ]
    return [*doubts.loc[doubts["kind"] != "silent", "text"], *told]


def name_spells(numbers: list[int]) -> str:
    """Name whole numbers with spells of successive ones: ``3, 5-8``."""
    spells: list[list[int]] = []
    for number in sorted(numbers):
        if spells and number == spells[-1][-1] + 1:
            spells[-1].append(number)
        else:
            spells.append([number])
    return ", ".join(f"{s[0]}-{s[-1]}" if len(s) > 1 else str(s[0]) for s in spells)


def _list_mendable(release: Release) -> list[str]:
    """Say what each choice of ``DataSpec.corrections`` would mend."""
    found = {
        level: correct_release(release, level).mends[len(release.mends) :] for level in ("agreed", "all")
    }
    told = [f"{mend} (data.corrections = agreed, the default)" for mend in found["agreed"]]
    return told + [f"{m} (data.corrections = all)" for m in found["all"] if m not in found["agreed"]]


def check_release(path: Path | str, progress: Progress | None = None) -> ReleaseReport:
    """Report on a file; its content never raises an error."""
    path, kind = Path(path), ""
    try:
        kind = identify_release(path)
        return ReleaseReport(path, kind, read_release(path, progress))
    except DataError as error:
        return ReleaseReport(path, kind, error=str(error))


def count_sessions(release: Release) -> pd.DataFrame:
    """Count by session, with the columns of the quality report beside the parquet pair.

    Returns
    -------
    DataFrame, index ``session``
        rollcalls, para_amend, procedural, dup, unanimous, important, imp_coded (importance known),
        members_max (most states in one roll call), date_day (days known), states (with any row),
        states_voting (with a yes, no or abstention on a usable roll call), max_votes (most usable votes of
        a state), cells, absent_pct (0 to 100). Usable roll calls are those of the published estimates: no
        paragraphs or amendments after session 44, none unanimous, none of session 19, without Zanzibar (511)
        and South Africa's one vote in session 48.
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
    """Tell whether all roll calls that count as one item are unanimous, as in the published estimates."""
    item = rollcalls["match_group"].fillna(rollcalls["rcid"])
    totals = rollcalls[["yes", "abstain", "no"]].groupby(item).transform("sum")
    return (totals > 0).sum(axis=1).to_numpy() <= 1
