"""A file of new roll calls becomes an update, or one clear sentence."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from support.made_stored import LAST, make_posterior, make_record

from analysis.commands.dynamic import parse_again
from analysis.studies.dynamic.update import make
from analysis.studies.dynamic.update.make import make_update, read_new_votes
from data.load import DataError
from models.spec import DynamicIdealPointSpec

CODES = ["USA", "CHN", "RUS", "DEU", "FRA", "GBR", "IND", "BRA", "MEX", "EGY", "CAN", "ITA", "ESP", "JPN"]
CODES += ["TUR", "POL", "SWE", "NOR", "DNK", "NLD", "BEL", "ARG", "CHL", "PER", "KEN"]
WORDS = np.array(["nay", "abstain", "yes"])


@pytest.fixture(scope="module")
def world():
    """A made-up fit of sessions 1 to 6 with states' codes, and the answers of session 7."""
    old, new, truth = make_record()
    code = dict(zip(truth["state"].values, CODES, strict=True))
    old, new, truth = (
        part.assign_coords(state=[code[one] for one in part["state"].values]) for part in (old, new, truth)
    )
    counts = new["counts"].values
    answers = pd.DataFrame(
        np.where(counts.any(-1), WORDS[counts.argmax(-1)], "").T,
        index=pd.Index(new["state"].values, name="state"),
        columns=[f"r{k}" for k in range(new.sizes["item"])],
    )
    return old, answers, make_posterior(old, truth)


@pytest.fixture
def folder(world, tmp_path, monkeypatch):
    """Stored fit and a file of new votes."""
    old, answers, posterior = world
    answers.to_csv(tmp_path / "new.csv")
    xr.DataTree.from_dict({"posterior": posterior}).to_netcdf(
        tmp_path / "dynamic_ideal_points.nc", engine="h5netcdf"
    )
    (tmp_path / "dynamic_ideal_points.csv").write_text("state\n")
    record = {"sessions": [1, LAST], "spec": asdict(DynamicIdealPointSpec())}
    (tmp_path / "dynamic_run.json").write_text(json.dumps(record))
    monkeypatch.setattr(make, "load_record_votes", lambda *_: old)
    return tmp_path


def run_update(folder, **given):
    how = {"session": LAST + 1, "again": {}, "codes": None, "on": folder, "votes_path": None}
    return make_update(folder / "new.csv", **how | given, output=folder / "out")


def test_a_new_session_gives_positions_and_roll_calls(folder, world):
    out = run_update(folder)
    table = pd.read_csv(out / "update_positions.csv")
    record = json.loads((out / "update.json").read_text())
    assert set(table.loc[table["session"] == LAST + 1, "state"]) == set(world[1].index)
    assert table.loc[table["session"] == LAST + 1, "shift"].isna().all()
    assert table["session"].min() == record["first_session_moved"] <= LAST
    assert (table["lower"] < table["upper"]).all()
    assert record["fit_serves"] == (record["pareto_k"] <= 0.7)
    assert len(pd.read_csv(out / "update_roll_calls.csv")) == record["roll_calls"]


def test_one_more_roll_call_of_the_last_session_and_a_new_state(folder, world):
    answers = world[1][["r0", "r1"]].rename(index={"KEN": "NGA"})
    answers.to_csv(folder / "new.csv")
    table = pd.read_csv(run_update(folder, session=None) / "update_positions.csv")
    nigeria = table[table["state"] == "NGA"].iloc[0]
    known = table[(table["state"] != "NGA") & (table["session"] == LAST)]
    assert nigeria["session"] == LAST
    assert nigeria["sd"] > known["sd"].median()


def test_a_resolution_put_again_is_the_one_of_the_fit(folder, world):
    old = world[0]
    rcid = int(old["item"].values[-1])
    votes, _ = read_new_votes(folder / "new.csv", LAST + 1, {"R0": rcid}, None, old)
    known = votes["match_group"].values
    assert known[0] == old["match_group"].values[-1]
    assert not set(known[1:]) & set(old["match_group"].values)


@pytest.mark.parametrize(
    ("edit", "again", "message"),
    [
        (lambda x: x.rename(index={"CHN": "Atlantis"}), {}, "Atlantis"),
        (lambda x: x.rename(index={"CHN": "France"}), {}, "more than one row"),
        (lambda x: x.assign(r0="yes")[["r0"]], {}, "nobody differed"),
        (lambda x: x, {"r99": 1}, "no roll call 'r99'"),
        (lambda x: x, {"r0": 10**6}, "no roll call 1000000"),
        (lambda x: x.replace("yes", "perhaps"), {}, "perhaps"),
    ],
)
def test_a_wrong_file_ends_in_one_sentence(edit, again, message, folder, world):
    edit(world[1]).to_csv(folder / "new.csv")
    with pytest.raises(DataError, match=message):
        run_update(folder, again=again)


def test_votes_that_are_not_those_of_the_fit_are_refused(folder, world, monkeypatch):
    monkeypatch.setattr(make, "load_record_votes", lambda *_: world[0].isel(state=slice(1, None)))
    with pytest.raises(DataError, match="not the votes of the fit"):
        run_update(folder)


def test_without_draws_the_command_that_makes_them_is_named(folder):
    (folder / "dynamic_ideal_points.nc").unlink()
    with pytest.raises(DataError, match="sfl dynamic"):
        run_update(folder)


def test_columns_are_told_by_name_and_roll_call():
    assert parse_again(["r1=9101", "a=b=2"]) == {"r1": 9101, "a=b": 2}
    with pytest.raises(ValueError, match="r1=9101"):
        parse_again(["r1"])
