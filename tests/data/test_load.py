"""Where votes are looked for, and what happens if there are none."""

import json

import pytest

from data import load
from data.spec import IRAQ, ISIS, DataSpec
from data.tables.rules import DataError
from data.votes import record

CASES = pytest.mark.parametrize("case", [IRAQ, ISIS], ids=lambda case: case.name)


@pytest.fixture
def nothing_found(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "SHARED_DIR", tmp_path)
    monkeypatch.setattr(record, "cache_dir", lambda: tmp_path)
    monkeypatch.delenv(record.VOTES_VARIABLE, raising=False)


@CASES
@pytest.mark.usefixtures("nothing_found")
def test_tallies_stand_in_and_it_is_said(case):
    assert load.find_rollcalls() is None
    data = load.load_votes(DataSpec(), case)
    assert data.attrs["granularity"] == "agenda"
    assert "no roll calls found" in data.attrs["fallback"]
    assert set(json.loads(data.attrs["sha256"])) == {"agenda_tallies.csv", "states.csv"}
    assert data["counts"].sum(("item", "response")).min() >= 1


@CASES
@pytest.mark.usefixtures("nothing_found")
@pytest.mark.parametrize(
    ("choice", "part"),
    [
        ({"granularity": "rollcall"}, "granularity = 'rollcall'"),
        ({"paragraph_votes": True}, "paragraph_votes = True"),
        ({"lopsidedness": 0.1}, "lopsidedness = 0.1"),
        ({"window": 10}, "sessions"),
    ],
    ids=str,
)
def test_what_tallies_cannot_tell_is_refused(case, choice, part):
    with pytest.raises(DataError, match="needs roll calls") as error:
        load.load_votes(DataSpec(**choice), case)
    assert part in str(error.value)


@CASES
@pytest.mark.usefixtures("nothing_found")
def test_what_tallies_can_tell_is_done(case):
    data = load.load_votes(DataSpec(granularity="agenda", window=1, abstention="no"), case)
    assert data.attrs["fallback"] == ""
    assert set(data["session"].to_numpy()) == {case.last_session}
    assert data["counts"].sel(response="abstain").sum() == 0
    assert DataSpec.from_json(data.attrs["spec"]).window == 1


def test_a_folder_that_is_named_must_have_them(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"rollcalls\.parquet"):
        load.find_rollcalls(tmp_path)
    monkeypatch.setenv(record.VOTES_VARIABLE, str(tmp_path))
    with pytest.raises(DataError, match=record.VOTES_VARIABLE):
        load.find_rollcalls()


def test_order_of_places(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("path", "variable", "cache", "beside")]
    for folder in folders:
        folder.mkdir()
        for name in ("rollcalls.parquet", "votes.parquet"):
            (folder / name).write_bytes(b"")
    monkeypatch.setenv(record.VOTES_VARIABLE, str(folders[1]))
    monkeypatch.setattr(record, "cache_dir", lambda: folders[2])
    monkeypatch.setattr(record, "SHARED_DIR", folders[3])
    assert load.find_rollcalls(folders[0]) == folders[0]
    assert load.find_rollcalls() == folders[1]
    monkeypatch.delenv(record.VOTES_VARIABLE)
    assert load.find_rollcalls() == folders[3]
    (folders[3] / "votes.parquet").unlink()
    # What was downloaded never takes the place of tables that work.
    assert load.find_rollcalls() == folders[2]
    with pytest.raises(DataError, match="damaged or truncated parquet"):
        load.load_votes(DataSpec(), IRAQ)
