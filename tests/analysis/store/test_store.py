import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.posterior.effects import Effects
from analysis.store import task as tasks
from analysis.store.keys import package_versions
from analysis.store.store import Store, load_or_make
from analysis.store.task import Task
from analysis.variants.table import MAIN

DATA = xr.Dataset({"x": ("state", [1.0, 2.0])})
made = []


def make_toy(data, fits, variant, cores=1, progress=None):
    made.append(1)
    tree = xr.DataTree.from_dict({"posterior": data})
    tree.attrs["convergence"] = {"max_rhat": 1.001}
    return tree


def fail(data, fits, variant, cores=1, progress=None):
    raise RuntimeError("did not converge")


def task(prior=1.0, make=make_toy, kind="toy"):
    return Task(kind, kind, make, MAIN, DATA, {"prior": prior}, {"data": "{}"})


@pytest.fixture(autouse=True)
def code(monkeypatch):
    monkeypatch.setattr(tasks, "hash_code", lambda make: {make.__name__: "1"})
    made.clear()


def test_a_fit_is_made_once_for_its_content(tmp_path):
    store = Store(tmp_path)
    first = load_or_make(task(), store)
    again = load_or_make(task(), store)
    other = load_or_make(task(2.0), store)
    assert (first[1], again[1], other[1]) == (False, True, False)
    assert len(made) == 2
    xr.testing.assert_equal(first[0]["posterior"].dataset, again[0]["posterior"].dataset)
    assert again[0].attrs["convergence"] == {"max_rhat": 1.001}
    assert store.find(task())["content"]["prior"] == 1.0


def test_changed_code_or_versions_make_a_new_key(monkeypatch):
    keys = [task().key]
    monkeypatch.setattr(tasks, "hash_code", lambda make: {make.__name__: "2"})
    keys.append(task().key)
    monkeypatch.setattr(tasks, "package_versions", lambda: package_versions() | {"nutpie": "99"})
    keys.append(task().key)
    assert len(set(keys)) == 3
    monkeypatch.setattr(
        tasks, "package_versions", lambda: package_versions() | {"nutpie": "99", "pandas": "0"}
    )
    assert task().key == keys[-1]


def test_a_fit_that_fails_is_not_stored(tmp_path):
    with pytest.raises(RuntimeError):
        load_or_make(task(make=fail), Store(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_fit_whose_record_was_not_written_is_made_again(tmp_path):
    store = Store(tmp_path)
    load_or_make(task(), store)
    store.path(task().key, ".json").unlink()
    assert load_or_make(task(), store)[1] is False


def test_a_recorded_failure_does_not_stand_for_a_fit(tmp_path):
    store = Store(tmp_path)
    store.save_failure(task(), "R-hat 1.2", 3.0)
    assert store.find(task())["reason"] == "R-hat 1.2"
    assert load_or_make(task(), store)[1] is False
    assert store.find(task())["status"] == "ok"


def test_effects_come_back_to_the_last_digit(tmp_path):
    table = pd.DataFrame({"quantity": ["ame"], "mean": [np.nextafter(0.1, 1)], "stage1_share": [np.nan]})
    result = Effects(table=table, draws=xr.Dataset(), mediator=xr.Dataset())
    record = Store(tmp_path).save(task(kind="effects"), result, 1.0)
    pd.testing.assert_frame_equal(pd.DataFrame(record["table"]), table, check_exact=True)


def test_a_table_comes_back_to_the_last_digit(tmp_path):
    table = pd.DataFrame({"name": ["a", "b"], "value": [np.nextafter(0.1, 1), np.nan]})
    store = Store(tmp_path)
    store.save(task(kind="table"), table, 1.0)
    pd.testing.assert_frame_equal(store.load(task(kind="table")), table, check_exact=True)


def join(data, fits, settings, cores=1, progress=None):
    made.append("join")
    return xr.DataTree.from_dict({"posterior": fits[0]["posterior"].dataset + 1})


def test_what_a_task_needs_is_made_first_and_is_part_of_its_key(tmp_path):
    def needing(prior):
        return Task("joined", "joined", join, None, None, {}, {}, (task(prior),))

    store, kept = Store(tmp_path), {}
    result, reused = load_or_make(needing(1.0), store, made=kept)
    assert not reused
    assert result["posterior"]["x"].values.tolist() == [2.0, 3.0]
    assert set(kept) == {task().key, needing(1.0).key}
    assert load_or_make(needing(1.0), store)[1]
    assert needing(1.0).key != needing(2.0).key
    load_or_make(needing(2.0), store)
    assert made == [1, "join", 1, "join"]
