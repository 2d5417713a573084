"""Readers of the published formats give one tidy form and the right states, on made-up votes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadr
import pytest
from support.release_files import (
    dataverse_rows,
    dataverse_text,
    made_up_votes,
    table_text,
    undl_rows,
    undl_text,
    write,
    write_parquet_pair,
)

from data.votes.releases.dgacm import extend_release
from data.votes.releases.read import identify_release, read_release
from data.votes.releases.tidy import ROLLCALL_COLUMNS, VOTE_COLUMNS, format_symbol, symbol_key

WORDS = {1: "yes", 2: "abstain", 3: "no", 8: "absent"}


def cells(release) -> dict:
    """Votes keyed by symbol and state."""
    symbol = release.rollcalls.set_index("rcid")["symbol"]
    votes = release.votes
    return dict(
        zip(
            zip(votes["rcid"].map(symbol), votes["ccode"], strict=True),
            votes["vote"].astype(str),
            strict=True,
        )
    )


def truth(votes: pd.DataFrame) -> dict:
    return {
        (f"A/RES/{v.session}/{v.number}", v.ccode): WORDS[v.code]
        for v in votes.itertuples()
        if v.code in WORDS
    }


def write_format(name: str, votes: pd.DataFrame, folder: Path) -> Path:
    if name == "parquet_pair":
        write_parquet_pair(votes, folder)
        return folder
    if name == "dataverse_rdata":
        path = folder / "UNVotes.RData"
        table = dataverse_rows(votes).drop(columns="")
        pyreadr.write_rdata(
            str(path),
            table.assign(ccode=table["ccode"].astype(float)),
            df_name="completeVotes",
            compress="gzip",
        )
        return path
    if name == "undl":
        return write(folder / "2026_ga_voting.csv", undl_text(votes))
    return write(
        folder / "UNVotes.txt", dataverse_text(votes, {"csv": ",", "tab": "\t", "semicolon": ";"}[name])
    )


FORMATS = ["csv", "tab", "semicolon", "dataverse_rdata", "undl", "parquet_pair"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_cells(name, tmp_path):
    votes = made_up_votes()
    release = read_release(write_format(name, votes, tmp_path))
    assert cells(release) == truth(votes)
    assert tuple(release.rollcalls.columns) == ROLLCALL_COLUMNS
    assert tuple(release.votes.columns) == VOTE_COLUMNS
    assert list(release.votes["vote"].cat.categories) == ["no", "abstain", "yes", "absent"]
    assert len(release.sha256) == 64


@pytest.mark.parametrize("name", FORMATS)
def test_kind_is_found_inside_the_file_not_in_its_name(name, tmp_path):
    path = write_format(name, made_up_votes(), tmp_path)
    if path.is_file():
        path = path.rename(tmp_path / "whatever.bin")
    kinds = {"undl": "undl", "dataverse_rdata": "dataverse_rdata", "parquet_pair": "parquet_pair"}
    assert identify_release(path) == kinds.get(name, "dataverse_text")


def test_description_columns_of_a_dataverse_release(tmp_path):
    votes = made_up_votes()
    table = dataverse_rows(votes)
    table.loc[table["rcid"] == 1001, "para"] = 1
    table.loc[table["rcid"] == 1002, "importantvote"] = 1
    table.loc[table["rcid"] == 1010, "importantvote"] = ""
    rollcalls = read_release(write(tmp_path / "x.csv", table_text(table, ","))).rollcalls.set_index("rcid")
    assert rollcalls["is_para_or_amend"].to_dict() == {
        1000: False,
        1001: True,
        1002: False,
        1010: False,
        1011: False,
        1012: False,
    }
    assert rollcalls.loc[1002, "important"] == 1
    assert pd.isna(rollcalls.loc[1010, "important"])
    assert rollcalls.loc[1000, "nu"] == 1
    assert rollcalls.loc[1000, "me"] == 0
    assert rollcalls.loc[1000, "date"] == pd.Timestamp("2003-12-02")
    assert (rollcalls["issue_source"] == "coded").all()
    # same title in sessions 58 and 59; the paragraph vote is no resolution and stays alone
    assert rollcalls["match_group"].fillna(0).to_dict() == {
        1000: 1000,
        1001: 0,
        1002: 1002,
        1010: 1000,
        1011: 0,
        1012: 1002,
    }
    assert rollcalls.loc[1000, "symbol"] == "A/RES/58/1"


def test_empty_ccode_falls_back_on_the_country(tmp_path):
    votes = made_up_votes()
    table = dataverse_rows(votes)
    table.loc[table["Country"] == "RUS", "ccode"] = ""
    assert cells(read_release(write(tmp_path / "c.csv", table_text(table, ",")))) == truth(votes)


def test_author_matches_beside_the_file_win_over_titles(tmp_path):
    write(tmp_path / "Matches.csv", "rcid1,rcid2\n1001,1010\n")
    rollcalls = read_release(write_format("csv", made_up_votes(), tmp_path)).rollcalls.set_index("rcid")
    assert rollcalls["match_group"].dropna().to_dict() == {1001: 1001, 1010: 1001}
    assert rollcalls.loc[1001, "match_source"] == "coded"


def test_votes_file_of_2016_has_codes_and_no_descriptions(tmp_path):
    votes = made_up_votes(sessions=(69, 70))
    extra = votes.iloc[:1].assign(ccode=626, iso3="SSD", code=9)
    table = pd.concat([votes, extra])[["rcid", "session", "code", "ccode"]].rename(columns={"code": "vote"})
    release = read_release(write(tmp_path / "UNVotesPublished.tab", table_text(table, "\t")))
    got = dict(
        zip(
            zip(release.votes["rcid"], release.votes["ccode"], strict=True),
            release.votes["vote"],
            strict=True,
        )
    )
    assert got == {(v.rcid, v.ccode): WORDS[v.code] for v in votes.itertuples()}
    assert release.rollcalls["date"].isna().all()
    assert any("without a date" in note for note in release.notes)
    assert any("no published counts" in note for note in release.notes)


def test_flags_of_an_old_release_are_those_of_2016(tmp_path):
    old = read_release(write(tmp_path / "a.csv", dataverse_text(made_up_votes(sessions=(69, 70))))).rollcalls
    new = read_release(write(tmp_path / "b.csv", dataverse_text(made_up_votes(sessions=(70, 71))))).rollcalls
    assert old["nu_v2016"].equals(old["nu"].rename("nu_v2016"))
    assert new["nu_v2016"].isna().all()


def test_dates_before_session_58_are_months(tmp_path):
    rollcalls = read_release(
        write(tmp_path / "a.csv", dataverse_text(made_up_votes(sessions=(57, 58))))
    ).rollcalls
    assert rollcalls.groupby("session")["date_quality"].first().astype(str).to_dict() == {
        57: "month",
        58: "day",
    }


def test_rdata_agrees_with_pyreadr(tmp_path):
    votes = made_up_votes()
    table = dataverse_rows(votes).drop(columns="").assign(date=pd.to_datetime("2003-12-02"))
    table["importantvote"] = pd.Series(np.where(votes["rcid"] == 1000, np.nan, 1.0))
    path = tmp_path / "UNVotes.RData"
    for compress in ("gzip", None):
        pyreadr.write_rdata(str(path), table, df_name="completeVotes", compress=compress)
        theirs = next(iter(pyreadr.read_r(str(path)).values()))
        ours = read_release(path)
        assert "completeVotes" in ours.name
        assert ours.rollcalls.set_index("rcid")["important"].isna().to_dict()[1000]
        assert len(ours.votes) == len(theirs)
        assert (ours.rollcalls["date"] == pd.Timestamp("2003-12-02")).all()
        assert sorted(ours.rollcalls["descr"].unique()) == sorted(theirs["descr"].unique())


def test_older_columns_of_the_digital_library(tmp_path):
    votes = made_up_votes()
    old = {
        "ms_code": "ms_codes",
        "ms_name": "ms_names",
        "ms_vote": "ms_votes",
        "resolution": "resolutions",
        "agenda_title": "agenda_titles",
        "total_yes": "yes",
        "total_no": "no",
        "total_abstentions": "abstentions",
        "total_non_voting": "non-voting",
        "total_ms": "total-voting",
    }
    table = undl_rows(votes).rename(columns=old).drop(columns="session")
    table["ms_votes"] = table["ms_votes"].replace({"X": "NV"})
    assert cells(read_release(write(tmp_path / "v1.csv", table_text(table, ",")))) == truth(votes)


def test_digital_library_areas_and_repeats_come_from_words(tmp_path):
    release = read_release(write_format("undl", made_up_votes(), tmp_path))
    rollcalls = release.rollcalls.set_index("symbol")
    assert rollcalls.loc["A/RES/58/1", ["nu", "di", "me"]].tolist() == [1, 1, 0]
    assert rollcalls.loc["A/RES/58/2", ["nu", "di", "me"]].tolist() == [0, 1, 1]
    assert (rollcalls["issue_source"] == "derived").all()
    assert rollcalls.loc["A/RES/59/2", "match_group"] == 4_001_001
    assert rollcalls["important"].isna().all()


def test_emergency_sessions_count_under_the_regular_session_of_their_day(tmp_path):
    votes = made_up_votes(sessions=(78,), per_session=1)
    text = undl_text(votes, session="ES-10", resolution="A/RES/ES-10/21", date="2023-10-27")
    rollcalls = read_release(write(tmp_path / "es.csv", text)).rollcalls
    assert rollcalls[["session", "symbol"]].to_numpy().tolist() == [[78, "A/RES/ES-10/21"]]


def test_windows_1252_text_is_read_and_noted(tmp_path):
    votes = made_up_votes()
    text = dataverse_text(votes, Countryname="Côte d'Ivoire", descr="État : resolution / adopted")
    path = tmp_path / "old.csv"
    path.write_bytes(text.encode("cp1252"))
    release = read_release(path)
    assert cells(release) == truth(votes)
    assert any("Windows-1252" in note for note in release.notes)
    assert release.rollcalls["descr"].str.startswith("État").all()


def test_quoted_newlines_and_delimiters_stay_in_their_field(tmp_path):
    votes = made_up_votes()
    text = dataverse_text(votes, descr='First, "second"\nthird')
    release = read_release(write(tmp_path / "q.csv", text))
    assert cells(release) == truth(votes)
    assert set(release.rollcalls["descr"]) == {'First, "second"\nthird'}


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n")])
def test_byte_order_mark_and_windows_line_ends(change, tmp_path):
    votes = made_up_votes()
    for name, text in (("d.csv", dataverse_text(votes)), ("u.csv", undl_text(votes))):
        path = tmp_path / name
        path.write_bytes(change(text).encode())
        assert cells(read_release(path)) == truth(votes)


def test_later_record_is_appended_from_where_the_earlier_ends(tmp_path):
    early, both = made_up_votes(sessions=(58, 59)), made_up_votes(sessions=(58, 59, 60))
    table = dataverse_rows(early)
    table.loc[table["unres"] == "R/58/2", "unres"] = ""
    base = read_release(write(tmp_path / "d.csv", table_text(table, ",")))
    later = read_release(write(tmp_path / "u.csv", undl_text(both)))
    whole = extend_release(base, later)
    assert whole.rollcalls.groupby("session").size().to_dict() == {58: 3, 59: 3, 60: 3}
    assert len(whole.votes) == len(both)
    assert any("5 resolutions in both, 30 of 30 cells equal" in note for note in whole.notes)


def test_facts_that_differ_between_rows_are_noted_and_the_majority_taken(tmp_path):
    table = dataverse_rows(made_up_votes())
    table.loc[0, "date"] = "2003-12-09"
    release = read_release(write(tmp_path / "d.csv", table_text(table, ",")))
    assert release.rollcalls.set_index("rcid").loc[1000, "date"] == pd.Timestamp("2003-12-02")
    assert any("more than one date" in note and "1000" in note for note in release.notes)


def test_progress_runs_to_the_end(tmp_path):
    seen = []
    read_release(write_format("undl", made_up_votes(), tmp_path), lambda share, what: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [
        ("R/57/58", "A/RES/57/58"),
        ("A/RES/71/5", "A/RES/71/5"),
        ("R/30/3379", "A/RES/3379(XXX)"),
        ("A/RES/46/82[A]", "A/RES/46/82A"),
        ("A/RES/46/82 A", "A/RES/46/82A"),
        ("R/26/2784D", "A/RES/2784(XXVI)D"),
        ("GOAR/1/1288B", None),
        ("SS/1/59", None),
        (None, None),
        ("A/RES/ES-10/19", "A/RES/ES-10/19"),
    ],
)
def test_symbols(spelling, symbol):
    assert format_symbol(spelling) == symbol


def test_symbol_keys_are_stable_and_distinct():
    keys = [
        symbol_key(s)
        for s in ("A/RES/74/10", "A/RES/74/10A", "A/RES/ES-10/21", "A/RES/S-10/2", "A/RES/80/286")
    ]
    assert keys[:2] == [74_001_000, 74_001_001]
    assert len(set(keys)) == 5
    assert symbol_key("A/RES/3379(XXX)") is None
