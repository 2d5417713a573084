"""How a worker makes one task. This module imports little, so that workers start fast."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

    from analysis.posterior.effects import Effects


@dataclass(frozen=True)
class Done:
    """The result of a task, and the seconds that it took."""

    result: "xr.DataTree | Effects"
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A task that has no result.

    ``lasting`` is true if the task would fail again, as after a missed gate; false after the death of a
    worker.
    """

    reason: str
    seconds: float = 0.0
    lasting: bool = True


Outcome = Done | Failure


def perform(make: Callable, settings: object, data: object, *needs: Outcome) -> Outcome:
    """Make the result of a task on one core. If a task that it needs failed, return that failure."""
    for need in needs:
        if isinstance(need, Failure):
            return need
    begin = time.perf_counter()
    try:
        result = make(data, [need.result for need in needs], settings, cores=1)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A panic of the sampler is not an Exception, and would end the worker.
        from analysis.fitting.gates import ConvergenceError

        lasting = isinstance(error, ConvergenceError | ValueError)
        reason = str(error) if lasting else f"{type(error).__name__}: {error}"
        return Failure(reason, time.perf_counter() - begin, lasting)
    return Done(result, time.perf_counter() - begin)


def give(value: object) -> object:
    """Return a value unchanged.

    As a task it sends the value to the cluster once, and again if the worker that holds it dies.
    """
    return value
