"""Records are found, kept as parsed copies and continued, and say what they do not know."""

import json
import os
import socket
from dataclasses import replace

import numpy as np
import pandas as pd
import pyreadr
import pytest
from support.found import needs_shared
from support.release_files import (
    dataverse_rows,
    dataverse_text,
    made_up_votes,
    table_text,
    undl_text,
    write,
    write_parquet_pair,
)

from data import load
from data.spec import IRAQ, DataSpec
from data.tables.rules import DataError
from data.votes import cache, record

CASE = replace(IRAQ, name="made_up", first_session=58, last_session=59, votes_until="2004-12-31")
VOTES = made_up_votes(per_session=12)
FORMATS = ("pair", "csv", "tab", "rdata", "undl")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(record, "cache_dir", lambda: folder)
    monkeypatch.setattr(cache, "_recent", {})
    monkeypatch.delenv(record.VOTES_VARIABLE, raising=False)
    return folder


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Nothing beside the checkout."""
    monkeypatch.setattr(record, "SHARED_DIR", tmp_path / "nowhere")


def write_record(name, folder, votes=VOTES):
    folder.mkdir(exist_ok=True)
    if name == "pair":
        write_parquet_pair(votes, folder)
        return folder
    if name == "rdata":
        path = folder / "UNVotes.RData"
        pyreadr.write_rdata(str(path), dataverse_rows(votes).drop(columns=""), df_name="completeVotes")
        return path
    if name == "undl":
        return write(folder / "2026_ga_voting.csv", undl_text(votes))
    return write(folder / f"UNVotes.{name}", dataverse_text(votes, {"csv": ",", "tab": "\t"}[name]))


def write_votes_only(folder):
    """As the votes file of 2016: codes and sessions, no dates, no words, no flags."""
    table = VOTES[["rcid", "session", "code", "ccode"]].rename(columns={"code": "vote"})
    return write(folder / "votes_only.tab", table_text(table, "\t"))


# --- finding ---


@pytest.mark.parametrize("name", FORMATS)
def test_votes_are_the_same_from_any_release_named_or_in_a_folder(name, tmp_path, monkeypatch):
    path = write_record(name, tmp_path / "given")
    data = load.load_votes(DataSpec(), CASE, path)
    truth = VOTES[VOTES["code"] != 8].groupby(["rcid", "iso3"])["code"].first().unstack()
    divided = truth.nunique(axis=1) > 1
    answer = data["counts"].argmax("response").where(data["counts"].sum("response") > 0)
    expected = truth[divided].map({1: 2, 2: 1, 3: 0}.get).to_numpy(float)
    np.testing.assert_array_equal(answer.to_numpy(), expected)
    assert data["state"].to_numpy().tolist() == truth.columns.tolist()
    assert path.is_dir() or data.attrs["source"] == path.name
    assert data.attrs["issue_source"] == ("derived" if name == "undl" else "coded")
    folder = path if path.is_dir() else path.parent
    assert load.find_rollcalls(folder) == path
    monkeypatch.setenv(record.VOTES_VARIABLE, str(path))
    assert load.find_rollcalls() == path


def test_a_download_never_takes_the_place_of_tables_beside_the_checkout(own_cache, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "SHARED_DIR", tmp_path / "shared")
    path = write_record("undl", own_cache)
    (own_cache / "fetched.json").write_text("{}")
    assert load.find_rollcalls() == path
    beside = write_record("pair", tmp_path / "shared")
    assert load.find_rollcalls() == beside
    assert load.find_rollcalls(own_cache) == path


def test_coded_issue_areas_come_before_derived_ones(tmp_path):
    write_record("undl", tmp_path / "both")
    path = write_record("csv", tmp_path / "both")
    assert load.find_rollcalls(tmp_path / "both") == path


def test_two_of_a_kind_are_not_guessed_at(tmp_path):
    write_record("csv", tmp_path / "both")
    write_record("rdata", tmp_path / "both")
    with pytest.raises(DataError, match=r"UNVotes\.RData, UNVotes\.csv.*name the file"):
        load.find_rollcalls(tmp_path / "both")


@pytest.mark.parametrize(
    ("content", "part"), [(None, "no such file"), ("", "0 bytes"), ("a,b\n1,2\n", "unknown table")]
)
def test_a_named_file_that_is_no_record(content, part, tmp_path, monkeypatch):
    path = tmp_path / "some.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=part):
        load.find_rollcalls(path)
    monkeypatch.setenv(record.VOTES_VARIABLE, str(path))
    with pytest.raises(DataError, match=part):
        load.find_rollcalls()


@pytest.mark.usefixtures("alone")
def test_nothing_is_downloaded_but_the_command_is_named(monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("tried to reach the network"))
    for ask in (lambda: load.load_record(), lambda: load.load_votes(DataSpec(granularity="rollcall"), IRAQ)):
        with pytest.raises(DataError, match=load.FETCH_COMMAND):
            ask()
    assert load.FETCH_COMMAND in load.load_votes(DataSpec(), IRAQ).attrs["fallback"]


# --- parsed copies ---


@pytest.fixture
def parses(monkeypatch, alone):
    """Count how often a file is parsed."""
    seen, read = [], cache.read_release

    def counted(path, progress=None):
        seen.append(path)
        return read(path, progress)

    monkeypatch.setattr(cache, "read_release", counted)
    return seen


def forget():
    cache._recent.clear()


@pytest.mark.parametrize("name", ["csv", "rdata", "undl"])
def test_a_record_is_parsed_once(name, tmp_path, own_cache, parses):
    path = write_record(name, tmp_path / "given")
    first = load.load_record(path)
    forget()
    again = load.load_record(path)
    assert len(parses) == 1
    pd.testing.assert_frame_equal(first.rollcalls, again.rollcalls)
    pd.testing.assert_frame_equal(first.votes, again.votes)
    assert (first.name, first.sha256, first.notes, first.files) == (
        again.name,
        again.sha256,
        again.notes,
        again.files,
    )
    assert [p.name.startswith(first.sha256[:16]) for p in (own_cache / "parsed").iterdir()] == [True]


def test_in_a_process_a_record_is_read_once(tmp_path, own_cache, parses):
    path = write_record("pair", tmp_path / "given")
    assert load.load_record(path).rollcalls.equals(load.load_record(path).rollcalls)
    assert len(parses) == 1
    assert not own_cache.exists()


def test_a_changed_file_is_parsed_anew(tmp_path, parses):
    path = write_record("csv", tmp_path / "given")
    first = load.load_record(path)
    path.write_text(path.read_text().replace("PALESTINE", "palestine"))
    os.utime(path, ns=(1, 1))
    assert load.load_record(path).sha256 != first.sha256
    assert len(parses) == 2


def test_changed_readers_parse_anew_and_drop_the_old_copy(tmp_path, own_cache, parses, monkeypatch):
    path = write_record("csv", tmp_path / "given")
    load.load_record(path)
    forget()
    monkeypatch.setattr(cache, "hash_readers", lambda: "0" * 64)
    load.load_record(path)
    assert len(parses) == 2
    assert [p.name.endswith("0" * 16) for p in (own_cache / "parsed").iterdir()] == [True]


@pytest.mark.parametrize("damage", ["truncate", "swap", "lose"])
def test_a_damaged_copy_is_not_believed(damage, tmp_path, own_cache, parses):
    path = write_record("csv", tmp_path / "given")
    first = load.load_record(path)
    (copy,) = (own_cache / "parsed").iterdir()
    file = copy / "votes.parquet"
    if damage == "truncate":
        file.write_bytes(file.read_bytes()[:1000])
    elif damage == "swap":
        votes = pd.read_parquet(file)
        votes["vote"] = np.roll(votes["vote"], 1)
        votes.to_parquet(file)
    else:
        file.unlink()
    forget()
    again = load.load_record(path)
    assert len(parses) == 2
    pd.testing.assert_frame_equal(first.votes, again.votes)
    forget()
    load.load_record(path)
    assert len(parses) == 2


def test_no_flipped_bit_of_a_copy_changes_a_vote(tmp_path, own_cache, parses):
    path = write_record("csv", tmp_path / "given")
    first = load.load_record(path)
    (copy,) = (own_cache / "parsed").iterdir()
    good = (copy / "votes.parquet").read_bytes()
    positions = range(40, len(good), len(good) // 25)
    for position in positions:
        (copy / "votes.parquet").write_bytes(
            good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]
        )
        forget()
        pd.testing.assert_frame_equal(first.votes, load.load_record(path).votes)
    assert 1 < len(parses) <= 1 + len(positions)


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path, own_cache, parses):
    path = write_record("csv", tmp_path / "given")
    own_cache.write_text("a file where the folder should be")
    assert len(load.load_record(path).votes) == len(VOTES)
    forget()
    load.load_record(path)
    assert len(parses) == 2


def test_a_copy_is_written_whole_or_not_at_all(tmp_path, own_cache, monkeypatch):
    path = write_record("csv", tmp_path / "given")

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(cache.pq, "write_table", full)
    load.load_record(path)
    assert list((own_cache / "parsed").iterdir()) == []


# --- what a record does not tell ---


@pytest.mark.parametrize(
    ("choice", "part"),
    [
        ({"important_only": True}, "does not code importance in sessions 58, 59"),
        ({"issue_flags": "2016"}, "no issue flags of that release"),
        ({"window": 5}, "no roll calls of sessions 55, 56, 57"),
    ],
    ids=str,
)
def test_what_the_digital_library_does_not_tell_is_refused(choice, part, tmp_path):
    with pytest.raises(DataError, match=part):
        load.load_votes(DataSpec(**choice), CASE, write_record("undl", tmp_path / "given"))


def test_derived_issue_areas_are_used_and_said_so(tmp_path):
    path = write_record("undl", tmp_path / "given", made_up_votes(per_session=3))
    every = load.load_votes(DataSpec(), CASE, path)
    assert (every.attrs["issue_source"], every.attrs["match_source"]) == ("derived", "derived")
    assert any("derived from words" in note for note in json.loads(every.attrs["notes"]))
    fewer = load.load_votes(DataSpec(issues_out=("me",)), CASE, path)
    palestine = every["title"].str.contains("Palestine").to_numpy()
    assert 0 < palestine.sum() == every.sizes["item"] - fewer.sizes["item"]
    agenda = load.load_votes(DataSpec(granularity="agenda"), CASE, path)
    assert agenda.attrs["issue_source"] == "derived"
    assert "unknown" not in agenda["issue"].to_numpy()


def test_without_dates_only_sessions_that_were_over_are_sure(tmp_path):
    path = write_votes_only(tmp_path)
    with pytest.raises(DataError, match="have no date"):
        load.load_votes(DataSpec(), CASE, path)
    with pytest.raises(DataError, match="have no date"):
        load.load_votes(DataSpec(), replace(CASE, votes_until="2005-09-30"), path)
    data = load.load_votes(DataSpec(), replace(CASE, votes_until="2005-10-01"), path)
    assert set(data["session"].to_numpy()) == {58, 59}
    assert set(data["issue"].to_numpy()) == {"unknown"}
    assert data.attrs["issue_source"] == "none"
    assert any("paragraphs and amendments are not marked" in note for note in json.loads(data.attrs["notes"]))


@pytest.mark.parametrize(
    "choice", [{"issues_in": ("me",)}, {"issues_out": ("other",)}, {"granularity": "agenda"}], ids=str
)
def test_unknown_issue_areas_are_not_made_up(choice, tmp_path):
    case = replace(CASE, votes_until="2005-12-31")
    with pytest.raises(DataError, match=r"\d+ roll calls have none, coded or derived"):
        load.load_votes(DataSpec(**choice), case, write_votes_only(tmp_path))


def test_importance_of_a_session_that_is_not_coded(tmp_path):
    table = dataverse_rows(VOTES)
    table.loc[table["session"] == 59, "importantvote"] = ""
    table.loc[table["rcid"] == 1001, "importantvote"] = 1
    path = write(tmp_path / "votes.csv", table_text(table, ","))
    with pytest.raises(DataError, match="does not code importance in sessions 59"):
        load.load_votes(DataSpec(important_only=True), CASE, path)
    coded = load.load_votes(DataSpec(important_only=True, window=1), replace(CASE, last_session=58), path)
    assert coded["item"].to_numpy().tolist() == [1001]


# --- the whole record ---


@needs_shared
def test_the_record_runs_from_1946_to_2026():
    whole = load.load_record()
    assert sorted(whole.rollcalls["session"].unique()) == list(range(1, 81))
    assert len(whole.rollcalls) == 6203 + 640
    assert list(whole.files) == [
        "rollcalls.parquet",
        "votes.parquet",
        "extra_dgacm_rollcalls_74_80.csv",
        "extra_dgacm_votes_74_80.parquet",
    ]
    assert load.load_record(sessions=(60, 61)).rollcalls["session"].unique().tolist() == [60, 61]


@needs_shared
def test_a_release_that_ends_early_is_continued(tmp_path):
    path = write_record("csv", tmp_path / "given", made_up_votes(sessions=(73,), per_session=12))
    late = load.load_record(path, (73, 80))
    assert sorted(late.rollcalls["session"].unique()) == list(range(73, 81))
    assert set(load.load_record(path, (73, 73)).files) == {"UNVotes.csv"}


@needs_shared
def test_a_gap_is_not_jumped(tmp_path):
    path = write_record("csv", tmp_path / "given")
    assert sorted(load.load_record(path).rollcalls["session"].unique()) == [58, 59]


@needs_shared
def test_a_window_after_session_74():
    case = replace(IRAQ, first_session=73, last_session=77, votes_until="2022-12-31")
    data = load.load_votes(DataSpec(), case)
    assert set(data["session"].to_numpy()) == {73, 74, 75, 76, 77}
    assert data.attrs["issue_source"] == "coded+derived"
    assert data["date"].max() <= np.datetime64("2022-12-31")
    assert data.sizes["state"] == 193


@pytest.mark.usefixtures("alone")
def test_sessions_that_are_not_there(tmp_path):
    path = write_record("undl", tmp_path / "given")
    with pytest.raises(DataError, match="no roll calls of sessions 70-72; it has 58-59"):
        load.load_record(path, (70, 72))
