"""Run many tasks on a Dask cluster: a local one, or the user's own."""

from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dask
from dask.distributed import Client, Future, LocalCluster, as_completed
from distributed.client import FutureCancelledError
from distributed.comm import CommClosedError
from distributed.scheduler import KilledWorker

from analysis.store.store import Store
from analysis.store.task import Task
from analysis.studies.sensitivity.worker import Done, Failure, Outcome, give, perform

LARGEST_KEPT = 1 << 25
"""Largest block of free memory, in bytes, that a worker keeps for reuse. It is the maximum of glibc."""


class SchedulerLostError(RuntimeError):
    """The connection to the scheduler is lost. Finished results are stored."""


@contextmanager
def connect(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """Connect to the user's scheduler, or start a local cluster.

    Parameters
    ----------
    scheduler : str, optional
        Address such as ``tcp://host:8786``. Default: a local cluster.
    workers : int, optional
        Workers of the local cluster. Default: one a core.

    Raises
    ------
    SchedulerLostError
        If no scheduler answers at the address.
    """
    # A worker does not answer while it compiles, which must not count as its death. Data of many variants
    # make a large graph, which needs no warning.
    settings = {
        "distributed.scheduler.worker-ttl": "15 minutes",
        "distributed.admin.large-graph-warning-threshold": "1GB",
        "distributed.comm.timeouts.connect": "10s",
        "distributed.admin.low-level-log-length": 0,
        # The profiler would sample workers a hundred times a second for a dashboard that nobody opens.
        "distributed.worker.profile.enabled": False,
        # By default workers return free memory at once. Getting it again took a fifteenth of all time.
        "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 8 * LARGEST_KEPT,
        "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": LARGEST_KEPT,
    }
    with dask.config.set(settings):
        if scheduler:
            try:
                client = Client(scheduler, timeout="10s", set_as_default=False)
            except (OSError, TimeoutError) as error:
                raise SchedulerLostError(f"no scheduler answers at {scheduler}: {error}") from None
            with client:
                yield client
            return
        own = {"n_workers": workers, "threads_per_worker": 1, "processes": True}
        with (
            LocalCluster(
                **own, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
            ) as cluster,
            # Not the default client, or xarray would take Dask locks for every file it writes.
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


def run_tasks(
    client: Client, tasks: list[Task], store: Store, finished: Callable[[Task, Outcome], None]
) -> None:
    """Make tasks on the cluster, and store each result as it arrives.

    Parameters
    ----------
    client : Client
    tasks : list of Task
        Each after the tasks that it needs. A needed task must be in the list or in the store.
    store : Store
        Only this process writes to it, because workers may not share its disk.
    finished : callable
        Called with each task and its outcome.

    Raises
    ------
    SchedulerLostError
        If the scheduler no longer answers.
    OSError
        If a result cannot be stored.
    """
    futures: dict[str, Future] = {}
    for task in tasks:
        futures[task.key] = _submit(client, task, futures, store)
    pending = {task.key: task for task in tasks}
    try:
        for future in as_completed([futures[key] for key in pending], loop=client.loop):
            task = pending.pop(future.key)
            outcome = _outcome(future)
            if isinstance(outcome, Done):
                store.save(task, outcome.result, outcome.seconds)
            elif outcome.lasting:
                store.save_failure(task, outcome.reason, outcome.seconds)
            finished(task, outcome)
            # Dask keeps the result as long as other tasks need it.
            futures.pop(future.key).release()
    except (CommClosedError, CancelledError, FutureCancelledError, TimeoutError) as error:
        raise SchedulerLostError(f"the scheduler no longer answers: {error}") from error


def _submit(client: Client, task: Task, futures: dict[str, Future], store: Store) -> Future:
    data = client.submit(give, task.data, key=f"data-{task.data_key}")
    needs = []
    for need in task.needs:
        if need.key not in futures:
            stored = Done(store.load(need), 0.0)
            futures[need.key] = client.submit(give, stored, key=f"stored-{need.key}")
        needs.append(futures[need.key])
    return client.submit(perform, task.make, task.settings, data, *needs, key=task.key)


def _outcome(future: Future) -> Outcome:
    """Return the outcome of a task.

    If a worker dies before its result is fetched, Dask makes the result again, and this call waits for it.
    """
    try:
        return future.result()
    except Exception as error:
        if future.status != "error":
            raise
        if isinstance(error, KilledWorker):
            return Failure(f"its worker died repeatedly: {error}", lasting=False)
        return Failure(f"{type(error).__name__}: {error}", lasting=False)
