import json
import multiprocessing

from support.of_store import make_tree

from analysis.store.keys import git_commit, hash_content, hash_dataset, package_versions


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


def test_versions_and_commit_are_known():
    assert json.dumps(package_versions())
    assert {"pymc", "nutpie", "python"} <= set(package_versions())
    assert git_commit()
