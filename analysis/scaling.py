"""How long a run takes on any number of workers: a simulation on paper, from the times that tasks took."""

import heapq

from analysis.tasks import Task

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
