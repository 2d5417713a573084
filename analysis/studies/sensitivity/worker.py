"""What a worker does with one task. It imports little: a worker is there in a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

    from analysis.posterior.effects import Effects
    from analysis.variants.variant import Variant


@dataclass(frozen=True)
class Done:
    """What a task made, and the seconds that it took."""

    result: "xr.DataTree | Effects"
    seconds: float


@dataclass(frozen=True)
class Failure:
    """Why a task made nothing.

    Attributes
    ----------
    reason : str
    seconds : float
    lasting : bool
        Whether it would fail again: a missed gate would, for seed and code are the same; a dead worker not.
    """

    reason: str
    seconds: float = 0.0
    lasting: bool = True


Outcome = Done | Failure


def perform(make: Callable, variant: "Variant", data: "xr.Dataset", *needs: Outcome) -> Outcome:
    """Make a task's result on a worker, on one core. A failure of what it needs is its own.

    Parameters
    ----------
    make, variant, data
        Of the task.
    *needs : Outcome
        Of the tasks that it needs.
    """
    for need in needs:
        if isinstance(need, Failure):
            return need
    begin = time.perf_counter()
    try:
        result = make(data, [need.result for need in needs], variant, cores=1)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A panic of the sampler is no Exception, and would take the worker down with it.
        from analysis.fitting.gates import ConvergenceError

        lasting = isinstance(error, ConvergenceError | ValueError)
        reason = str(error) if lasting else f"{type(error).__name__}: {error}"
        return Failure(reason, time.perf_counter() - begin, lasting)
    return Done(result, time.perf_counter() - begin)


def give(value: object) -> object:
    """What travels to a worker once and stays there. As a task it comes again if its worker dies."""
    return value
