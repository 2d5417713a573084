"""Explain what would be made and why: the differences from the most similar stored result."""

import json
from collections import Counter

from rich.console import Console
from rich.markup import escape

from analysis.store.store import Store
from analysis.store.task import Task

IGNORED = ("needs",)
"""Keys of the tasks that a task needs. They differ only because the contents of those tasks differ."""


def flatten(content: object, prefix: str = "") -> dict[str, object]:
    """Flatten a nested record to path -> value."""
    if isinstance(content, dict) and content:
        pairs = content.items()
    elif isinstance(content, list | tuple) and content:
        pairs = enumerate(content)
    else:
        return {prefix: content}
    return {
        path: value
        for key, inner in pairs
        for path, value in flatten(inner, f"{prefix}.{key}" if prefix else str(key)).items()
    }


def compare_contents(old: dict, new: dict) -> list[str]:
    """Say in words what differs between two records.

    Parameters
    ----------
    old, new : dict
        Each with ``content`` and ``about``; see ``analysis.store.store.Store.find``.
    """
    before, after = (flatten(_parse(record)) for record in (old, new))
    lines = []
    for path in sorted(before.keys() | after.keys()):
        if path.split(".")[0] in IGNORED or before.get(path) == after.get(path):
            continue
        if path.startswith("code."):
            lines.append(f"the code of {path.removeprefix('code.')} changed")
        elif path.startswith("files."):
            lines.append(f"the file {path.removeprefix('files.')} changed")
        elif path in ("votes", "panel", "groups"):
            lines.append(f"the values of the {path} changed")
        else:
            lines.append(f"{path}: {before.get(path, 'nothing')} -> {after.get(path, 'nothing')}")
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
