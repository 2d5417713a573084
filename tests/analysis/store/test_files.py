import pytest
import xarray as xr
from support.of_store import make_tree

from analysis.store.files import atomic_folder, read_tree, write_tree


def test_labels_made_longer_after_reading_are_not_cut(tmp_path):
    path = tmp_path / "fit.nc"
    write_tree(make_tree(), path)
    read = read_tree(path)["posterior"].dataset
    longer = xr.concat([read, read.isel(state=[0]).assign_coords(state=["pooled"])], "state")
    write_tree(xr.DataTree.from_dict({"posterior": longer}), path)
    assert list(read_tree(path)["posterior"]["state"].values) == ["A", "B", "pooled"]


def test_a_tree_comes_back_as_it_went(tmp_path):
    write_tree(make_tree(), tmp_path / "fit.nc")
    back = read_tree(tmp_path / "fit.nc")
    xr.testing.assert_equal(back["posterior"].dataset, make_tree()["posterior"].dataset)
    assert back.attrs["convergence"] == {"max_rhat": 1.001}
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", full)
    with pytest.raises(OSError, match="No space"):
        write_tree(make_tree(), tmp_path / "fit.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_its_place_whole_or_not_at_all(tmp_path):
    target = tmp_path / "main"
    with atomic_folder(target) as work:
        (work / "effects.csv").write_text("old")
        assert not target.exists()

    def fail_half_way():
        with atomic_folder(target) as work:
            (work / "effects.csv").write_text("new")
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert (target / "effects.csv").read_text() == "old"
    with atomic_folder(target) as work:
        (work / "other.csv").write_text("new")
    assert [p.name for p in target.iterdir()] == ["other.csv"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".lock", "main"]
