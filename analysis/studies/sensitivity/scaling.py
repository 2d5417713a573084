"""How long a run takes on any number of workers: a simulation on paper, from the times that tasks took.

``python -m analysis.studies.sensitivity.scaling``, after ``python -m analysis sensitivity``, writes
``analysis/output/published/scaling.csv``.
"""

import heapq
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from dask.distributed import wait

from analysis.pipeline.inputs import Loader
from analysis.pipeline.plan import plan_variant
from analysis.store.files import ROOT, write_table
from analysis.store.store import Store
from analysis.store.task import Task
from analysis.studies.sensitivity.cluster import connect
from analysis.studies.sensitivity.survey import for_review
from analysis.studies.sensitivity.worker import Done, give
from analysis.variants.sampler import derive_seed
from analysis.variants.table import CHOICES, MAIN, build_variant

TARGET = ROOT / "analysis" / "output" / "published" / "scaling.csv"
WORKERS = (1, 2, 10, 30, 100, 300, 1000)

SAMPLE = 60
"""Stored results by which the client's own work is measured."""


@dataclass(frozen=True)
class Overhead:
    """What a run takes besides its tasks, seconds.

    Attributes
    ----------
    start : float
        Until a worker of a new cluster has imported what fits need.
    hand_over : float
        The one client, for each result: it receives and stores them one at a time.
    """

    start: float
    hand_over: float


def measure_overhead(tasks: list[Task], store: Store) -> Overhead:
    """Start a worker and let it hand over results that are stored, as in a run.

    Parameters
    ----------
    tasks : list of Task
        Of all kinds; some of those that are stored are handed over again.
    store : Store
        Where they are.
    """
    stored = [task for task in tasks if task.kind != "effects" and store.find(task)["status"] == "ok"]
    fits = stored[:: max(1, len(stored) // SAMPLE)]
    begin = time.perf_counter()
    with connect(None, 1) as client, tempfile.TemporaryDirectory() as folder:
        # Any function of the fits' modules makes the worker import them.
        client.submit(derive_seed, 0).result()
        start = time.perf_counter() - begin
        futures = [client.submit(give, Done(store.load(task), 0.0), pure=False) for task in fits]
        with client.as_current():
            wait(futures)
        target = Store(Path(folder))
        begin = time.perf_counter()
        for task, future in zip(fits, futures, strict=True):
            target.save(task, future.result().result, 0.0)
        return Overhead(start, (time.perf_counter() - begin) / len(fits))


def simulate_run(tasks: list[Task], seconds: dict[str, float], workers: int, overhead: Overhead) -> float:
    """Wall time of a run in which a free worker takes the first task whose needs are there.

    Parameters
    ----------
    tasks : list of Task
        Each after what it needs.
    seconds : dict of str to float
        Time of a task on one core, by key.
    workers : int
        One core each.
    overhead : Overhead

    Returns
    -------
    float
        Seconds, start of the workers and the client's work included.
    """
    order = {task.key: place for place, task in enumerate(tasks)}
    waiting = {task.key: sum(need.key in order for need in task.needs) for task in tasks}
    wanted_by = {key: [] for key in order}
    for task in tasks:
        for need in task.needs:
            if need.key in order:
                wanted_by[need.key].append(task.key)
    ready = [(order[key], key) for key, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    running, now, client, free = [], overhead.start, overhead.start, workers
    while ready or running:
        while ready and free:
            _, key = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[key], key))
            free -= 1
        now, key = heapq.heappop(running)
        free += 1
        client = max(client, now) + overhead.hand_over
        for later in wanted_by[key]:
            waiting[later] -= 1
            if not waiting[later]:
                heapq.heappush(ready, (order[later], later))
    return max(now, client)


def tabulate_workers(tasks: list[Task], seconds: dict[str, float], overhead: Overhead) -> pd.DataFrame:
    """Time, gain and efficiency of a run by the number of its workers.

    Parameters
    ----------
    tasks, seconds, overhead
        As in ``simulate_run``.

    Returns
    -------
    pd.DataFrame
        ``workers, seconds, times_faster, efficiency`` (0 to 1), both against one worker.
    """
    alone = simulate_run(tasks, seconds, 1, overhead)
    taken = [simulate_run(tasks, seconds, workers, overhead) for workers in WORKERS]
    table = pd.DataFrame({"workers": WORKERS, "seconds": taken})
    table["times_faster"] = alone / table["seconds"]
    table["efficiency"] = table["times_faster"] / table["workers"]
    return table


def find_longest_chain(tasks: list[Task], seconds: dict[str, float]) -> float:
    """Seconds of the longest chain of tasks that need each other: no number of workers beats it."""
    ready = {}
    for task in tasks:
        before = [ready[need.key] for need in task.needs if need.key in ready]
        ready[task.key] = seconds[task.key] + max(before, default=0.0)
    return max(ready.values())


def list_measured(store: Store) -> tuple[list[Task], dict[str, float]]:
    """Every task of the one-at-a-time variants that is stored, and the seconds that it took on one core."""
    loader, tasks, seconds = Loader(None), {}, {}
    for variant in [MAIN, *map(build_variant, CHOICES)]:
        reviewed = for_review(variant)
        inputs = loader.load(reviewed)
        for task in plan_variant(reviewed, inputs.votes, inputs.panel).tasks:
            record = store.find(task)
            if record:
                tasks[task.key], seconds[task.key] = task, record["seconds"]
    return list(tasks.values()), seconds


if __name__ == "__main__":
    store = Store()
    measured, taken = list_measured(store)
    if not measured:
        raise SystemExit("nothing is stored: run python -m analysis sensitivity before")
    cost = measure_overhead(measured, store)
    table = tabulate_workers(measured, taken, cost)
    write_table(table.round(3), TARGET)
    print(table.round(2).to_string(index=False))
    print(
        f"{len(measured)} tasks, {sum(taken.values()):.0f} s of one core; longest chain "
        f"{find_longest_chain(measured, taken):.0f} s. A worker is there after {cost.start:.1f} s; the "
        f"client takes {1e3 * cost.hand_over:.0f} ms for a result, "
        f"{cost.hand_over * len(measured):.0f} s in all. Wrote {TARGET.relative_to(ROOT)}"
    )
