"""Many variants, one table: what is there is taken, what is missing is made, what fails is counted."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.pipeline.dynamic_positions import DYNAMIC_FIT
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.make import make_direct, make_effects, make_ideal_points, make_total
from analysis.pipeline.plan import Plan, plan_variant
from analysis.store.code import hash_code
from analysis.store.files import ROOT, write_json
from analysis.store.keys import hash_content, package_versions
from analysis.store.store import Store
from analysis.store.task import Task
from analysis.variants.table import REVIEW
from analysis.variants.variant import Variant
from data.load import DataError, find_rollcalls, list_files

EXPECTED_SECONDS = {"ideal_point": 20.0, "total": 3.0, "direct": 8.0, "effects": 1.0}
"""Of one core, where the store has no fit of the kind whose time could be taken."""

COLUMNS = ["variant", "axis", "choice", "quantity", "case", "mean", "sd", "lower", "upper", "prob_positive"]


@dataclass
class Survey:
    """What many variants need, and how much of it is there.

    Attributes
    ----------
    variants : list of Variant
        As they are run.
    effects : dict of str to str
        Key of the effects, by variant.
    plans : dict of str to Plan
        By variant; only of those whose effects are not there.
    refused : dict of str to str
        Why a variant cannot be run at all: its data or its model do not allow it.
    """

    variants: list[Variant]
    effects: dict[str, str]
    plans: dict[str, Plan]
    refused: dict[str, str]

    def list_tasks(self) -> list[Task]:
        """All tasks of the plans, each once, those that others need before them."""
        tasks = {task.key: task for plan in self.plans.values() for task in plan.tasks}
        return list(tasks.values())

    def list_missing(self, store: Store) -> list[Task]:
        """Tasks that must run: neither made nor known to fail, and needed by effects that are not there.

        Of a variant of which a fit is known to fail, nothing more is made.
        """
        known = {task.key: store.find(task) for task in self.list_tasks()}
        missing = {}
        for plan in self.plans.values():
            if any((known[task.key] or {}).get("status") == "failed" for task in plan.tasks):
                continue
            missing |= {task.key: task for task in plan.tasks if known[task.key] is None}
        return list(missing.values())


def survey(
    variants: Iterable[Variant], store: Store, votes_path: Path | None, progress: Callable[[float], None]
) -> Survey:
    """Find what is there of each variant, and plan what is not.

    Parameters
    ----------
    variants : iterable of Variant
    store : Store
    votes_path : Path, optional
        File or folder of the roll calls.
    progress : callable
        Told the share of the variants looked at.
    """
    index_file = store.folder / "index.json"
    index = json.loads(index_file.read_text(encoding="utf-8")) if index_file.exists() else {}
    data = hash_data(votes_path)
    found = Survey(list(variants), {}, {}, {})
    loaded, fresh = {}, {}
    for number, variant in enumerate(found.variants):
        key = hash_content([describe(variant), data])
        effects = index.get(key)
        if effects and store.read(effects):
            found.effects[variant.name] = effects
        else:
            try:
                inputs = load_inputs(variant, votes_path, loaded=loaded)
                plan = plan_variant(variant, inputs.votes, inputs.panel)
            except (DataError, ValueError) as error:
                found.refused[variant.name] = str(error)
                continue
            found.plans[variant.name] = plan
            found.effects[variant.name] = fresh[key] = plan.effects.key
        progress((number + 1) / len(found.variants))
    if fresh:
        write_json(index | fresh, index_file)
    return found


def describe(variant: Variant) -> dict:
    """All that makes a difference in a variant: everything but what it is called."""
    told = variant.to_dict()
    return {k: v for k, v in told.items() if k not in ("name", "axis", "choice", "reason", "source")}


def hash_data(votes_path: Path | None) -> dict:
    """What decides, with a variant, on the keys of its tasks: tables, roll calls, code, versions."""
    tables = [*sorted((ROOT / "data").rglob("*.csv")), *sorted((ROOT / "data").rglob("*.py"))]
    record = find_rollcalls(votes_path)
    files = list_files(record) if record else []
    files += [DYNAMIC_FIT] if DYNAMIC_FIT.is_file() else []
    stamps = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    makers = (make_ideal_points, make_total, make_direct, make_effects)
    return {
        "tables": [hash_content(file.read_text(encoding="utf-8")) for file in tables],
        "rollcalls": stamps,
        "code": [hash_code(make) for make in makers],
        "versions": package_versions(),
    }


def for_review(variant: Variant) -> Variant:
    """The variant with as much sampling as is done when there are hundreds."""
    return replace(variant, run=REVIEW)


def expect_seconds(tasks: list[Task], store: Store) -> dict[str, float]:
    """Seconds that each kind of task takes on one core: as measured in the store, if anything was."""
    kinds = {task.kind for task in tasks}
    measured = {kind: [r["seconds"] for r in store.records(kind) if r["status"] == "ok"] for kind in kinds}
    return {
        kind: sum(seconds) / len(seconds) if seconds else EXPECTED_SECONDS[kind]
        for kind, seconds in measured.items()
    }


def collect(found: Survey, store: Store, lost: dict[str, str]) -> pd.DataFrame:
    """The table of all variants: one row for each quantity and case, one for each variant that failed.

    Parameters
    ----------
    found : Survey
    store : Store
    lost : dict of str to str
        By key of a task, why it could not be made this time.

    Returns
    -------
    pd.DataFrame
        ``variant, axis, choice, quantity, case, mean, sd, lower, upper, prob_positive, mcse, status`` (``ok``
        or ``failed``) and ``reason`` of a failure; averages over all states.
    """
    tables = []
    for variant in found.variants:
        labels = {"variant": variant.name, "axis": variant.axis, "choice": variant.choice}
        record = store.read(found.effects.get(variant.name, ""))
        if record and record["status"] == "ok":
            effects = pd.DataFrame(record["table"])
            table = effects[effects["group"] == "all"].assign(**labels, status="ok", reason="")
        else:
            reason = explain_failure(variant, found, record, lost)
            table = pd.DataFrame([labels | {"status": "failed", "reason": reason}])
        tables.append(table)
    columns = [*COLUMNS, "mcse", "status", "reason"]
    return pd.concat(tables, ignore_index=True).reindex(columns=columns)


def explain_failure(variant: Variant, found: Survey, record: dict | None, lost: dict[str, str]) -> str:
    """Why a variant has no effects."""
    if variant.name in found.refused:
        return found.refused[variant.name]
    if record:
        return record["reason"]
    reasons = [lost[task.key] for task in found.plans[variant.name].tasks if task.key in lost]
    return reasons[0] if reasons else "not made"
