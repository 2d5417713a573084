"""How the cost of a fit grows with votes, with the shape of their table, and with chains."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from analysis.studies.benchmark.peers import PeerError, run_worker
from analysis.studies.benchmark.table import EXPONENT, PEAK_MEMORY, VALUE_AND_GRADIENT, row
from analysis.variants.sampler import SamplerSpec

CHAINS = 4
TIME_LIMIT = 300.0


@dataclass(frozen=True)
class GrowthSpec:
    """Sizes to measure.

    Attributes
    ----------
    n_state : int
        States while the number of items grows.
    n_item : tuple of int
        Numbers of items, rising: from these sizes the exponent is fitted.
    shapes : tuple of (int, int)
        Other shapes, states and items.
    chains : tuple of int
        Numbers of chains at the middle size.
    stored : SamplerSpec
        Draws held in memory at the largest size.
    maxdepth : int
        Trajectories of the short fits take at most ``2 ** maxdepth`` gradients.
    """

    n_state: int = 200
    n_item: tuple[int, ...] = (50, 160, 500, 1600, 5000)
    shapes: tuple[tuple[int, int], ...] = ((50, 2000), (1000, 100))
    chains: tuple[int, ...] = (2, 8)
    stored: SamplerSpec = SamplerSpec(draws=1000, tune=300, chains=CHAINS)
    maxdepth: int = 5

    def tasks(self) -> list[tuple[int, int, SamplerSpec]]:
        """States, items and sampler of every fit; the last holds a full fit's draws."""
        short = SamplerSpec(draws=30, tune=50, chains=CHAINS)
        middle = self.n_item[len(self.n_item) // 2]
        return [
            *((self.n_state, n_item, short) for n_item in self.n_item[:-1]),
            *((n_state, n_item, short) for n_state, n_item in self.shapes),
            *((self.n_state, middle, replace(short, chains=chains)) for chains in self.chains),
            (self.n_state, self.n_item[-1], self.stored),
        ]


def measure_growth(spec: GrowthSpec, folder: Path, progress: Callable[[float, str], None]) -> list[dict]:
    """Fit simulated votes of all sizes, each in a process of its own.

    Parameters
    ----------
    spec : GrowthSpec
    folder : Path
        For temporary files; the caller removes it.
    progress : callable
        Told the share done and what comes next.

    Returns
    -------
    list of dict
        Rows of the table.
    """
    rows, measured = [], {}
    tasks = spec.tasks()
    for number, (n_state, n_item, sampler) in enumerate(tasks):
        place = f"{n_state} x {n_item}, {sampler.chains} chains"
        progress(number / len(tasks), place)
        work = folder / f"growth-{number}"
        work.mkdir()
        task = {
            "task": "fit",
            "n_state": n_state,
            "n_item": n_item,
            "sampler": asdict(sampler),
            "maxdepth": spec.maxdepth,
        }
        try:
            run_worker(work, task, TIME_LIMIT)
        except PeerError as error:
            failed = f"failed: {error}"
            rows.append(row("growth", "project", VALUE_AND_GRADIENT, "ms", size=place, note=failed))
            continue
        figures = json.loads((work / "figures.json").read_text(encoding="utf-8"))
        measured[n_state, n_item, sampler.chains] = figures
        stored = f"{sampler.chains} x {sampler.draws} draws kept"
        rows += [
            row("growth", "project", VALUE_AND_GRADIENT, "ms", 1e3 * figures["gradient"], size=place),
            row("growth", "project", "a gradient within a fit", "ms", 1e3 * figures["step"], size=place),
            row("growth", "project", "peak memory", "MB", figures["peak"], size=place, note=stored),
            row("growth", "project", "memory before the fit", "MB", figures["before"], size=place),
        ]
    progress(1.0, "done")
    series = [(spec.n_state, n_item, CHAINS) for n_item in spec.n_item]
    found = [key for key in series if key in measured]
    if len(found) > 1:
        cells = [n_state * n_item for n_state, n_item, _ in found]
        for quantity, figure in ((EXPONENT, "gradient"), ("exponent within a fit", "step")):
            slope = fit_exponent(cells, [measured[key][figure] for key in found])
            note = f"{min(cells):,} to {max(cells):,} cells"
            rows.append(row("growth", "project", quantity, "", slope, note=note))
    largest = measured.get(series[-1])
    if largest and spec.n_state * spec.n_item[-1] >= 1_000_000 and spec.stored.draws >= 1000:
        rows.append(row("growth", "project", PEAK_MEMORY, "MB", largest["peak"]))
    return rows


def fit_exponent(cells: list[int], seconds: list[float]) -> float:
    """Slope of log seconds on log cells, by least squares."""
    return float(np.polyfit(np.log(cells), np.log(seconds), 1)[0])
