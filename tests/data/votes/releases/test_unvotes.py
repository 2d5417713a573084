"""Tables of the R package unvotes and copies of them give the votes of the other formats."""

import pandas as pd
import pyreadr
import pytest
from support.release_files import dataverse_rows, dataverse_text, made_up_votes, table_text, write

from data.tables.rules import DataError
from data.votes.find import find_release, list_files
from data.votes.releases.read import read_release

NAMES = {
    2: ("United States", "US"),
    20: ("Canada", "CA"),
    200: ("United Kingdom", "GB"),
    265: ("German Democratic Republic", "DD"),
    345: ("Yugoslavia", "YU"),
    260: ("Federal Republic of Germany", ""),
    315: ("Czechoslovakia", "CS"),
    680: ("Yemen People's Republic", "YD"),
}
ISO = {2: "USA", 20: "CAN", 200: "GBR", 265: "DDR", 345: "SRB", 260: "DEU", 315: "CSK", 680: "YMD"}
VOTES = made_up_votes(sessions=(38, 39), per_session=6, states=ISO)


def make_tables(votes=VOTES) -> dict[str, pd.DataFrame]:
    cast = votes[votes["code"] != 8]
    rows = dataverse_rows(votes).drop_duplicates("rcid")
    calls = rows[["rcid", "session", "importantvote", "date", "unres", "amend", "para", "short", "descr"]]
    areas = {"me": "Palestinian conflict", "nu": "Nuclear weapons and nuclear material"}
    return {
        "un_votes": pd.DataFrame(
            {
                "rcid": cast["rcid"].astype(float),
                "country": [NAMES[c][0] for c in cast["ccode"]],
                "country_code": [NAMES[c][1] for c in cast["ccode"]],
                "vote": cast["code"].map({1: "yes", 2: "abstain", 3: "no"}),
            }
        ),
        "un_roll_calls": calls,
        "un_roll_call_issues": pd.concat(
            [rows.loc[rows[a] == 1, ["rcid"]].assign(short_name=a, issue=name) for a, name in areas.items()]
        ),
    }


def write_tables(folder, kind="csv", **changes):
    tables = make_tables() | changes
    for name, table in tables.items():
        if kind == "csv":
            write(folder / f"{name}.csv", table_text(table, ","))
        elif kind == "rda":
            pyreadr.write_rdata(str(folder / f"{name}.rda"), table.astype({"rcid": float}), df_name=name)
        else:
            pyreadr.write_rds(str(folder / f"{name}.rds"), table.astype({"rcid": float}), compress="gzip")
    return folder


def cells(release, absent=False) -> dict:
    votes = release.votes if absent else release.votes[release.votes["vote"] != "absent"]
    return dict(zip(zip(votes["rcid"], votes["ccode"], strict=True), votes["vote"].astype(str), strict=True))


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *(("csv", given) for given in ("folder", "un_votes", "un_roll_calls", "un_roll_call_issues")),
        ("rda", "folder"),
        ("rds", "un_roll_calls"),
    ],
)
def test_three_tables_are_one_record(kind, given, tmp_path):
    write_tables(tmp_path, kind)
    path = find_release(tmp_path if given == "folder" else tmp_path / f"{given}.{kind}")
    release = read_release(path)
    expected = read_release(write(tmp_path / "d.txt", dataverse_text(VOTES)))
    assert cells(release) == cells(expected)
    for column in ("session", "date", "me", "nu", "issue_source"):
        assert (
            release.rollcalls[column].astype(str).tolist() == expected.rollcalls[column].astype(str).tolist()
        )
    assert {file.stem for file in list_files(path)} == set(make_tables())
    assert any("who was absent" in note for note in release.notes)


def test_a_table_that_is_missing_is_named(tmp_path):
    write_tables(tmp_path)
    (tmp_path / "un_roll_calls.csv").unlink()
    with pytest.raises(DataError, match=r"without the table un_roll_calls; put un_roll_calls\.csv"):
        read_release(tmp_path / "un_votes.csv")


def test_without_issue_areas_they_are_not_known(tmp_path):
    write_tables(tmp_path)
    (tmp_path / "un_roll_call_issues.csv").unlink()
    release = read_release(tmp_path / "un_votes.csv")
    assert set(release.rollcalls["issue_source"]) == {"none"}
    assert any("issue areas are not known" in note for note in release.notes)


def test_a_vote_without_its_roll_call(tmp_path):
    table = make_tables()["un_roll_calls"]
    write_tables(tmp_path, un_roll_calls=table[table["rcid"] != 1000])
    with pytest.raises(DataError, match="not in the table un_roll_calls: rcid 1000"):
        read_release(tmp_path / "un_votes.csv")


def test_tables_that_their_user_has_joined(tmp_path):
    tables = make_tables()
    joined = tables["un_votes"].merge(tables["un_roll_calls"], on="rcid")
    joined = joined.merge(tables["un_roll_call_issues"], on="rcid", how="left").fillna("NA")
    release = read_release(write(tmp_path / "joined.csv", table_text(joined, ",")))
    write_tables(tmp_path)
    expected = read_release(tmp_path / "un_votes.csv")
    assert cells(release) == cells(expected)
    assert release.rollcalls["nu"].tolist() == expected.rollcalls["nu"].tolist()


def test_of_several_workspaces_the_one_with_votes_is_taken(tmp_path):
    scores = pd.DataFrame({"ccode1": [2.0], "ccode2": [20.0], "year": [2000.0], "agree": [0.5]})
    pyreadr.write_rdata(str(tmp_path / "AgreementScores.RData"), scores, df_name="dfAgree")
    pyreadr.write_rdata(
        str(tmp_path / "UNVotes.RData"), dataverse_rows(VOTES).drop(columns=""), df_name="completeVotes"
    )
    assert find_release(tmp_path).name == "UNVotes.RData"
    with pytest.raises(DataError, match="agreement scores of pairs of states"):
        read_release(tmp_path / "AgreementScores.RData")
    (tmp_path / "UNVotes.RData").unlink()
    write(tmp_path / "scores.csv", table_text(scores, ","))
    with pytest.raises(DataError, match="agreement scores of pairs of states"):
        read_release(tmp_path / "scores.csv")
