"""Speed and peers, measured side by side in one run: ``python -m analysis benchmark``."""

import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from analysis.figures.style import DPI
from analysis.store.files import atomic_file, write_table
from analysis.store.keys import git_commit, now, package_versions
from analysis.studies.benchmark.dynamic import QUICK_DYNAMIC, DynamicBenchmarkSpec, measure_dynamic
from analysis.studies.benchmark.figure import plot_benchmark
from analysis.studies.benchmark.growth import GrowthSpec, measure_growth
from analysis.studies.benchmark.likelihood import measure_likelihoods
from analysis.studies.benchmark.peers import PEERS, PROJECT, find_missing
from analysis.studies.benchmark.samplers import measure_samplers
from analysis.studies.benchmark.table import COLUMNS, MIN_ESS, check_claims, row
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from data.load import DataError, find_rollcalls, load_votes
from data.spec import IRAQ, DataSpec
from models.simulate.static import simulate_votes

GRAPHS = {"numba": ("graph, numba", "NUMBA"), "jax": ("graph, jax", "JAX")}
"""The likelihood as a graph: name on the command line -> method in the table, mode of PyTensor."""

ALL_PEERS = (*GRAPHS, *PEERS)
SLOWEST = ("rstan", "rstan_plain")
"""What a quick run leaves out unless it is named: Stan takes a minute to compile."""

QUICK_GROWTH = GrowthSpec(
    n_item=(10, 40), shapes=(), chains=(), stored=SamplerSpec(draws=30, tune=50), maxdepth=3
)


@dataclass(frozen=True, kw_only=True)
class BenchmarkSpec:
    """How much is measured.

    Attributes
    ----------
    peers : tuple of str
        Some of ``ALL_PEERS``.
    repetitions : int
        Runs of each sampler.
    pairs : int
        Turns of each implementation of the likelihood.
    n_state, n_item : int
        Size of the simulated votes where no roll calls are found, and of quick runs.
    sampler : SamplerSpec
        Of the project's own fit.
    growth : GrowthSpec
    dynamic : DynamicBenchmarkSpec
    quick : bool
        Small simulated votes, few draws: for trying out, its numbers mean nothing.
    """

    peers: tuple[str, ...] = ALL_PEERS
    repetitions: int = 2
    pairs: int = 30
    n_state: int = 189
    n_item: int = 336
    sampler: SamplerSpec = MAIN.run.ideal_point
    growth: GrowthSpec = field(default_factory=GrowthSpec)
    dynamic: DynamicBenchmarkSpec = field(default_factory=DynamicBenchmarkSpec)
    quick: bool = False

    def __post_init__(self):
        unknown = [name for name in self.peers if name not in ALL_PEERS]
        if unknown:
            raise ValueError(f"peers {', '.join(unknown)} do not exist; there are {', '.join(ALL_PEERS)}")
        if self.repetitions < 1 or self.pairs < 1:
            raise ValueError("at least one repetition is needed")


def choose_spec(*, quick: bool, peers: str | None, repetitions: int | None) -> BenchmarkSpec:
    """Return what to measure, as the command line asks for it.

    Parameters
    ----------
    quick : bool
        A size at which all is done in a minute or two.
    peers : str, optional
        Names with commas between them; all, or in a quick run all but the slowest.
    repetitions : int, optional

    Raises
    ------
    ValueError
        If a peer does not exist, or there is nothing to repeat.
    """
    chosen = {}
    if quick:
        chosen = {"repetitions": 1, "pairs": 5, "n_state": 40, "n_item": 50, "growth": QUICK_GROWTH}
        chosen["dynamic"] = QUICK_DYNAMIC
        chosen |= {"peers": tuple(name for name in ALL_PEERS if name not in SLOWEST), "quick": True}
    if peers is not None:
        chosen["peers"] = tuple(name.strip() for name in peers.split(",") if name.strip())
    if repetitions is not None:
        chosen["repetitions"] = repetitions
    return BenchmarkSpec(**chosen)


def load_benchmark_votes(spec: BenchmarkSpec, path: Path | None) -> tuple[xr.Dataset, np.ndarray, str]:
    """Votes to measure on, counts of the same size, and where they come from.

    Returns
    -------
    votes : xr.Dataset
        Roll calls of the Iraq window where they are found, else simulated; one vote a cell.
    tallies : np.ndarray
        (item, state, response): the shipped tallies of the same window, repeated to as many items.
    source : str
    """
    if not spec.quick and find_rollcalls(path) is not None:
        votes = load_votes(DataSpec(granularity="rollcall"), IRAQ, path)
        source = f"roll calls, {votes.attrs['case']} window"
    else:
        votes, _ = simulate_votes(n_state=spec.n_state, n_item=spec.n_item, seed=1)
        source = "simulated votes"
    agenda = load_votes(DataSpec(granularity="agenda"), IRAQ)["counts"].values
    tallies = np.resize(agenda, (votes.sizes["item"], *agenda.shape[1:]))
    return votes, tallies, source


def run_benchmark(
    spec: BenchmarkSpec, *, votes_path: Path | None, report: Callable[[str], Callable]
) -> pd.DataFrame:
    """Measure everything.

    Parameters
    ----------
    spec : BenchmarkSpec
    votes_path : Path, optional
        Folder of the roll calls.
    report : callable
        Called with the name of a part as it begins; gives what is told the share done and what comes next.

    Returns
    -------
    pd.DataFrame
        Columns ``analysis.studies.benchmark.table.COLUMNS``.

    Raises
    ------
    DataError
        If the votes break a rule.

    Notes
    -----
    A sampler that is missing or fails is a row that says why.
    """
    votes, tallies, source = load_benchmark_votes(spec, votes_path)
    rows = describe_setup(spec, source)
    graphs = {
        method: "" if name == "jax" and find_missing("jax", in_r=False) else mode
        for name, (method, mode) in GRAPHS.items()
        if name in spec.peers
    }
    rows += measure_likelihoods(
        votes, tallies, graphs=graphs, pairs=spec.pairs, progress=report("likelihood")
    )
    peers = {name: peer for name, peer in PEERS.items() if name in spec.peers}
    if spec.quick:
        peers = {
            name: replace(peer, sampler=replace(peer.sampler, draws=100, tune=50))
            for name, peer in peers.items()
        }
    # Votes in a form that R reads exist only in here, and only while it runs.
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        rows += measure_samplers(
            votes,
            peers=peers,
            project=spec.sampler,
            repetitions=spec.repetitions,
            folder=Path(folder),
            seed=MAIN.run.seed,
            progress=report("samplers"),
        )
        rows += measure_growth(spec.growth, Path(folder), report("growth"))
    rows += measure_dynamic(spec.dynamic, votes_path, simulated=spec.quick, progress=report("dynamic"))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(quick=True) if spec.quick else table


def describe_setup(spec: BenchmarkSpec, source: str) -> list[dict]:
    """Rows on where and with what this was measured."""
    facts = {
        "votes": source,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": f"{os.getloadavg()[0]:.1f} processes wanted a core in the minute before",
        "commit": git_commit(),
        "started": now(),
        "versions": ", ".join(f"{name} {version}" for name, version in package_versions().items()),
    }
    return [row("setup", "", name, note=fact) for name, fact in facts.items()]


def save_benchmark(table: pd.DataFrame, folder: Path) -> list[Path]:
    """Write table and figure, each whole or not at all.

    Returns
    -------
    list of Path
        ``benchmark.csv``, ``.png``, ``.svg``; ``benchmark-quick`` for a quick run.
    """
    quick = "quick" in table
    stem = folder / ("benchmark-quick" if quick else "benchmark")
    figure = plot_benchmark(table)
    if quick:
        figure.text(0.005, 0.995, "QUICK RUN, NOT A RESULT", va="top", color="#D55E00", fontsize=8)
    paths = [stem.with_suffix(suffix) for suffix in (".csv", ".png", ".svg")]
    write_table(table, paths[0])
    with atomic_file(paths[1]) as file:
        figure.savefig(file, dpi=DPI, format="png")
    with atomic_file(paths[2]) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})
    return paths


def show_benchmark(spec: BenchmarkSpec, votes_path: Path | None, folder: Path, console: Console) -> int:
    """Run with progress, save, show what must hold and whether it does; return the exit code.

    Returns
    -------
    int
        0; 1 if the project's own fit failed; 2 if the input is bad.
    """
    try:
        with Progress(
            TextColumn("{task.description:12}"),
            BarColumn(),
            TextColumn("{task.percentage:>4.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[next]}"),
            console=console,
        ) as bars:

            def report(name: str):
                task = bars.add_task(name, total=1.0, next="")
                return lambda share, coming="": bars.update(task, completed=share, next=coming)

            table = run_benchmark(spec, votes_path=votes_path, report=report)
    except DataError as error:
        console.print(f"[bold red]Bad input:[/bold red] {error}", highlight=False)
        return 2
    paths = save_benchmark(table, folder)
    show_rows(table, console)
    show_claims(check_claims(table), console)
    if spec.quick:
        console.print("[bold]Quick run: small simulated votes, its numbers mean nothing.[/bold]")
    console.print("Files: " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)
    own = table[(table["method"] == PROJECT) & (table["quantity"] == MIN_ESS)]
    return int(not (own["repetitions"] > 0).any())


def show_rows(table: pd.DataFrame, console: Console) -> None:
    """Print what was measured; figures of growth are left to the file."""
    shown = Table(title="Measured: median (lowest to highest)")
    for column in ("method", "quantity", "measured", "repetitions"):
        shown.add_column(column, justify="right" if column == "repetitions" else "left")
    for line in table[table["part"].isin(["likelihood", "sampler", "dynamic"])].itertuples():
        figures = f"{line.median:.4g} {line.unit} ({line.lowest:.4g} to {line.highest:.4g})"
        shown.add_row(
            line.method, line.quantity, figures if line.repetitions else line.note, str(line.repetitions)
        )
    console.print(shown)


def show_claims(verdicts: pd.DataFrame, console: Console) -> None:
    """Print what must hold, what was measured, and the verdict."""
    shown = Table(title="Must hold")
    for column in ("method", "quantity", "measured", "bound", "verdict"):
        shown.add_column(column)
    for line in verdicts.itertuples():
        colour = {"pass": "green", "FAIL": "bold red"}.get(line.verdict, "yellow")
        shown.add_row(
            line.method,
            line.quantity,
            f"{line.measured:.4g} {line.unit}",
            line.bound,
            f"[{colour}]{line.verdict}[/{colour}]",
        )
    console.print(shown)
