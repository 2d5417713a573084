"""Bias and coverage of four ways in which stage-1 uncertainty can travel, on simulated coalitions.

    python -m analysis.studies.propagation.study

writes ``analysis/output/published/propagation_study.csv`` and its figure (about six minutes of one core; a
study that was stopped goes on where it was).
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
from rich.progress import Progress

from analysis.posterior.summaries import INTERVAL
from analysis.store.files import RESULTS, ROOT, write_table
from analysis.store.keys import hash_content
from analysis.studies.propagation import worlds as propagation_worlds
from analysis.studies.propagation.figures import plot_study
from analysis.studies.propagation.worlds import GRID, METHODS, Outcome, Scenario, infer, simulate
from models.spec import CoalitionSpec

TARGET = ROOT / "analysis" / "output" / "published" / "propagation_study.csv"


def run_cell(scenario: Scenario, n_replicate: int, seed: int) -> pd.DataFrame:
    """Every method in many worlds of one scenario.

    Parameters
    ----------
    scenario : Scenario
        The kind of world.
    n_replicate : int
        Worlds.
    seed : int
        Seed of the study; a world has the same positions and votes in every outcome.

    Returns
    -------
    pd.DataFrame
        One row for each world, method and quantity: ``outcome, n_vote, position_sd`` (average posterior sd
        of a position), ``method, quantity, truth, error, covered, width, milliseconds``.
    """
    tail = (1 - INTERVAL) / 2
    rows = []
    for replicate in range(n_replicate):
        rng = np.random.default_rng([seed, scenario.n_vote, replicate])
        world = simulate(scenario, rng)
        variance = world["density"] @ GRID**2 - (world["density"] @ GRID) ** 2
        truths = {"ame": world["ame"]}
        # Coefficients have a truth only where stage 2 is right about alignment.
        if scenario.outcome == "linear":
            truths["guarantee_effect"] = scenario.guarantee_effect
            truths["alignment_slope"] = scenario.alignment_slope
        for method in METHODS:
            begin = time.process_time()
            draws = infer(method, world, rng)
            seconds = time.process_time() - begin
            for quantity, truth in truths.items():
                lower, upper = np.quantile(draws[quantity], [tail, 1 - tail])
                rows.append(
                    {
                        "outcome": scenario.outcome,
                        "n_vote": scenario.n_vote,
                        "position_sd": np.sqrt(variance).mean(),
                        "method": method,
                        "quantity": quantity,
                        "truth": truth,
                        "error": draws[quantity].mean() - truth,
                        "covered": lower <= truth <= upper,
                        "width": upper - lower,
                        "milliseconds": 1000 * seconds,
                    }
                )
    return pd.DataFrame(rows)


def summarize_cell(rows: pd.DataFrame) -> pd.DataFrame:
    """Bias, spread, coverage and cost of each method and quantity in one scenario.

    Returns
    -------
    pd.DataFrame
        ``outcome, n_vote, quantity, method, position_sd, truth, bias, bias_se, rmse, coverage`` (share of
        90 % intervals that hold the truth), ``coverage_se, width, milliseconds`` (processor time of one fit),
        ``replicates``.
    """
    groups = rows.groupby(["outcome", "n_vote", "quantity", "method"], sort=False)
    table = groups[["position_sd", "truth"]].mean()
    table["bias"] = groups["error"].mean()
    table["bias_se"] = groups["error"].std() / np.sqrt(groups.size())
    table["rmse"] = groups["error"].apply(lambda e: np.sqrt(np.mean(e**2)))
    table["coverage"] = groups["covered"].mean()
    table["coverage_se"] = np.sqrt(table["coverage"] * (1 - table["coverage"]) / groups.size())
    table["width"] = groups["width"].mean()
    table["milliseconds"] = groups["milliseconds"].median()
    table["replicates"] = groups.size()
    return table.reset_index().round(4)


def run_study(
    n_replicate: int,
    n_votes: tuple[int, ...],
    seed: int,
    *,
    folder: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> pd.DataFrame:
    """The table of ``summarize_cell`` for every scenario.

    Parameters
    ----------
    n_replicate : int
        Worlds of each scenario.
    n_votes : tuple of int
        Votes of a state.
    seed : int
        Seed.
    folder : Path, optional
        Where finished scenarios are kept; a study that was stopped goes on from there.
    progress : callable, optional
        Told the share done.
    """
    scenarios = [Scenario(outcome=outcome, n_vote=n) for outcome in get_args(Outcome) for n in n_votes]
    code = [Path(f).read_text(encoding="utf-8") for f in (__file__, propagation_worlds.__file__)]
    tables = []
    for number, scenario in enumerate(scenarios):
        key = hash_content([*code, asdict(scenario), asdict(CoalitionSpec()), n_replicate, seed])
        kept = folder / f"{key[:16]}.csv" if folder else None
        if kept and kept.is_file():
            table = pd.read_csv(kept)
        else:
            table = summarize_cell(run_cell(scenario, n_replicate, seed))
            if kept:
                write_table(table, kept)
        tables.append(table)
        if progress:
            progress((number + 1) / len(scenarios))
    return pd.concat(tables, ignore_index=True)


if __name__ == "__main__":
    with Progress() as bars:
        task = bars.add_task("simulated worlds", total=1.0)
        study = run_study(
            400,
            (5, 15, 45, 135, 405),
            20030320,
            folder=RESULTS / ".study",
            progress=lambda share: bars.update(task, completed=share),
        )
    write_table(study, TARGET)
    plot_study(study).savefig(TARGET.with_suffix(".png"), dpi=150)
    print(f"wrote {TARGET.relative_to(ROOT)} and its figure")
