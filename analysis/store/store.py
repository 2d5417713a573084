"""Fits that were made, each under the key of what it depends on: made once, found again by anybody."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from analysis.pipeline.make import Effects
from analysis.pipeline.plan import Task
from analysis.store.files import RESULTS, hash_content, read_tree, write_json, write_tree


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

    def load(self, task: Task) -> xr.DataTree:
        """Read a fit that is there."""
        return read_tree(self.path(task.key))

    def save(self, task: Task, result: xr.DataTree | Effects, seconds: float) -> dict:
        """Store what a task made; of effects the table, by column. What is known of it is written last."""
        record = self._describe(task, seconds) | {"status": "ok"}
        if isinstance(result, Effects):
            record["table"] = result.table.to_dict(orient="list")
        else:
            write_tree(result, self.path(task.key))
            record["convergence"] = result.attrs["convergence"]
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
    task: Task, fits: dict[str, xr.DataTree], store: Store, **settings
) -> tuple[xr.DataTree, bool]:
    """The fit of a task: read if it is there, else made and stored.

    Parameters
    ----------
    task : Task
    fits : dict of str to xr.DataTree
        By key, what the task needs.
    store : Store
    **settings
        ``cores`` and ``progress``.

    Returns
    -------
    fit : xr.DataTree
    reused : bool

    Raises
    ------
    ConvergenceError
        If the fit misses a gate; nothing is stored.
    """
    record = store.find(task)
    if record and record["status"] == "ok":
        return store.load(task), True
    begin = time.perf_counter()
    tree = task.make(task.data, [fits[need.key] for need in task.needs], task.variant, **settings)
    store.save(task, tree, time.perf_counter() - begin)
    return tree, False


def hash_plan(tasks: list[Task]) -> str:
    """One hash for all that several tasks depend on."""
    return hash_content([task.key for task in tasks])


def read_effects(record: dict) -> pd.DataFrame:
    """The table of effects in a record."""
    return pd.DataFrame(record["table"])
