"""Many tasks on a Dask cluster: one of this machine's own, or any that the user has."""

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
"""Largest piece of free memory that a worker keeps for what comes next, bytes: glibc allows no more."""


class SchedulerLostError(RuntimeError):
    """The connection to the scheduler broke. What was finished is stored."""


@contextmanager
def connect(scheduler: str | None, workers: int | None) -> Iterator[Client]:
    """A client of the user's scheduler, or of a cluster of this machine's own.

    Parameters
    ----------
    scheduler : str, optional
        Address, as ``tcp://host:8786``.
    workers : int, optional
        Workers of the machine's own cluster; otherwise as many as it has cores.

    Raises
    ------
    SchedulerLostError
        If nobody answers at the address.
    """
    # A worker that compiles does not answer for seconds: that is no reason to give it up. Figures of many
    # variants are no large graph.
    settings = {
        "distributed.scheduler.worker-ttl": "15 minutes",
        "distributed.admin.large-graph-warning-threshold": "1GB",
        "distributed.comm.timeouts.connect": "10s",
        "distributed.admin.low-level-log-length": 0,
        # Workers would write down what they do, a hundred times a second, for a page that nobody opens.
        "distributed.worker.profile.enabled": False,
        # Dask lets workers give memory back at every turn; to get it again takes a fifteenth of all time.
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
            # As the default, it would also lend its locks to every file that xarray writes here.
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


def run_tasks(
    client: Client, tasks: list[Task], store: Store, finished: Callable[[Task, Outcome], None]
) -> None:
    """Make what is not stored, and store it as it comes.

    Parameters
    ----------
    client : Client
        Of the cluster.
    tasks : list of Task
        What is wanted, each after what it needs; all that they need is made or stored.
    store : Store
        Only this process writes to it: workers may be on machines that do not share its disk.
    finished : callable
        Told of each task and what came of it.

    Raises
    ------
    SchedulerLostError
        If the scheduler does not answer any more.
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
            # Dask keeps it for as long as other tasks need it.
            futures.pop(future.key).release()
    except (CommClosedError, CancelledError, FutureCancelledError, TimeoutError) as error:
        raise SchedulerLostError(f"the scheduler does not answer any more: {error}") from error


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
    """What a task made, or why it made nothing.

    What died with its worker before it was fetched is made again, and waited for.
    """
    try:
        return future.result()
    except Exception as error:
        if future.status != "error":
            raise
        if isinstance(error, KilledWorker):
            return Failure(f"its worker died again and again: {error}", lasting=False)
        return Failure(f"{type(error).__name__}: {error}", lasting=False)
