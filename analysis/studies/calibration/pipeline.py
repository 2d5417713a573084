"""Calibration of the whole pipeline: worlds from the priors, both stages fitted, every true value ranked."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from analysis.figures.draw import save_figure
from analysis.store.files import write_table
from analysis.store.store import Store
from analysis.store.task import Task
from analysis.studies.calibration.figure import plot_cumulative
from analysis.studies.calibration.ranks import count_ranks, judge
from analysis.studies.calibration.world import RUN, Kind, WorldSettings, make_world
from analysis.variants.variant import Variant

WORLDS = 200
QUICK_WORLDS = 4


def plan_worlds(kind: Kind = "priors", worlds: int = WORLDS, *, quick: bool = False) -> list[Task]:
    """List the worlds as tasks, without simulating any. A quick run has few and small worlds."""
    variant, tasks = Variant(), []
    size = {"n_state": 30, "n_item": 40} if quick else {}
    for number in range(min(worlds, QUICK_WORLDS) if quick else worlds):
        settings = WorldSettings(kind=kind, number=number, **size)
        content = asdict(settings) | {
            "run": asdict(RUN),
            "ideal_point": asdict(variant.ideal_point),
            "alignment": asdict(variant.alignment),
            "coalition": asdict(variant.coalition),
        }
        tasks.append(Task("world", f"world {number} ({kind})", make_world, settings, None, content))
    return tasks


def collect_worlds(tasks: list[Task], store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Collect the stored worlds.

    Returns
    -------
    counts : pd.DataFrame
        ``kind, part, quantity`` and the counts ``0`` to ``19`` of ranks in twentieths.
    worlds : pd.DataFrame
        ``kind, world, status, reason``: a world whose fits missed a gate has ``failed`` and says which.

    Raises
    ------
    ValueError
        If no world is there.
    """
    ranks, worlds = [], []
    for task in tasks:
        record = store.find(task)
        if record is None:
            continue
        worlds.append(
            {
                "kind": task.settings.kind,
                "world": task.settings.number,
                "status": record["status"],
                "reason": record.get("reason", ""),
            }
        )
        if record["status"] == "ok":
            ranks.append(store.load(task))
    if not ranks:
        raise ValueError("no world has passed the gates")
    counts = count_ranks(pd.concat(ranks))
    counts.insert(0, "kind", tasks[0].settings.kind)
    return counts, pd.DataFrame(worlds)


def save_worlds(counts: pd.DataFrame, worlds: pd.DataFrame, folder: Path, *, quick: bool = False) -> Path:
    """Write tables and figure (``worlds-<kind>``; ``-quick``), and return the path of the table of ranks."""
    kind = counts["kind"].iloc[0]
    path = folder / f"worlds-{kind}{'-quick' if quick else ''}.csv"
    judged = judge(counts)
    table = counts.merge(judged, on=["part", "quantity"])
    write_table(table.assign(quick=True) if quick else table, path)
    write_table(worlds, path.with_name(f"{path.stem}-gates.csv"))
    save_figure(plot_cumulative(counts, judged), path.with_suffix(""), quick=quick)
    return path
