"""The state that a code means: members that change their name, split, unite or do not vote."""

import numpy as np
import pandas as pd
import pytest
from support.release_files import (
    dataverse_rows,
    dataverse_text,
    made_up_votes,
    table_text,
    undl_rows,
    undl_text,
    write,
)

from data.votes.checks.report import check_release
from data.votes.releases.read import read_release
from data.votes.releases.states import apply_succession, find_ccode, iso3_of, load_members, seats


def test_seats_follow_from_the_days_in_the_state_table():
    sat = {
        255: range(45, 100),
        260: range(28, 45),
        265: range(28, 46),
        315: range(1, 48),
        316: range(47, 100),
        317: range(47, 100),
        345: [*range(1, 48), *range(55, 100)],
        511: [18],
        626: range(65, 100),
        666: range(3, 100),
        678: range(2, 46),
        679: range(46, 100),
        680: range(22, 45),
        710: range(26, 100),
        713: range(1, 27),
    }
    sessions = np.arange(1, 100)
    for ccode, expected in sat.items():
        held = sessions[seats(sessions, np.full(99, ccode))]
        assert held.tolist() == list(expected), ccode
    # a state whose seat began or ended in a session did not sit throughout it
    assert not seats(np.array([47]), np.array([315]), whole=True).any()
    assert seats(np.array([46]), np.array([315]), whole=True).all()


def test_every_unit_has_one_iso_code():
    assert len(load_members()) == 201
    assert (iso3_of()[345], iso3_of()[260], iso3_of()[255], iso3_of()[678]) == ("SRB", "DEU", "DEU", "YEM")


def test_germany_has_one_code_before_and_one_after_unification():
    session = np.array([44, 44, 45, 45])
    date = np.array(["1989-12-01"] * 2 + ["1990-12-01"] * 2, dtype="datetime64[s]")
    ccode = np.array([find_ccode("GER"), find_ccode("DDR"), find_ccode("DEU"), 260])
    assert apply_succession(ccode, session, date).tolist() == [260, 265, 255, 255]


def test_germany_260_in_session_45_of_the_2021_release_becomes_255(tmp_path):
    votes = made_up_votes(sessions=(44, 45), states={2: "USA", 260: "GFR"})
    release = read_release(write(tmp_path / "g.csv", dataverse_text(votes)))
    german = release.votes[release.votes["iso3"] == "DEU"]
    assert german.groupby("session")["ccode"].unique().map(list).to_dict() == {44: [260], 45: [255]}


def test_two_germanies_in_the_digital_library(tmp_path):
    votes = made_up_votes(sessions=(43,), states={260: "GER", 265: "DDR", 2: "USA"})
    assert set(read_release(write(tmp_path / "g.csv", undl_text(votes))).votes["ccode"]) == {2, 260, 265}


def test_yemen_north_south_and_united(tmp_path):
    date = np.array(["1989-12-01", "1989-12-01", "1991-12-01"], dtype="datetime64[s]")
    ccode = np.array(
        [find_ccode("YEM", "YEMEN"), find_ccode("YMD", "DEMOCRATIC YEMEN"), find_ccode("YEM", "YEMEN")]
    )
    assert apply_succession(ccode, np.array([44, 44, 46]), date).tolist() == [678, 680, 679]


def test_yugoslavia_and_serbia_share_345():
    assert {find_ccode(c) for c in ("YUG", "SCG", "SRB")} == {345}
    assert find_ccode("MNE") == 341


def test_czechoslovakia_and_its_successors():
    assert [find_ccode(c) for c in ("CSK", "CZE", "SVK")] == [315, 316, 317]


def test_ussr_and_russia_share_365():
    assert {
        find_ccode(c, n) for c, n in [("SUN", "USSR"), ("RUS", "RUSSIAN FEDERATION"), ("XXX", "USSR")]
    } == {365}


def test_china_seat_changes_hands_on_25_october_1971(tmp_path):
    votes = made_up_votes(sessions=(26,), per_session=2, states={2: "USA", 710: "CHN"})
    table = undl_rows(votes)
    table["date"] = table["date"].where(table["resolution"] != "A/RES/26/1", "1971-10-25")
    release = read_release(write(tmp_path / "c.csv", table_text(table, ",")))
    china = release.votes[release.votes["ccode"] != 2].merge(release.rollcalls[["rcid", "date"]])
    assert china.sort_values("date")["ccode"].tolist() == [713, 710]


def test_both_chinas_of_the_dataverse_release_keep_their_codes(tmp_path):
    votes = made_up_votes(sessions=(25,), states={2: "USA", 713: "TWN", 710: "CHN"})
    votes.loc[votes["ccode"] == 710, "code"] = 9
    assert set(read_release(write(tmp_path / "c.csv", dataverse_text(votes))).votes["ccode"]) == {2, 713}


def test_south_sudan_under_the_code_of_the_old_codebook(tmp_path):
    votes = made_up_votes(sessions=(67,), states={2: "USA", 628: "SSD"})
    release = read_release(write(tmp_path / "s.csv", dataverse_text(votes)))
    assert set(release.votes["ccode"]) == {2, 626}
    assert set(release.votes["iso3"]) == {"USA", "SSD"}


def test_absent_all_session_stays_absent(tmp_path):
    votes = made_up_votes(sessions=(50, 51), states={2: "USA", 645: "IRQ"})
    votes.loc[votes["ccode"] == 645, "code"] = 8
    for text in (dataverse_text(votes), undl_text(votes)):
        got = read_release(write(tmp_path / "i.csv", text)).votes
        assert set(got.loc[got["iso3"] == "IRQ", "vote"]) == {"absent"}


def test_session_19_with_its_one_roll_call(tmp_path):
    votes = made_up_votes(sessions=(18, 19, 20), per_session=1)
    report = check_release(write(tmp_path / "n.csv", dataverse_text(votes)))
    assert report.coverage["rollcalls"].to_dict() == {18: 1, 19: 1, 20: 1}
    assert pd.isna(report.coverage.loc[19, "max_votes"])


def test_motion_without_a_mark_is_procedural(tmp_path):
    table = dataverse_rows(made_up_votes(sessions=(61,)))
    table.loc[table["rcid"] == 1001, "descr"] = (
        "The President: I shall now put to the vote the motion that no action be taken on draft resolution "
        "III. A recorded vote has been requested. A"
    )
    rollcalls = read_release(write(tmp_path / "m.csv", table_text(table, ","))).rollcalls.set_index("rcid")
    assert rollcalls["is_procedural"].to_dict() == {1000: False, 1001: True, 1002: False}


@pytest.mark.parametrize(("differing", "copy"), [(0, True), (3, False)])
def test_second_copy_of_a_final_vote(differing, copy, tmp_path):
    votes = made_up_votes(sessions=(61,), per_session=2)
    first = votes.loc[votes["rcid"] == 1000, "code"].replace({8: 1}).to_numpy()
    votes.loc[votes["rcid"] == 1000, "code"] = first
    second = first.copy()
    second[:differing] = np.where(second[:differing] == 1, 3, 1)
    votes.loc[votes["rcid"] == 1001, "code"] = second
    table = dataverse_rows(votes, unres="R/61/5")
    table.loc[table["rcid"] == 1001, "descr"] = (
        "Draft resolution III as a whole. A recorded vote has been requested. A"
    )
    rollcalls = read_release(write(tmp_path / "m.csv", table_text(table, ","))).rollcalls.set_index("rcid")
    assert rollcalls["dup_of_rcid"].fillna(0).to_dict() == {1000: 0, 1001: 1000 if copy else 0}


def test_south_africa_without_credentials_is_absent_not_gone(tmp_path):
    votes = made_up_votes(sessions=(40,), states={2: "USA", 560: "ZAF"})
    votes.loc[votes["ccode"] == 560, "code"] = 8
    release = read_release(write(tmp_path / "z.csv", dataverse_text(votes)))
    assert release.votes[release.votes["ccode"] == 560]["vote"].eq("absent").all()
    assert not any("no seat" in note for note in release.notes)


def test_zanzibar_and_tanganyika_of_session_18(tmp_path):
    votes = made_up_votes(sessions=(18,), states={2: "USA", 511: "TZA", 510: "TZA"})
    table = undl_rows(votes)
    table["ms_name"] = votes["ccode"].map({2: "UNITED STATES", 511: "ZANZIBAR", 510: "TANGANYIKA"})
    assert set(read_release(write(tmp_path / "z.csv", table_text(table, ","))).votes["ccode"]) == {
        2,
        510,
        511,
    }


def test_zanzibar_outside_session_18_is_noted(tmp_path):
    votes = made_up_votes(sessions=(30,), states={2: "USA", 511: "EAZ"})
    notes = read_release(write(tmp_path / "z.csv", dataverse_text(votes))).notes
    assert any("no seat" in note and "EAZ in session 30 (3)" in note for note in notes)


def test_yemen_coded_not_a_member_in_session_65_was_absent(tmp_path):
    votes = made_up_votes(sessions=(64, 65), states={2: "USA", 679: "YEM"})
    votes.loc[votes["ccode"] == 679, "code"] = 9
    got = read_release(write(tmp_path / "y.csv", dataverse_text(votes))).votes
    yemen = got[got["ccode"] == 679]
    assert yemen.groupby("session")["vote"].unique().map(list).to_dict() == {65: ["absent"]}
