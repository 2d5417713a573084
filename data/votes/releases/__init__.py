"""Readers of the published records of roll calls: whatever the format, one tidy form.

`identify_release` says what a file is by looking into it, `read_release` reads it, `check_release` reports
on it without raising, `extend_release` joins a later record to an earlier one.
"""

from data.votes.releases.check import ReleaseReport, check_release
from data.votes.releases.dgacm import extend_release
from data.votes.releases.read import identify_release, read_release
from data.votes.releases.tidy import ROLLCALL_COLUMNS, VOTE_COLUMNS, VOTES, Release

__all__ = [
    "ROLLCALL_COLUMNS",
    "VOTES",
    "VOTE_COLUMNS",
    "Release",
    "ReleaseReport",
    "check_release",
    "extend_release",
    "identify_release",
    "read_release",
]
