"""Speed of this project beside other samplers, measured in one run on the same votes."""

import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from analysis.figures.draw import save_figure
from analysis.store.files import write_table
from analysis.store.keys import git_commit, now, package_versions
from analysis.studies.benchmark.likelihood import measure_likelihoods
from analysis.studies.benchmark.peers import PEERS, find_missing
from analysis.studies.benchmark.samplers import measure_samplers
from analysis.studies.benchmark.table import COLUMNS, row
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from data.load import find_rollcalls, load_votes
from data.spec import IRAQ, DataSpec
from models.simulate.static import simulate_votes

GRAPHS = {"numba": ("graph, numba", "NUMBA"), "jax": ("graph, jax", "JAX")}
"""The likelihood as a graph: name on the command line -> method in the table, PyTensor mode."""

ALL_PEERS = (*GRAPHS, *PEERS)
SLOWEST = ("rstan", "rstan_plain")
"""A quick run leaves these out unless they are named: Stan takes a minute to compile."""


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
        Rounds of timing; each implementation of the likelihood is timed once a round.
    n_state, n_item : int
        Size of the simulated votes, which are used in quick runs and where no roll calls are found.
    sampler : SamplerSpec
        Sampler settings of the project's own fit.
    quick : bool
        Small simulated votes and few draws, for trying out. The numbers mean nothing.
    """

    peers: tuple[str, ...] = ALL_PEERS
    repetitions: int = 2
    pairs: int = 30
    n_state: int = 189
    n_item: int = 336
    sampler: SamplerSpec = MAIN.run.ideal_point
    quick: bool = False

    def __post_init__(self):
        unknown = [name for name in self.peers if name not in ALL_PEERS]
        if unknown:
            raise ValueError(f"unknown peers {', '.join(unknown)}; choose from {', '.join(ALL_PEERS)}")
        if self.repetitions < 1 or self.pairs < 1:
            raise ValueError("repetitions and pairs must be at least 1")


def choose_spec(*, quick: bool, peers: str | None, repetitions: int | None) -> BenchmarkSpec:
    """Turn the options of the command line into a specification.

    Parameters
    ----------
    quick : bool
        Small enough for a minute or two.
    peers : str, optional
        Names separated by commas. Default: all; in a quick run all but the slowest.
    repetitions : int, optional

    Raises
    ------
    ValueError
        If a peer does not exist, or ``repetitions`` is below 1.
    """
    chosen = {}
    if quick:
        chosen = {"quick": True, "repetitions": 1, "pairs": 5, "n_state": 40, "n_item": 50}
        chosen["peers"] = tuple(name for name in ALL_PEERS if name not in SLOWEST)
    if peers is not None:
        chosen["peers"] = tuple(name.strip() for name in peers.split(",") if name.strip())
    if repetitions is not None:
        chosen["repetitions"] = repetitions
    return BenchmarkSpec(**chosen)


def load_benchmark_votes(spec: BenchmarkSpec, path: Path | None) -> tuple[xr.Dataset, np.ndarray, str]:
    """Load or simulate the votes to measure on.

    Returns roll calls of the Iraq window if they are found, otherwise simulated ones, with one vote a cell;
    the shipped tallies of the same window, (item, state, response), repeated to as many items; and in words
    where the votes come from.
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
    """Measure everything. A sampler that is missing or fails gets a row that says why.

    Parameters
    ----------
    spec : BenchmarkSpec
    votes_path : Path, optional
        Folder of the roll calls.
    report : callable
        Called with the name of each part as it begins. Returns a callback that takes the share done, 0 to 1,
        and what comes next.

    Returns
    -------
    pd.DataFrame
        Columns ``analysis.studies.benchmark.table.COLUMNS``, and ``quick`` for a quick run.

    Raises
    ------
    DataError
        If the votes break a rule.
    """
    votes, tallies, source = load_benchmark_votes(spec, votes_path)
    rows = describe_setup(source)
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
    # R reads the votes from text files, which must not outlive the run.
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
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.assign(quick=True) if spec.quick else table


def describe_setup(source: str) -> list[dict]:
    """Rows that say where and with what the benchmark ran."""
    facts = {
        "votes": source,
        "machine": f"{name_processor()}, {os.cpu_count()} cores",
        "load": f"{os.getloadavg()[0]:.1f} processes wanted a core in the minute before",
        "commit": git_commit(),
        "started": now(),
        "versions": ", ".join(f"{name} {version}" for name, version in package_versions().items()),
    }
    return [row("setup", "", name, note=fact) for name, fact in facts.items()]


def name_processor() -> str:
    """Return the model of the processor where the system tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def save_table(table: pd.DataFrame, figure: Figure, stem: Path) -> list[Path]:
    """Write a table and its figure, each whole or not at all.

    Parameters
    ----------
    table : pd.DataFrame
        With a column ``quick`` for a quick run.
    figure : Figure
    stem : Path
        Folder and name, without suffix; see ``name_stem``.

    Returns
    -------
    list of Path
        The ``.csv``, ``.png`` and ``.svg``.
    """
    write_table(table, stem.with_suffix(".csv"))
    save_figure(figure, stem, quick="quick" in table)
    return [stem.with_suffix(suffix) for suffix in (".csv", ".png", ".svg")]


def name_stem(folder: Path, name: str, *, quick: bool) -> Path:
    """Return folder and name of the files of a part. Those of a quick run end with ``-quick``."""
    return folder / (f"{name}-quick" if quick else name)
