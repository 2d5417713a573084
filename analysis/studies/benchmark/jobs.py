"""The commands that users run, and what one of them uses at one commit."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from analysis.studies.benchmark.checkouts import Checkout, CheckoutError
from analysis.studies.benchmark.peers import find_error


@dataclass(frozen=True)
class Job:
    """A command as users run it, and what it finds when it begins.

    Attributes
    ----------
    title : str
        What the user reads.
    command : tuple of str
        What follows ``python -m analysis``. This spelling works at every commit since the first release.
    after_run : bool
        It finds the results of ``run``; otherwise nothing is stored.
    fresh : bool
        It finds neither compiled code nor roll calls, as in a new clone.
    quick : bool
        It has a ``--quick`` version.
    """

    title: str
    command: tuple[str, ...]
    after_run: bool = False
    fresh: bool = False
    quick: bool = True


JOBS = {
    "run": Job("run, nothing stored", ("run",)),
    "stage2": Job(
        "a prior of stage 2 changed, after run",
        ("fit", "--set", "coalition.guarantee_scale=0.5"),
        after_run=True,
    ),
    "stage1": Job(
        "a prior of stage 1 changed, after run",
        ("fit", "--set", "ideal_point.discrimination_scale=2.0"),
        after_run=True,
    ),
    "fresh": Job("run in a fresh clone, nothing compiled", ("run",), fresh=True),
    "grid": Job("every variant, nothing stored", ("sensitivity",), quick=False),
    "dynamic": Job(
        "positions in sessions 1-74, nothing stored", ("dynamic", "--sessions", "1-74"), quick=False
    ),
}
LONG = ("grid", "dynamic")
"""Measured only if they are named: at some commits half an hour each."""


class Use(NamedTuple):
    """What one command used.

    Attributes
    ----------
    processor : float
        Processor time of its whole process tree, user and system, seconds. Child processes count once their
        parent has waited for them, as Dask does for its workers.
    clock : float
        Time by the clock, seconds.
    memory : float
        Peak memory of its largest process, MB.
    """

    processor: float
    clock: float
    memory: float


KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of the operating system's figure for memory."""


def measure_command(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> Use:
    """Run a command to its end, and measure it. Kill it with its children after an error or Ctrl-C.

    Parameters
    ----------
    command : list of str
    folder : Path
        Where it runs.
    environment : dict
        Its environment variables.
    log : Path
        File for what it prints.

    Raises
    ------
    CheckoutError
        If it fails, with the last line that names an error.
    """
    with log.open("w") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        clock = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CheckoutError(find_error(log.read_text(errors="replace"), process.returncode))
    return Use(used.ru_utime + used.ru_stime, clock, used.ru_maxrss * KILOBYTE / 1e6)


def run_job(job: Job, checkout: Checkout, votes: Path | None, *, quick: bool) -> Use:
    """Run one job at one commit, with the store that it should find, and measure it.

    The folder ``checkout.stored`` has the results of ``run``. A job in a fresh clone gets an empty home
    folder for its compiled code. All others share that of the commit.
    """
    shutil.rmtree(checkout.results, ignore_errors=True)
    if job.after_run:
        shutil.copytree(checkout.stored, checkout.results)
    command = [checkout.python, "-m", "analysis", *job.command, *(["--quick"] if quick else [])]
    log = checkout.home / "output.txt"
    if not job.fresh:
        return measure_command(command, checkout.folder, checkout.environment(checkout.home, votes), log)
    with tempfile.TemporaryDirectory(prefix="home-", dir=checkout.home.parent) as empty:
        return measure_command(command, checkout.folder, checkout.environment(Path(empty), None), log)
