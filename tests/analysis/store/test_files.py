import json
import multiprocessing

import numpy as np
import pytest
import xarray as xr

from analysis.store import files as results
from analysis.store.files import atomic_folder, load_or_fit, read_tree, write_tree
from analysis.store.keys import hash_content, hash_dataset, package_versions


def make_tree():
    posterior = xr.Dataset(
        {"x": (("chain", "draw", "state"), np.arange(12.0).reshape(2, 3, 2))}, {"state": ["A", "B"]}
    )
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs["convergence"] = {"max_rhat": 1.001}
    return tree


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


def test_equal_content_has_equal_hashes():
    assert hash_content({"a": 1, "b": (2.0,)}) == hash_content({"b": [2.0], "a": 1})
    assert hash_content({"a": 1}) != hash_content({"a": 2})
    data = make_tree()["posterior"].to_dataset()
    assert hash_dataset(data) == hash_dataset(data.assign_attrs(note="attributes do not count"))
    assert hash_dataset(data) != hash_dataset(data + 1)
    assert hash_dataset(data) != hash_dataset(data.assign_coords(state=["A", "C"]))


def _hash_in_child(queue):
    queue.put(hash_dataset(make_tree()["posterior"].to_dataset()))


def test_hashes_do_not_depend_on_the_process():
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=_hash_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=120) == hash_dataset(make_tree()["posterior"].to_dataset())
    child.join()


def test_a_fit_is_made_once_for_its_content(tmp_path):
    made = []

    def fit():
        made.append(1)
        return make_tree()

    first = load_or_fit("toy", {"prior": 1.0}, fit, tmp_path)
    again = load_or_fit("toy", {"prior": 1.0}, fit, tmp_path)
    other = load_or_fit("toy", {"prior": 2.0}, fit, tmp_path)
    assert (first[2], again[2], other[2]) == (False, True, False)
    assert len(made) == 2
    xr.testing.assert_equal(first[0]["posterior"].dataset, again[0]["posterior"].dataset)


def test_changed_code_or_versions_make_a_new_fit(tmp_path, monkeypatch):
    paths = [load_or_fit("toy", {}, make_tree, tmp_path)[1]]
    monkeypatch.setattr(results, "hash_code", lambda: "other code")
    paths.append(load_or_fit("toy", {}, make_tree, tmp_path)[1])
    monkeypatch.setattr(results, "package_versions", lambda: package_versions() | {"nutpie": "99"})
    paths.append(load_or_fit("toy", {}, make_tree, tmp_path)[1])
    assert len(set(paths)) == 3


def test_a_fit_that_fails_is_not_stored(tmp_path):
    def fail():
        raise RuntimeError("did not converge")

    with pytest.raises(RuntimeError):
        load_or_fit("toy", {}, fail, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_versions_and_commit_are_known():
    assert json.dumps(package_versions())
    assert {"pymc", "nutpie", "python"} <= set(package_versions())
    assert results.git_commit()
