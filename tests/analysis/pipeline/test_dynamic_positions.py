"""Stage 1 from the dynamic model: the right session, standardised, with regions, and no joint model."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.pipeline import dynamic_positions
from analysis.pipeline.dynamic_positions import read_dynamic_fit, take_case_positions
from analysis.pipeline.make import make_dynamic_positions
from analysis.pipeline.plan import plan_stage1
from analysis.posterior.positions import draw_alignment
from analysis.store.files import write_tree
from analysis.variants.table import MAIN, VARIANTS
from data.tables.rules import DataError

DYNAMIC = VARIANTS["window-dynamic"]
LABELS = ["USA-55", "CUB-55", "EGY-55", "USA-57", "CUB-57", "POL-57", "USA-58", "CUB-58", "POL-58", "OLD-40"]


@pytest.fixture
def fit(tmp_path, monkeypatch):
    """Stored draws of four states; Egypt missed the last session, and one state is long gone."""
    rng = np.random.default_rng(1)
    mean = np.array([2.0, -2, -1, 2.2, -2.1, 1, -5, 5, 5, 9])
    draws = mean + rng.normal(0, 0.1, (2, 60, len(LABELS)))
    posterior = xr.Dataset({"ideal_point": (("chain", "draw", "position"), draws)}, {"position": LABELS})
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs = {"convergence": {"max_rhat": 1.001}, "model": "text"}
    path = tmp_path / "dynamic_ideal_points.nc"
    write_tree(tree, path)
    monkeypatch.setattr(dynamic_positions, "DYNAMIC_FIT", path)
    return draws


@pytest.fixture
def votes():
    """The window 53-57 of a case; Chad cast no vote in it that counts."""
    state, region = ["CUB", "EGY", "POL", "USA"], ["South", "Africa", "South", "West"]
    coords = {"state": state, "region": ("state", region), "session": ("item", [53, 55, 57])}
    return xr.Dataset({"counts": (("item", "state"), np.ones((3, 4)))}, coords, {"case": "iraq"})


def test_positions_are_the_last_within_the_window(fit, votes):
    found = take_case_positions(read_dynamic_fit(), votes)
    position = found["ideal_point"].transpose("chain", "draw", "state")
    assert list(position["state"].values) == ["CUB", "EGY", "POL", "USA"]
    picked = fit[..., [4, 2, 5, 3]]
    expected = (picked - picked.mean(-1, keepdims=True)) / picked.std(-1, keepdims=True)
    np.testing.assert_allclose(position.values, expected, rtol=1e-6)
    assert found.attrs["convergence"]["max_rhat"] == 1.001


def test_a_region_of_one_state_has_its_place_and_the_spread_of_all(fit, votes):
    votes = votes.assign_coords(region=("state", ["South", "South", "East", "West"]))
    found = take_case_positions(read_dynamic_fit(), votes)
    position, sd = found["ideal_point"], found["region_sd"]
    south = position.sel(state=["CUB", "EGY"])
    np.testing.assert_allclose(found["region_mean"].sel(region="South"), south.mean("state"))
    square = ((south - south.mean("state")) ** 2).sum("state")
    # Only two of the four states differ from their region's mean.
    np.testing.assert_allclose(sd.sel(region="South"), np.sqrt((square + square / 4) / 2))
    np.testing.assert_allclose(sd.sel(region="West"), np.sqrt(square / 4))


def test_stage2_takes_them_like_those_of_a_window(fit, votes):
    task = plan_stage1(DYNAMIC, votes)
    assert task.key != plan_stage1(MAIN, votes).key
    tree = make_dynamic_positions(task.data, [], DYNAMIC)
    assert tree.attrs["convergence"] == {"max_rhat": 1.001}
    panel = xr.Dataset(
        {"included": (("case", "state"), np.ones((1, 5), bool))},
        {
            "case": ["iraq"],
            "state": ["CUB", "EGY", "POL", "TCD", "USA"],
            "region": ("state", ["South", "Africa", "South", "Africa", "West"]),
        },
    )
    variant = replace(DYNAMIC, run=replace(DYNAMIC.run, stage1_draws=100))
    alignment = draw_alignment({"iraq": tree}, panel, variant)
    assert alignment.sizes == {"refit": 100, "case": 1, "state": 5}
    assert not alignment.isnull().any()
    spread = alignment.std("refit").sel(case="iraq")
    assert spread.sel(state="TCD") > 3 * spread.sel(state="EGY"), "a state without votes is hardly known"


def test_what_cannot_be_is_refused(fit, votes, tmp_path, monkeypatch):
    later = votes.assign_coords(session=("item", [57, 58, 59]))
    with pytest.raises(DataError, match="ends with session 58, the case with 59"):
        take_case_positions(read_dynamic_fit(), later)
    monkeypatch.setattr(dynamic_positions, "DYNAMIC_FIT", tmp_path / "nothing.nc")
    with pytest.raises(DataError, match="sfl dynamic"):
        plan_stage1(DYNAMIC, votes)
    with pytest.raises(ValueError, match="joint"):
        replace(DYNAMIC, propagation="joint")
