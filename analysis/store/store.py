"""The store of results. Each is made once and found again under its key."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.store.damage import DamagedError, check_fit, read_record, write_record
from analysis.store.files import RESULTS, hash_file, read_tree, write_tree
from analysis.store.task import Task
from analysis.variants.sampler import CORES

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """A folder of results, which several runs may use at once.

    Files are written completely or not at all. If two runs make the same fit at once, both write the same
    file.

    Attributes
    ----------
    folder : Path
    """

    folder: Path = RESULTS / ".fits"

    def path(self, key: str, suffix: str = ".nc") -> Path:
        """Return the file of a fit or, with the suffix ``.json``, of its record."""
        return self.folder / f"{key}{suffix}"

    def find(self, task: Task) -> dict | None:
        """Return the record of a task, or None if it never ran or its files are damaged, which is told.

        Returns
        -------
        dict or None
            ``status`` (``ok`` or ``failed``), ``reason`` of a failure, ``seconds``, the task's ``content``
            and ``about``, and ``convergence`` of a fit or the ``table`` of another result.
        """
        return self.read(task.key)

    def read(self, key: str) -> dict | None:
        """Return the record of a key; see ``find``."""
        try:
            record = read_record(self.path(key, ".json"))
            if record["status"] == "ok" and "table" not in record:
                check_fit(self.path(key), record.get("fit"))
        except FileNotFoundError as error:
            if self.path(key, ".json").exists():
                LOG.warning("The stored result %s has lost %s. It is made anew.", key, error.filename)
            return None
        except DamagedError as error:
            LOG.warning("The stored result %s is damaged (%s). It is made anew.", key, error)
            return None
        return record

    def load(self, task: Task) -> xr.DataTree | pd.DataFrame:
        """Read a stored result: a table from its record, a fit from its file."""
        record = self.find(task)
        return pd.DataFrame(record["table"]) if "table" in record else read_tree(self.path(task.key))

    def save(self, task: Task, result: object, seconds: float) -> dict:
        """Store the result of a task. Its record is written last, and returned."""
        record = self._describe(task, seconds) | {"status": "ok"}
        if isinstance(result, xr.DataTree):
            write_tree(result, self.path(task.key))
            record["fit"] = hash_file(self.path(task.key))
            record["convergence"] = result.attrs.get("convergence", {})
        else:
            record["table"] = getattr(result, "table", result).to_dict(orient="list")
        write_record(record, self.path(task.key, ".json"))
        return record

    def save_failure(self, task: Task, reason: str, seconds: float) -> dict:
        """Store that a fit does not converge. The same seed and code would fail again."""
        record = self._describe(task, seconds) | {"status": "failed", "reason": reason}
        write_record(record, self.path(task.key, ".json"))
        return record

    def _describe(self, task: Task, seconds: float) -> dict:
        return {"content": task.whole, "about": task.about, "seconds": round(seconds, 2)}

    def records(self, kind: str) -> list[dict]:
        """Return the records of all stored results of a kind, without damaged ones."""
        found = []
        for file in sorted(self.folder.glob(f"{kind}-*.json")):
            try:
                found.append(read_record(file))
            except (DamagedError, FileNotFoundError):
                continue
        return found


def load_or_make(
    task: Task,
    store: Store | None = None,
    *,
    made: dict[str, object] | None = None,
    report: Callable | None = None,
    cores: int = CORES,
    progress: Callable[[float], None] | None = None,
) -> tuple[xr.DataTree | pd.DataFrame, bool]:
    """Return the result of a task. Read it if it is stored, otherwise make and store it.

    Parameters
    ----------
    task : Task
        The tasks that it needs are read or made first.
    store : Store, optional
        By default the project's own.
    made : dict, optional
        Results that are in memory already, by key. This result and those it needs are added.
    report : callable, optional
        Takes the name of each task as it begins; returns a function that takes the share done, 0 to 1.
    cores : int
        Number of chains or refits that run side by side.
    progress : callable, optional
        Takes the share done, 0 to 1. Used if there is no ``report``.

    Returns
    -------
    result : xr.DataTree or pd.DataFrame
    reused : bool
        Whether the result was stored already.

    Raises
    ------
    ConvergenceError
        If a fit misses a gate. Nothing is stored then.
    """
    store, made = store or Store(), {} if made is None else made
    if task.key in made:
        return made[task.key], True
    record = store.find(task)
    reused = bool(record) and record["status"] == "ok"
    if reused:
        result = store.load(task)
    else:
        further = {"made": made, "report": report, "cores": cores}
        needed = [load_or_make(need, store, **further)[0] for need in task.needs]
        progress = report(task.name) if report else progress
        begin = time.perf_counter()
        result = task.make(task.data, needed, task.settings, cores=cores, progress=progress)
        store.save(task, result, time.perf_counter() - begin)
    made[task.key] = result
    if report:
        (report(task.name) if reused else progress)(1.0)
    return result, reused
