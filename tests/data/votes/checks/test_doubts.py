"""Errors of the record are found where they are, and mended where two sources agree."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.found import needs_shared

from data import load
from data.spec import ISIS, DataSpec
from data.votes.checks.doubts import find_doubts, find_exchanges, read_sessions
from data.votes.checks.report import check_release, name_spells
from data.votes.corrections import correct_release
from data.votes.releases.tidy import VOTES, Release, finish_release

BLOCS = {
    "west": [2, 20, 200, 220, 210, 211, 212, 230, 235, 380, 385, 390],
    "east": [365, 290, 310, 316, 355, 360, 712, 40, 731, 710, 750, 651],
}


def make_release(sessions=(58, 59, 60), per_session=40, seed=3) -> Release:
    """Two blocs that vote against each other, a few votes at random."""
    rng = np.random.default_rng(seed)
    rows, calls = [], []
    for session in sessions:
        for k in range(per_session):
            rcid = 1000 * session + k
            calls.append((rcid, session, f"R/{session}/{k + 1}", pd.Timestamp(1945 + session, 12, 1)))
            side = {"west": rng.integers(0, 3), "east": rng.integers(0, 3)}
            for bloc, ccodes in BLOCS.items():
                for ccode in ccodes:
                    vote = rng.integers(0, 3) if rng.random() < 0.05 else side[bloc]
                    rows.append((rcid, ccode, vote))
    rollcalls = pd.DataFrame(calls, columns=["rcid", "session", "unres", "date"])
    rollcalls["symbol"] = "A/RES" + rollcalls["unres"].str[1:]
    votes = pd.DataFrame(rows, columns=["rcid", "ccode", "vote"])
    return finish_release(rollcalls, votes, name="made up", sha256="", where="made up")


def change(release: Release, cells: np.ndarray, codes: np.ndarray) -> Release:
    code = release.votes["vote"].cat.codes.to_numpy(copy=True)
    code[cells] = codes
    return replace(release, votes=release.votes.assign(vote=pd.Categorical.from_codes(code, dtype=VOTES)))


def exchange(release: Release, one: int, other: int, session: int, share=1.0) -> Release:
    rcid = release.rollcalls.loc[release.rollcalls["session"] == session, "rcid"]
    chosen = release.votes["rcid"].isin(rcid[: int(share * len(rcid))])
    first, second = (np.flatnonzero(chosen & (release.votes["ccode"] == c)) for c in (one, other))
    code = release.votes["vote"].cat.codes.to_numpy()
    return change(release, np.r_[first, second], np.r_[code[second], code[first]])


def test_blocs_without_errors_raise_no_doubt():
    assert find_doubts(make_release()).empty


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_two_states_with_each_others_votes_are_found(share):
    release = exchange(make_release(), 200, 365, 59, share)
    doubts = find_doubts(release)
    found = doubts[doubts["kind"] == "exchange"]
    assert found[["session", "iso3"]].to_numpy().tolist() == [[59, "GBR+RUS"]]
    assert find_exchanges(58, read_sessions(release)) == []


def test_a_state_that_changes_sides_leaps():
    release = exchange(exchange(make_release(), 200, 365, 59), 200, 365, 60)
    doubts = find_doubts(release)
    leaps = doubts[doubts["kind"] == "leap"]
    assert {("GBR", 59), ("RUS", 59)} <= set(zip(leaps["iso3"], leaps["session"], strict=True))


def test_a_session_of_absences_is_told():
    release = make_release()
    cells = np.flatnonzero((release.votes["ccode"] == 20) & (release.votes["session"] == 59))
    some, every = change(release, cells[:30], 3), change(release, cells, 3)
    assert "CAN is absent in 75% of session 59" in find_doubts(some)["text"].str.cat()
    assert find_doubts(every)[["kind", "iso3"]].to_numpy().tolist() == [["silent", "CAN"]]


@needs_shared
def test_zimbabwe_in_session_71_is_told_by_the_totals():
    record = load.load_record(load.SHARED_DIR, (71, 71))
    absent = record.votes[(record.votes["ccode"] == 552) & (record.votes["vote"] == "absent")]
    gaps = pd.DataFrame({"rcid": absent["rcid"].to_numpy()[:71], "yes": 1, "abstain": 0, "no": 0})
    mended = correct_release(replace(record, gaps=gaps), "agreed")
    votes = mended.votes[(mended.votes["ccode"] == 552) & mended.votes["rcid"].isin(gaps["rcid"])]
    assert (votes["vote"] == "yes").sum() >= 70
    assert any("ZWE in session 71 (71)" in mend for mend in mended.mends)
    few = correct_release(replace(record, gaps=gaps.head(4)), "agreed")
    assert not any("session 71 (4)" in mend for mend in few.mends)


@needs_shared
def test_known_errors_of_the_record_are_found_and_corrected_by_choice():
    record = load.load_record(load.SHARED_DIR, (1, 74))
    doubts = find_doubts(record, {13, 20, 37, 48, 65, 71})
    told = set(zip(doubts["kind"], doubts["session"], doubts["iso3"], strict=True))
    assert {("exchange", 37, "DEU+DDR"), ("exchange", 48, "MCO+MNG"), ("exchange", 65, "GRD+GRC")} <= told
    assert {("absences", 71, "ZWE"), ("phantom", 13, "SYR"), ("phantom", 20, "IDN")} <= told
    agreed, everything = (correct_release(record, level) for level in ("agreed", "all"))
    assert correct_release(record, "none") is record
    assert len(record.votes) - len(agreed.votes) == 233
    assert "6 votes corrected by official totals" in agreed.mends[1]
    assert "GRC and GRD in session 65 (88 roll calls)" in everything.mends[-1]
    assert correct_release(everything, "all").mends == everything.mends
    counted = everything.rollcalls.set_index("rcid").loc[5588, ["yes", "no", "abstain"]].tolist()
    assert counted == [128, 9, 35]


@needs_shared
def test_corrections_change_the_window_only_where_they_should():
    votes = {level: load.load_votes(DataSpec(corrections=level), ISIS) for level in ("none", "agreed", "all")}
    assert votes["none"]["counts"].equals(votes["agreed"]["counts"])
    differs = (votes["all"]["counts"] != votes["agreed"]["counts"]).any(["item", "response"])
    assert sorted(differs["state"].values[differs.values]) == ["GRC", "GRD"]
    session = (votes["all"]["counts"] != votes["agreed"]["counts"]).any(["state", "response"])
    assert set(votes["all"]["session"].values[session.values]) == {65}


@needs_shared
def test_the_report_names_doubts_and_what_can_be_mended():
    text = str(check_release(load.SHARED_DIR))
    for part in ("GRD and GRC seem", "ZAF cast no vote in sessions 30-47", "data.corrections = all"):
        assert part in text


def test_spells():
    assert name_spells([5, 3, 7, 6]) == "3, 5-7"
