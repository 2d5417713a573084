"""Positions go out with codes, and are compared with what others have published."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from analysis.commands.data import data_app
from analysis.studies.dynamic.agreement import compare_positions
from analysis.studies.dynamic.export import LABELS, build_export, write_export
from analysis.studies.dynamic.summary import summarize_positions
from data.load import DataError

STATES = ("USA", "CHN", "RUS", "DEU", "DDR", "YUG", "YEM", "FRA", "GBR", "CAN", "IND", "BRA", "MEX", "EGY")


@pytest.fixture
def folder(tmp_path):
    """Made-up draws of positions in sessions 44 and 46, and the table that ``sfl dynamic`` makes of them."""
    labels = [f"{state}-{session}" for session in (44, 46) for state in STATES]
    draws = np.random.default_rng(1).normal(size=(2, 50, len(labels)))
    points = xr.DataArray(draws, dims=("chain", "draw", "position"), coords={"position": labels})
    posterior = xr.Dataset({"ideal_point": points})
    votes = xr.Dataset(
        {"counts": (("item", "state", "response"), np.ones((2, len(STATES), 3), dtype=int))},
        {"state": list(STATES), "session": ("item", [44, 46])},
    )
    summarize_positions(posterior, votes).to_csv(tmp_path / "dynamic_ideal_points.csv", index=False)
    xr.DataTree.from_dict({"posterior": posterior}).to_netcdf(
        tmp_path / "dynamic_ideal_points.nc", engine="h5netcdf"
    )
    return tmp_path


def test_codes_are_those_of_the_session(folder):
    table = build_export("USA", "session", folder)[0].set_index(["iso3", "session"])
    assert table.loc[("DEU", 44), ["cow", "m49"]].tolist() == [260, 280]
    assert table.loc[("DEU", 46), ["cow", "m49"]].tolist() == [255, 276]
    assert table.loc[("YEM", 44), "cow"] == 678
    assert table.loc[("RUS", 44), "m49"] == 810
    assert table.loc[("DDR", 44), ["cow", "m49"]].tolist() == [265, 278]
    assert table.loc[("YUG", 44), ["cow", "m49"]].tolist() == [345, 890]


@pytest.mark.parametrize("reference", ["CHN", "China", "710"])
def test_alignment_with_any_state_is_taken_within_draws(reference, folder):
    table, remark = build_export(reference, "session", folder)
    assert not remark
    tree = xr.open_datatree(folder / "dynamic_ideal_points.nc")
    points = tree["posterior"]["ideal_point"].stack(sample=("chain", "draw"))
    gap = (points.sel(position="FRA-46") - points.sel(position="CHN-46")).values
    row = table[(table["iso3"] == "FRA") & (table["session"] == 46)].iloc[0]
    assert row["alignment_mean"] == pytest.approx(gap.mean())
    assert row["alignment_lower"] == pytest.approx(np.quantile(gap, 0.05))
    assert (table["reference"] == "CHN").all()


def test_without_draws_only_means_are_told(folder):
    (folder / "dynamic_ideal_points.nc").unlink()
    table, remark = build_export("RUS", "year", folder)
    assert "need the draws" in remark
    assert table["alignment_sd"].isna().all()
    assert table["alignment_mean"].notna().all()
    assert "session" not in table


@pytest.mark.parametrize("kind", ["csv", "parquet", "dta"])
def test_every_format_holds_the_same_table(kind, folder):
    table, _ = build_export("USA", "session", folder)
    path = folder / f"out.{kind}"
    write_export(table, path)
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "dta": pd.read_stata}[kind](path)
    assert read.columns.tolist() == list(table) == [name for name in LABELS if name in table]
    np.testing.assert_allclose(read["alignment_upper"], table["alignment_upper"])
    assert read["cow"].tolist() == table["cow"].tolist()


def test_published_points_are_compared_and_the_states_that_differ_named(folder):
    ours, _ = build_export("USA", "session", folder)
    theirs = ours[["cow", "session"]].assign(IdealPointAll=-2 * ours["mean"] + 1)
    theirs.loc[theirs["cow"] == 220, "IdealPointAll"] += 20
    theirs.rename(columns={"cow": "ccode"}).to_csv(folder / "ip.csv", sep=";", decimal=",", index=False)
    found = compare_positions(folder / "ip.csv", folder=folder)
    assert found.column == "IdealPointAll"
    assert found.states["iso3"].iloc[0] == "FRA"
    assert found.sessions["states"].tolist() == [14, 14]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["export", "out.xlsx"], "the ending must be one of"),
        (["export", "out.csv", "--reference", "Atlantis"], "no member"),
        (["export", "out.csv", "--by", "month"], "session or year"),
        (["agreement", "nowhere.csv"], "no such file"),
    ],
)
def test_wrong_requests_end_in_one_sentence(arguments, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(data_app, arguments)
    assert done.exit_code == 2
    assert part in " ".join(done.output.split())
    assert not list(tmp_path.iterdir())


def test_no_positions_anywhere(tmp_path):
    with pytest.raises(DataError, match="sfl dynamic"):
        build_export("USA", "session", tmp_path)
