"""Fits that were made, each under the key of what it depends on: made once, found again by anybody."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.store.files import RESULTS, read_tree, write_json, write_tree
from analysis.store.task import Task
from analysis.variants.sampler import CORES


@dataclass(frozen=True)
class Store:
    """A folder of fits, which several runs may use at once.

    A file is written whole, under the key of its content: two runs that make the same fit waste time, and
    write the same thing twice.

    Attributes
    ----------
    folder : Path
    """

    folder: Path = RESULTS / ".fits"

    def path(self, key: str, suffix: str = ".nc") -> Path:
        """File of a fit, or, with ``.json``, of what is known of it."""
        return self.folder / f"{key}{suffix}"

    def find(self, task: Task) -> dict | None:
        """What is known of a task's result; None if it was not made.

        Returns
        -------
        dict or None
            ``status``: ``ok`` or ``failed``; ``reason`` of a failure; ``seconds`` that it took; ``content``
            and ``about`` of the task; of effects also ``table``.
        """
        return self.read(task.key)

    def read(self, key: str) -> dict | None:
        """As ``find``, by key."""
        try:
            return json.loads(self.path(key, ".json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def load(self, task: Task) -> xr.DataTree | pd.DataFrame:
        """Read a result that is there: a table from its record, a fit from its file."""
        record = self.find(task)
        return pd.DataFrame(record["table"]) if "table" in record else read_tree(self.path(task.key))

    def save(self, task: Task, result: object, seconds: float) -> dict:
        """Store what a task made, and return its record, which is written last."""
        record = self._describe(task, seconds) | {"status": "ok"}
        if isinstance(result, xr.DataTree):
            write_tree(result, self.path(task.key))
            record["convergence"] = result.attrs.get("convergence", {})
        else:
            record["table"] = getattr(result, "table", result).to_dict(orient="list")
        write_json(record, self.path(task.key, ".json"))
        return record

    def save_failure(self, task: Task, reason: str, seconds: float) -> dict:
        """Store that a task's fit does not converge: the same seed and code would fail again."""
        record = self._describe(task, seconds) | {"status": "failed", "reason": reason}
        write_json(record, self.path(task.key, ".json"))
        return record

    def _describe(self, task: Task, seconds: float) -> dict:
        return {"content": task.whole, "about": task.about, "seconds": round(seconds, 2)}

    def records(self, kind: str) -> list[dict]:
        """What is known of every stored result of a kind."""
        files = sorted(self.folder.glob(f"{kind}-*.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def load_or_make(
    task: Task,
    store: Store | None = None,
    *,
    made: dict[str, object] | None = None,
    report: Callable | None = None,
    cores: int = CORES,
    progress: Callable[[float], None] | None = None,
) -> tuple[xr.DataTree | pd.DataFrame, bool]:
    """Return the result of a task: read it if it is stored, else make and store it.

    Parameters
    ----------
    task : Task
        What it needs is read or made first, in the same way.
    store : Store, optional
        The project's own if none is given.
    made : dict, optional
        Results that are in memory already, by key; this one and what it needs are added.
    report : callable, optional
        Called with the name of each task as it begins; returns a function that takes the share done.
    cores : int
        Chains or refits run side by side.
    progress : callable, optional
        Takes the share done, 0 to 1, where there is no ``report``.

    Returns
    -------
    result : xr.DataTree or pd.DataFrame
    reused : bool
        True if it was stored before.

    Raises
    ------
    ConvergenceError
        If a fit misses a gate; nothing is stored then.
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
