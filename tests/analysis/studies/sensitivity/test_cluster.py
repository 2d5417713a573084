"""Faults in a long run on a cluster. Each test uses real processes on this machine."""

import contextlib
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from support import toy_tasks

from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_variant
from analysis.store import task as tasks
from analysis.store.store import Store
from analysis.studies.sensitivity.cluster import SchedulerLostError, connect, run_tasks
from analysis.variants.table import MAIN, REVIEW

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

ROOT = Path(__file__).parents[4]
SEARCHED = f"{ROOT / 'tests'}{os.pathsep}{ROOT}"
"""Folders in which other processes find ``support.toy_tasks`` and the project."""


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(tasks, "hash_code", lambda make: {})
    monkeypatch.setenv("PYTHONPATH", SEARCHED)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the table of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole")
    # What is changed here must be put back, or tests that come later would see keys without code.
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(tasks, "hash_code", lambda make: {})
        changed.setenv("PYTHONPATH", SEARCHED)
        came = toy_tasks.run(folder)
        assert sorted(came) == sorted((t.name, "Done") for t in toy_tasks.list_tasks())
        return toy_tasks.read_table(folder)


def stored(folder):
    return {file.name for file in folder.iterdir() if not file.name.startswith(".")}


def forkserver():
    """Return a context whose processes have the imports of a run already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.toy_tasks", "analysis.studies.sensitivity.cluster"])
    return context


def wait_until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def wait_for(port):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens on port {port}")


def test_one_worker_gives_what_two_give(whole, tmp_path):
    toy_tasks.run(tmp_path, workers=1)
    assert toy_tasks.read_table(tmp_path) == whole


def test_a_killed_worker_costs_nothing_but_time(whole, tmp_path):
    store, came, killed = Store(tmp_path), [], []

    def finished(task, outcome):
        came.append(task.name)
        if len(came) == 3:
            worker = max(client.run(os.getpid).values())
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)

    with connect(None, 2) as client:
        run_tasks(client, toy_tasks.list_tasks(), store, finished)
    assert killed
    assert not psutil.pid_exists(killed[0])
    assert sorted(came) == sorted(t.name for t in toy_tasks.list_tasks())
    assert toy_tasks.read_table(tmp_path) == whole


def test_results_that_die_with_their_worker_before_they_are_fetched_are_made_again(whole, tmp_path):
    store, came, lost = Store(tmp_path), [], []

    def finished(task, outcome):
        came.append(task.name)
        if len(came) == 3:
            waiting = list(client.futures.values())
            wait_until(lambda: all(state.status == "finished" for state in waiting))
            killed, other = client.run(os.getpid).values()
            # Stop the other one for a second, or it would make the results again before the loss is seen.
            os.kill(other, signal.SIGSTOP)
            threading.Timer(1, os.kill, (other, signal.SIGCONT)).start()
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: any(state.status == "lost" for state in waiting))
            lost.extend(state.key for state in waiting if state.status == "lost")

    with connect(None, 2) as client:
        run_tasks(client, toy_tasks.list_tasks(), store, finished)
    assert lost
    assert sorted(came) == sorted(t.name for t in toy_tasks.list_tasks())
    assert toy_tasks.read_table(tmp_path) == whole


def test_a_failure_is_recorded_stops_nothing_and_is_not_tried_again(tmp_path):
    store, outcomes = Store(tmp_path), {}
    wanted = toy_tasks.list_tasks(failing=(2,))
    with connect(None, 2) as client:
        run_tasks(client, wanted, store, lambda task, outcome: outcomes.update({task.name: outcome}))
    failed = {name for name, outcome in outcomes.items() if type(outcome).__name__ == "Failure"}
    assert failed == {"first 2", "second 2", "second 6", "second 10"}
    assert all(store.find(t)["reason"] == "R-hat 1.2" for t in wanted if t.name in failed)
    assert len(outcomes) == len(wanted)


def test_a_killed_scheduler_ends_the_run_with_a_message_and_it_resumes(whole, tmp_path):
    address = "tcp://127.0.0.1:38786"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    command += ["--host", "127.0.0.1", "--port", "38786"]
    scheduler = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    worker = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(38786)
        seen = []

        def kill_soon(task):
            seen.append(task)
            if len(seen) == 4:
                scheduler.kill()

        with pytest.raises(SchedulerLostError, match="scheduler"):
            toy_tasks.run(tmp_path, scheduler=address, report=kill_soon)
    finally:
        scheduler.kill()
        worker.terminate()
        scheduler.wait()
        worker.wait()
    done = len([name for name in stored(tmp_path) if name.endswith(".json")])
    assert 4 <= done < 16
    assert len(toy_tasks.run(tmp_path)) == 16 - done
    assert toy_tasks.read_table(tmp_path) == whole


def test_nobody_at_the_address_is_an_error_that_says_so():
    with (
        pytest.raises(SchedulerLostError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"),
        connect("tcp://127.0.0.1:1", None),
    ):
        pass


def test_a_run_killed_at_ten_steps_of_saving_and_resumed_gives_the_same_table(whole, tmp_path):
    context = forkserver()
    for step in range(1, 11):
        run = context.Process(target=toy_tasks.run_and_die, args=(str(tmp_path), step))
        run.start()
        run.join(timeout=60)
        assert run.exitcode == -signal.SIGKILL, step
    assert 0 < len([name for name in stored(tmp_path) if name.endswith(".json")]) < 16
    toy_tasks.run(tmp_path)
    assert toy_tasks.read_table(tmp_path) == whole


def test_a_run_killed_at_any_moment_and_resumed_gives_the_same_table(whole, tmp_path):
    context = forkserver()
    rng, kills = np.random.default_rng(7), 0
    for _ in range(3):
        run = context.Process(target=toy_tasks.run, args=(str(tmp_path),), kwargs={"workers": 1})
        run.start()
        # Wait for a new result. Otherwise every kill would hit a run that is still starting.
        before, end = len(stored(tmp_path)), time.monotonic() + 60
        while len(stored(tmp_path)) == before and run.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.2))
        kills += run.is_alive()
        run.kill()
        run.join(timeout=60)
    assert kills >= 2
    toy_tasks.run(tmp_path)
    assert toy_tasks.read_table(tmp_path) == whole


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_file(tmp_path):
    store = Store(tmp_path)
    first = toy_tasks.list_tasks()[0]
    tree = toy_tasks.make_first(first.data, [], first.settings)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel refuses to let a file grow, as if the disk were full.
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            store.save(first, tree, 1.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []
    store.save(first, tree, 1.0)
    assert len(stored(tmp_path)) == 2


def test_two_runs_at_once_on_one_folder_leave_it_whole(whole, tmp_path):
    context = forkserver()
    runs = [
        context.Process(target=toy_tasks.run, args=(str(tmp_path),), kwargs={"workers": 1}) for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join(timeout=240)
    assert [run.exitcode for run in runs] == [0, 0]
    assert toy_tasks.read_table(tmp_path) == whole
    assert not [f for f in tmp_path.iterdir() if f.name.startswith(".")]


def test_a_fit_gives_the_same_draws_alone_and_in_a_grid_in_any_order(tmp_path, monkeypatch):
    monkeypatch.undo()
    run = replace(REVIEW, kept_draws=100)
    data = replace(MAIN.data, granularity="agenda")
    main = replace(MAIN, data=data, run=run)
    wide = replace(main, name="wide", coalition=replace(main.coalition, guarantee_scale=2.0))
    panel = load_inputs(main).panel
    wanted = [plan_variant(variant, {}, panel).total for variant in (main, wide)]
    # Two workers and the second task first: the order of compilation is left to chance.
    grid = Store(tmp_path / "grid")
    with connect(None, 2) as client:
        run_tasks(client, wanted[::-1], grid, lambda task, outcome: None)
    alone = wanted[1].make(panel, [], wide, cores=1)["posterior"].dataset
    in_grid = [grid.load(task)["posterior"].dataset for task in wanted]
    assert in_grid[1].equals(alone)
    assert not in_grid[0].equals(alone)
