"""How long a run takes on any number of workers: a simulation on paper, from the times that tasks took.

``python -m analysis.scaling``, after ``python -m analysis sensitivity``, writes
``analysis/output/published/scaling.csv``.
"""

import heapq

import pandas as pd

from analysis.results import ROOT, write_table
from analysis.sensitivity import Loader, for_review
from analysis.store import Store
from analysis.tasks import Task, plan_variant
from analysis.variants import CHOICES, MAIN, build_variant

TARGET = ROOT / "analysis" / "output" / "published" / "scaling.csv"
WORKERS = (1, 2, 10, 30, 100, 300, 1000)

START = 12.0
"""Seconds until a worker has imported what fits need and found compiled code: assumed, not yet measured."""

HAND_OVER = 0.05
"""Seconds of the one client for each result, which it stores one at a time: assumed, not yet measured."""


def simulate_run(tasks: list[Task], seconds: dict[str, float], workers: int) -> float:
    """Wall time of a run in which a free worker takes the first task whose needs are there.

    Parameters
    ----------
    tasks : list of Task
        Each after what it needs.
    seconds : dict of str to float
        Time of a task on one core, by key.
    workers : int
        One core each.

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
    running, now, client, free = [], START, START, workers
    while ready or running:
        while ready and free:
            _, key = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[key], key))
            free -= 1
        now, key = heapq.heappop(running)
        free += 1
        client = max(client, now) + HAND_OVER
        for later in wanted_by[key]:
            waiting[later] -= 1
            if not waiting[later]:
                heapq.heappush(ready, (order[later], later))
    return max(now, client)


def tabulate_workers(tasks: list[Task], seconds: dict[str, float]) -> pd.DataFrame:
    """Time, gain and efficiency of a run by the number of its workers.

    Parameters
    ----------
    tasks, seconds
        As in ``simulate_run``.

    Returns
    -------
    pd.DataFrame
        ``workers, seconds, times_faster, efficiency`` (0 to 1), both against one worker.
    """
    alone = simulate_run(tasks, seconds, 1)
    taken = [simulate_run(tasks, seconds, workers) for workers in WORKERS]
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
    measured, taken = list_measured(Store())
    if not measured:
        raise SystemExit("nothing is stored: run python -m analysis sensitivity before")
    table = tabulate_workers(measured, taken)
    write_table(table.round(3), TARGET)
    print(table.round(2).to_string(index=False))
    print(
        f"{len(measured)} tasks, {sum(taken.values()):.0f} s of one core; longest chain "
        f"{find_longest_chain(measured, taken):.0f} s; the client alone {HAND_OVER * len(measured):.0f} s; "
        f"wrote {TARGET.relative_to(ROOT)}"
    )
