"""Plan many variants: reuse stored results, list what is missing, and collect one table."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.pipeline.dependence import match_fits, trace_fits
from analysis.pipeline.dynamic_positions import DYNAMIC_FIT
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import Plan, plan_variant
from analysis.posterior.words import take_headline
from analysis.store.code import hash_code
from analysis.store.files import ROOT, write_json
from analysis.store.keys import hash_content, package_versions
from analysis.store.store import Store
from analysis.store.task import Task
from analysis.variants.table import REVIEW
from analysis.variants.variant import Variant
from data.load import DataError, find_rollcalls, list_files

EXPECTED_SECONDS = {"ideal_point": 20.0, "total": 3.0, "direct": 8.0, "effects": 1.0}
"""Seconds of one core by kind of task, used as long as the store has no measured times."""

LABELS = ["variant", "axis", "choice", "pact_level"]
COLUMNS = [*LABELS, "quantity", "case", "fit", "mean", "sd", "lower", "upper", "prob_positive", "mcse"]


@dataclass
class Survey:
    """Many variants, with the plans of those that are not stored.

    Attributes
    ----------
    variants : list of Variant
    effects : dict of str to str
        Key of the effects by variant.
    plans : dict of str to Plan
        Plan by variant, for variants whose effects are not stored.
    refused : dict of str to str
        Reason by variant, for variants that cannot run because data or model do not allow them.
    """

    variants: list[Variant]
    effects: dict[str, str]
    plans: dict[str, Plan]
    refused: dict[str, str]

    def list_tasks(self) -> list[Task]:
        """List all tasks of the plans, each once, after the tasks that it needs."""
        tasks = {task.key: task for plan in self.plans.values() for task in plan.tasks}
        return list(tasks.values())

    def list_missing(self, store: Store) -> list[Task]:
        """List the tasks that must run: neither stored nor known to fail.

        If one fit of a variant is known to fail, its other tasks are skipped.
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
    """Find the stored effects of each variant, and plan the variants that have none.

    Parameters
    ----------
    variants : iterable of Variant
    store : Store
        Its folder keeps an index, so that a stored variant is found without loading data.
    votes_path : Path, optional
        File or folder of the roll calls.
    progress : callable
        Takes the share of variants that were looked up, 0 to 1.
    """
    index_file = store.folder / "index.json"
    index = json.loads(index_file.read_text(encoding="utf-8")) if index_file.exists() else {}
    data = hash_data(votes_path)
    found = Survey(list(variants), {}, {}, {})
    loaded, fresh = {}, {}
    for number, variant in enumerate(found.variants):
        key = hash_content([variant_key(variant), data])
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


def variant_key(variant: Variant) -> dict:
    """Return the fields of a variant that affect results, so all but its labels."""
    fields = variant.to_dict()
    return {k: v for k, v in fields.items() if k not in ("name", "axis", "choice", "reason", "source")}


def hash_data(votes_path: Path | None) -> dict:
    """Hash everything besides the variant that its task keys depend on: data, code, package versions."""
    tables = [*sorted((ROOT / "data").rglob("*.csv")), *sorted((ROOT / "data").rglob("*.py"))]
    record = find_rollcalls(votes_path)
    files = list_files(record) if record else []
    files += [DYNAMIC_FIT] if DYNAMIC_FIT.is_file() else []
    stamps = [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return {
        "tables": [hash_content(file.read_text(encoding="utf-8")) for file in tables],
        "rollcalls": stamps,
        # The plan names the functions that make all tasks.
        "code": [hash_code(function) for function in (load_inputs, plan_variant)],
        "versions": package_versions(),
    }


def for_review(variant: Variant) -> Variant:
    """Return the variant with the shorter sampling that is used for many variants."""
    return replace(variant, run=REVIEW)


def expect_seconds(tasks: list[Task], store: Store) -> dict[str, float]:
    """Return the mean seconds of one core by kind of task, measured on stored results where possible."""
    kinds = {task.kind for task in tasks}
    measured = {kind: [r["seconds"] for r in store.records(kind) if r["status"] == "ok"] for kind in kinds}
    return {
        kind: sum(seconds) / len(seconds) if seconds else EXPECTED_SECONDS[kind]
        for kind, seconds in measured.items()
    }


def collect(found: Survey, store: Store, lost: dict[str, str]) -> pd.DataFrame:
    """Collect the effects of all variants.

    Parameters
    ----------
    found : Survey
    store : Store
    lost : dict of str to str
        Why a task could not be made in this run, by its key.

    Returns
    -------
    pd.DataFrame
        One row for each variant, quantity and case (see ``take_headline``), and one row for each variant
        that failed: ``variant, axis, choice``; ``pact_level``: the level that stands for a pact; ``quantity,
        case``; ``fit``: what the quantity is computed from, the same text for the same fits; ``mean, sd,
        lower, upper, prob_positive, mcse, status`` (``ok`` or ``failed``) and ``reason`` (of a failure).
    """
    tables = []
    for variant in found.variants:
        described = variant.name, variant.axis, variant.choice, variant.data.pact_level
        labels = dict(zip(LABELS, described, strict=True))
        key = found.effects.get(variant.name, "")
        record = store.read(key)
        if record and record["status"] == "ok":
            table = take_headline(pd.DataFrame(record["table"])).assign(**labels, status="ok", reason="")
            table["fit"] = match_fits(table["quantity"], trace_fits(variant, key, record["content"]))
        else:
            reason = explain_failure(variant, found, record, lost)
            table = pd.DataFrame([labels | {"status": "failed", "reason": reason}])
        tables.append(table)
    return pd.concat(tables, ignore_index=True).reindex(columns=[*COLUMNS, "status", "reason"])


def explain_failure(variant: Variant, found: Survey, record: dict | None, lost: dict[str, str]) -> str:
    """Say why a variant has no effects."""
    if variant.name in found.refused:
        return found.refused[variant.name]
    if record:
        return record["reason"]
    reasons = [lost[task.key] for task in found.plans[variant.name].tasks if task.key in lost]
    return reasons[0] if reasons else "not made"
