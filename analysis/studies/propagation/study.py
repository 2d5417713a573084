"""Bias and coverage of four ways to propagate stage-1 uncertainty, on simulated coalitions."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from analysis.figures.draw import save_figure
from analysis.posterior.summaries import interval
from analysis.store.files import PUBLISHED, RESULTS, write_table
from analysis.store.store import Store, load_or_make
from analysis.store.task import Task
from analysis.studies.propagation.figures import plot_study
from analysis.studies.propagation.worlds import GRID, METHODS, Outcome, Scenario, infer, simulate
from analysis.variants.sampler import Progress, Report
from models.spec import CoalitionSpec

SEED = 20030320
N_VOTES = (5, 15, 45, 135, 405)
QUICK_N_VOTES = (5, 45)


@dataclass(frozen=True, kw_only=True)
class CellSettings:
    """One scenario of the study, in ``n_replicate`` simulated worlds.

    A world has the same positions and votes under every outcome.
    """

    scenario: Scenario
    n_replicate: int
    seed: int


def make_cell(
    data: None, fits: list, settings: CellSettings, cores: int = 1, progress: Progress | None = None
) -> pd.DataFrame:
    """Apply every method to the worlds of one scenario; see ``summarize_cell`` for the table."""
    scenario, rows = settings.scenario, []
    for replicate in range(settings.n_replicate):
        rng = np.random.default_rng([settings.seed, scenario.n_vote, replicate])
        world = simulate(scenario, rng)
        variance = world["density"] @ GRID**2 - (world["density"] @ GRID) ** 2
        truths = {"ame": world["ame"]}
        # Coefficients have a true value only if stage 2 is right about alignment.
        if scenario.outcome == "linear":
            truths["guarantee_effect"] = scenario.guarantee_effect
            truths["alignment_slope"] = scenario.alignment_slope
        for method in METHODS:
            begin = time.process_time()
            draws = infer(method, world, rng)
            seconds = time.process_time() - begin
            for quantity, truth in truths.items():
                lower, upper = interval(draws[quantity])
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
        if progress:
            progress((replicate + 1) / settings.n_replicate)
    return summarize_cell(pd.DataFrame(rows))


def summarize_cell(rows: pd.DataFrame) -> pd.DataFrame:
    """Summarize bias, spread, coverage and cost of each method and quantity in one scenario.

    Takes one row for each world, method and quantity. Returns ``outcome, n_vote, quantity, method,
    position_sd`` (average posterior sd of a position), ``truth, bias, bias_se, rmse, coverage`` (share of
    intervals that hold the true value), ``coverage_se, width, milliseconds`` (median processor time of one
    fit), ``replicates``.
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


def plan_study(n_replicate: int = 400, n_votes: Iterable[int] = N_VOTES, seed: int = SEED) -> list[Task]:
    """List the scenarios as tasks, without running anything.

    Parameters
    ----------
    n_replicate : int
        Worlds of each scenario.
    n_votes : iterable of int
        Numbers of votes a state casts; each gives one scenario for each outcome.
    seed : int
    """
    tasks = []
    for outcome in get_args(Outcome):
        for n_vote in n_votes:
            scenario = Scenario(outcome=outcome, n_vote=n_vote)
            settings = CellSettings(scenario=scenario, n_replicate=n_replicate, seed=seed)
            content = asdict(settings) | {"coalition": asdict(CoalitionSpec())}
            name = f"{outcome} outcome, {n_vote} votes"
            tasks.append(Task("propagation_study", name, make_cell, settings, None, content))
    return tasks


def run_study(
    tasks: Iterable[Task], store: Store | None = None, report: Report | None = None
) -> pd.DataFrame:
    """Return the rows of ``summarize_cell`` for all scenarios. Stored scenarios are reused.

    See ``analysis.store.store.load_or_make`` for the parameters.
    """
    tables = [load_or_make(task, store, report=report)[0] for task in tasks]
    return pd.concat(tables, ignore_index=True)


def save_study(table: pd.DataFrame, folder: Path, *, quick: bool = False) -> Path:
    """Write table and figure (``propagation_study``, with ``-quick``), and return the path of the table."""
    path = folder / ("propagation_study-quick.csv" if quick else "propagation_study.csv")
    write_table(table.assign(quick=True) if quick else table, path)
    save_figure(plot_study(table, find_real_sd()), path.with_suffix(""), quick=quick)
    return path


def find_real_sd() -> dict[str, float]:
    """Return the median posterior sd of a position by case, from the main run or else the published one."""
    found = (folder / "ideal_points.csv" for folder in (RESULTS / "main", PUBLISHED))
    path = next((path for path in found if path.is_file()), None)
    if path is None:
        return {}
    table = pd.read_csv(path)
    return table[table["quantity"] == "ideal_point"].groupby("case")["sd"].median().to_dict()
