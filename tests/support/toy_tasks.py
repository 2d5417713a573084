"""A small grid of tasks for tests of the cluster, with real files and processes but fits that take no time.

Twelve second tasks share four first ones, as variants share stage 1.
"""

import itertools
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import xarray as xr

SECONDS = 0.15


def make_first(data, fits, settings, cores=1, progress=None):
    time.sleep(SECONDS)
    draws = np.random.default_rng(settings.seed).normal(size=200) + data["x"].values.mean()
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset({"x": ("draw", draws)})})
    tree.attrs["convergence"] = {"max_rhat": 1.0}
    return tree


def make_second(data, fits, settings, cores=1, progress=None):
    tree = make_first(data, fits, settings)
    tree["posterior"] = xr.DataTree(tree["posterior"].dataset + fits[0]["posterior"].dataset.mean())
    return tree


def fail(data, fits, settings, cores=1, progress=None):
    raise ValueError("R-hat 1.2")


def list_tasks(n_second=12, failing=()):
    """List the tasks, each after the task that it needs."""
    from analysis.store.task import Task

    data = xr.Dataset({"x": ("state", [1.0, 2.0])})
    firsts = [
        Task(
            "first",
            f"first {n}",
            fail if n in failing else make_first,
            SimpleNamespace(seed=n),
            data,
            _what(n),
            {},
        )
        for n in range(4)
    ]
    return firsts + [
        Task(
            *("second", f"second {n}", make_second, SimpleNamespace(seed=100 + n), data),
            *(_what(n), {}, (firsts[n % 4],)),
        )
        for n in range(n_second)
    ]


def _what(n):
    return {"number": n, "panel": "toy"}


def run(folder, *, workers=2, scheduler=None, report=None):
    """Make what is missing in a folder. Return name and outcome of each task in the order of arrival."""
    from analysis.store import task as tasks
    from analysis.store.store import Store
    from analysis.studies.sensitivity.cluster import connect, run_tasks

    tasks.hash_code = lambda make: {}
    store, came = Store(Path(folder)), []

    def finished(task, outcome):
        came.append((task.name, type(outcome).__name__))
        if report:
            report(task)

    missing = [task for task in list_tasks() if store.find(task) is None]
    with connect(scheduler, workers) as client:
        run_tasks(client, missing, store, finished)
    return came


def run_and_die(folder, step):
    """Run, and die at a step of saving: in the middle of writing a file, or before it is put in its place."""
    from analysis.studies.sensitivity import cluster

    steps, replace, make_cluster = itertools.count(1), os.replace, cluster.LocalCluster

    def die():
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(path, content, encoding=None):
        content = content.encode(encoding) if encoding else content
        with path.open("wb", buffering=0) as file:
            file.write(content[: len(content) // 2])
            die()
            file.write(content[len(content) // 2 :])

    def put_in_place(*paths):
        die()
        replace(*paths)

    Path.write_bytes = Path.write_text = write
    os.replace = put_in_place
    # A worker in a thread starts faster, and only this process writes.
    cluster.LocalCluster = lambda **how: make_cluster(**how | {"processes": False, "host": None})
    run(folder, workers=1)


def read_table(folder):
    """Return all stored results as one text without timings."""
    from analysis.store.store import Store

    store = Store(Path(folder))
    lines = []
    for task in list_tasks():
        draws = store.load(task)["posterior"]["x"].values
        lines.append(f"{task.name},{draws.mean()!r},{draws.std()!r}")
    return "\n".join(lines)
