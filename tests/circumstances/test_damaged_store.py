"""A store damaged in twenty ways, and one whose process is killed at twenty moments, heals."""

import itertools
import json
import os
import shutil
import signal
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from support.of_store import make_tree

from analysis.store import damage
from analysis.store import task as tasks
from analysis.store.files import atomic_folder, restore_folder
from analysis.store.store import Store, load_or_make
from analysis.store.task import Task


def make_fit(data, fits, settings, cores=1, progress=None):
    return make_tree()


def make_table(data, fits, settings, cores=1, progress=None):
    return pd.DataFrame({"x": [0.5, float("nan")], "name": ["a", None]})


FIT = Task("fit", "fit", make_fit, None, None, {"n": 1}, {"data": "{}"})
OTHER = Task("fit", "other", make_fit, None, None, {"n": 2}, {"data": "{}"})
TABLE = Task("table", "table", make_table, None, None, {"n": 1}, {"data": "{}"}, (FIT,))


@pytest.fixture(autouse=True)
def code(monkeypatch):
    monkeypatch.setattr(tasks, "hash_code", lambda make: {make.__name__: "1"})


def make_all(folder: Path) -> list[bool]:
    """Make or read all three results, check them, and return which were read."""
    store, reused = Store(folder), []
    for task in (FIT, OTHER):
        tree, was_there = load_or_make(task, store)
        xr.testing.assert_equal(tree["posterior"].dataset, make_tree()["posterior"].dataset)
        reused.append(was_there)
    table, was_there = load_or_make(TABLE, store)
    pd.testing.assert_frame_equal(table, make_table(None, None, None), check_dtype=False)
    return [*reused, was_there]


def flip(path: Path, share: float) -> None:
    raw = bytearray(path.read_bytes())
    raw[int(share * (len(raw) - 1))] ^= 0x01
    path.write_bytes(raw)


def keep(path: Path, share: float) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])


def replace_by_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


DAMAGES = {
    "record empty": lambda fit, record, other: record.write_bytes(b""),
    "record halved": lambda fit, record, other: keep(record, 0.5),
    "record without its last byte": lambda fit, record, other: keep(record, 0.99),
    "record with a changed byte": lambda fit, record, other: flip(record, 0.4),
    "record with a changed number": lambda fit, record, other: edit(record, seconds=99),
    "record of a failure": lambda fit, record, other: edit(record, status="failed"),
    "record is another JSON": lambda fit, record, other: record.write_text("[1]"),
    "record is null": lambda fit, record, other: record.write_text("null"),
    "record is no text": lambda fit, record, other: record.write_bytes(b"\xff\xfe\x00\x80"),
    "record is zeros": lambda fit, record, other: record.write_bytes(bytes(record.stat().st_size)),
    "record is a folder": lambda fit, record, other: replace_by_folder(record),
    "record is a broken link": lambda fit, record, other: link_to_nothing(record),
    "record of another fit": lambda fit, record, other: shutil.copy(other, record),
    "record lost": lambda fit, record, other: record.unlink(),
    "fit empty": lambda fit, record, other: fit.write_bytes(b""),
    "fit halved": lambda fit, record, other: keep(fit, 0.5),
    "fit without its last byte": lambda fit, record, other: keep(fit, 0.9999),
    "fit with a changed byte": lambda fit, record, other: flip(fit, 0.9),
    "fit is zeros": lambda fit, record, other: fit.write_bytes(bytes(fit.stat().st_size)),
    "fit is a web page": lambda fit, record, other: fit.write_text("<html>"),
    "fit is a folder": lambda fit, record, other: replace_by_folder(fit),
    "fit lost": lambda fit, record, other: fit.unlink(),
    "both lost": lambda fit, record, other: [fit.unlink(), record.unlink()],
}


@pytest.mark.parametrize("how", DAMAGES)
def test_what_is_damaged_is_made_anew_and_told(tmp_path, how, caplog):
    assert make_all(tmp_path) == [False, False, False]
    assert make_all(tmp_path) == [True, True, True]
    store = Store(tmp_path)
    DAMAGES[how](store.path(FIT.key), store.path(FIT.key, ".json"), store.path(OTHER.key, ".json"))
    assert store.find(FIT) is None
    assert make_all(tmp_path) == [False, True, True]
    assert make_all(tmp_path) == [True, True, True]
    if how not in ("record lost", "both lost", "record is a broken link"):
        assert FIT.key in caplog.text
        assert "made anew" in caplog.text


@pytest.mark.parametrize("how", ["record with a changed number", "record halved", "record lost"])
def test_a_damaged_table_is_made_anew(tmp_path, how):
    make_all(tmp_path)
    record = Store(tmp_path).path(TABLE.key, ".json")
    if "changed" in how:
        record.write_text(record.read_text().replace("0.5", "0.6"))
    else:
        DAMAGES[how](None, record, None)
    assert make_all(tmp_path) == [True, True, False]


def test_a_store_from_before_there_were_hashes_is_believed(tmp_path):
    make_all(tmp_path)
    for path in tmp_path.glob("*.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({k: v for k, v in record.items() if k not in ("check", "fit", "key")}))
    damage._judge_fit.cache_clear()
    assert make_all(tmp_path) == [True, True, True]
    keep(Store(tmp_path).path(FIT.key), 0.6)
    assert make_all(tmp_path) == [False, True, True]


def test_records_that_cannot_be_read_are_left_out(tmp_path):
    make_all(tmp_path)
    keep(Store(tmp_path).path(FIT.key, ".json"), 0.5)
    assert len(Store(tmp_path).records("fit")) == 1


STEPS = ("write_bytes", "write_text", "chmod")
"""What a process does to files; it may die after half of each, and before and after the calls of ``os``."""


def die_at(step: int) -> None:
    """Let this process die at a step of saving."""
    steps = itertools.count(1)

    def perhaps_die():
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(path, content, encoding=None):
        content = content.encode(encoding) if encoding else content
        with path.open("wb", buffering=0) as file:
            file.write(content[: len(content) // 2])
            perhaps_die()
            file.write(content[len(content) // 2 :])

    def interrupt(call):
        def called(*given, **named):
            perhaps_die()
            return call(*given, **named)

        return called

    Path.write_bytes = Path.write_text = write
    for name in ("replace", "fsync"):
        setattr(os, name, interrupt(getattr(os, name)))
    Path.rename = interrupt(Path.rename)


def run_killed(job, step: int) -> bool:
    """Run a job in a fork that dies at a step; return whether it died."""
    child = os.fork()
    if child == 0:
        try:
            die_at(step)
            job()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_store_whose_process_is_killed_at_any_moment_heals(tmp_path):
    died = 0
    for step in range(1, 31):
        folder = tmp_path / str(step)
        died += run_killed(lambda folder=folder: make_all(folder), step)
        make_all(folder)
        assert make_all(folder) == [True, True, True]
    assert died >= 20


def save(target: Path, text: str) -> None:
    with atomic_folder(target) as work:
        for name in ("effects.csv", "run.json"):
            (work / name).write_text(text, encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_results_are_the_old_or_the_new_ones_at_any_moment(tmp_path):
    seen = []
    for step in range(1, 13):
        target = tmp_path / str(step) / "main"
        save(target, "old")
        died = run_killed(lambda target=target: save(target, "new"), step)
        restore_folder(target)
        texts = {(target / name).read_text() for name in ("effects.csv", "run.json")}
        assert len(texts) == 1
        seen.append((died, *texts))
        save(target, "newer")
        assert (target / "run.json").read_text() == "newer"
    assert {(True, "old"), (True, "new"), (False, "new")} >= set(seen) >= {(True, "old"), (False, "new")}
