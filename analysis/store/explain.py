"""Explain what would be made and why: the differences from the most similar stored result."""

import json
from collections import Counter

from rich.console import Console
from rich.markup import escape

from analysis.store.store import Store
from analysis.store.task import Task

IGNORED = ("needs",)
"""Keys of the tasks that a task needs. They differ only because the contents of those tasks differ."""


NOTHING = object()
"""Stands for a choice that one of two records does not have."""


def list_changes(old: object, new: object, path: str = "") -> list[tuple[str, str]]:
    """List what differs between two nested records: the path of each difference, and a sentence.

    Lists of named parts, such as cases, are compared name by name; of other lists, what came and what went.
    """
    if old == new:
        return []
    parts = [_by_name(old), _by_name(new)]
    if all(isinstance(part, dict) for part in parts):
        before, after = parts
        return [
            change
            for key in sorted(before.keys() | after.keys())
            for change in list_changes(
                before.get(key, NOTHING), after.get(key, NOTHING), f"{path}.{key}" if path else str(key)
            )
        ]
    if isinstance(old, list) and isinstance(new, list):
        gone = [_write(x) for x in old if x not in new]
        came = [_write(x) for x in new if x not in old]
        words = [f"without {', '.join(gone)}"] * bool(gone) + [f"with {', '.join(came)}"] * bool(came)
        return [(path, f"{path} {' and '.join(words) or 'in another order'}")]
    if old is NOTHING:
        return [(path, f"{path} is {_write(new)}, which the other does not have")]
    if new is NOTHING:
        return [(path, f"{path} is not there; it was {_write(old)}")]
    return [(path, f"{path} is {_write(new)} instead of {_write(old)}")]


def _by_name(record: object) -> object:
    if isinstance(record, list) and record and all(isinstance(x, dict) and "name" in x for x in record):
        return {x["name"]: x for x in record}
    return record


def _write(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_write(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return " ".join(map(_write, value)) or "empty"
    return repr(value) if value == "" else str(value)


def compare_contents(old: dict, new: dict) -> list[str]:
    """Say in words what differs between two records.

    Parameters
    ----------
    old, new : dict
        Each with ``content`` and ``about``; see ``analysis.store.store.Store.find``.
    """
    lines = []
    for path, sentence in list_changes(_parse(old), _parse(new)):
        kind, _, rest = path.partition(".")
        if kind in IGNORED:
            continue
        if kind == "code":
            lines.append(f"the code of {rest} changed")
        elif kind == "files":
            lines.append(f"the file {rest} changed")
        elif path in ("votes", "panel", "groups"):
            lines.append(f"the values of the {path} changed")
        elif kind == "versions":
            lines.append(f"the version of {sentence.removeprefix('versions.')}")
        else:
            lines.append(sentence)
    return lines


def _parse(record: dict) -> dict:
    about = {k: json.loads(v) if v else {} for k, v in record["about"].items()}
    # JSON has no tuples. Convert both records, so that they compare equal.
    return json.loads(json.dumps(record["content"] | about, default=str))


def explain_task(task: Task, records: list[dict]) -> list[str]:
    """Say why a task must run: its differences from the most similar stored result."""
    new = {"content": task.whole, "about": task.about}
    if not records:
        return [f"no result of kind {task.kind} is stored"]
    differences = [compare_contents(record, new) for record in records]
    return min(differences, key=len)


def show_explanation(tasks: list[Task], store: Store, console: Console) -> None:
    """Print which tasks would run and why, and which results would be reused."""
    kinds = {task.kind for task in tasks}
    records = {kind: [r for r in store.records(kind) if r["status"] == "ok"] for kind in kinds}
    reused, reasons = Counter(), {}
    for task in tasks:
        if store.find(task):
            reused[task.name] += 1
            continue
        why = explain_task(task, records[task.kind]) or ["a fit that it needs must be made"]
        reasons.setdefault((task.name, "; ".join(why)), []).append(task)
    for (name, why), made in reasons.items():
        times = f" ({len(made)} times)" if len(made) > 1 else ""
        console.print(f"make  {escape(name)}{times}: {escape(why)}", highlight=False, soft_wrap=True)
    for name, count in reused.items():
        console.print(f"reuse {escape(name)} ({count})", highlight=False)
    if not reasons:
        console.print("Nothing to make: every result is stored.", highlight=False)
