"""The samplers to compare with, and how one is run: in its own process, with a time limit."""

import importlib.util
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.store.files import ROOT
from analysis.variants.sampler import CORES, SamplerSpec
from models.coordinates.start import estimate_start, prepare_direction
from models.simulate.static import standardise
from models.spec import IdealPointSpec

SCRIPTS = Path(__file__).parent / "scripts"
PROJECT = "project"
WORKER = "analysis.studies.benchmark.worker"
CUTPOINT_TUNE = 0.8
"""Step size of MCMCordfactanal for cutpoints: at 189 states it accepts 40 % of proposals (default: 93 %)."""


class PeerError(RuntimeError):
    """A sampler failed; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A sampler to compare with.

    Attributes
    ----------
    sampler : SamplerSpec
        Enough draws for a usable ESS. Warm-up is about a quarter of the kept draws, as in the project's own
        fit, or the minimum that the sampler needs to adapt. Its time counts.
    package : str
        Package that must be installed, of R if ``is_r`` is true, otherwise of Python.
    note : str
        What is sampled and how.
    time_limit : float
        Seconds after which a run is stopped.
    """

    sampler: SamplerSpec
    package: str
    note: str
    time_limit: float = 300


PEERS = {
    "nutpie": Peer(
        SamplerSpec(draws=400, tune=100, chains=2, target_accept=0.9),
        "nutpie",
        "same model, likelihood as a graph under numba, nutpie",
    ),
    "pymc": Peer(
        # In fewer than 101 steps its warm-up learns no scales.
        SamplerSpec(draws=300, tune=150, chains=2),
        "pymc",
        "same model, likelihood as a graph under numba, PyMC's NUTS",
    ),
    "numpyro": Peer(
        SamplerSpec(draws=300, tune=100, chains=2),
        "numpyro",
        "same model, likelihood as a graph under JAX, NumPyro's NUTS",
    ),
    "mcmcpack": Peer(
        SamplerSpec(draws=3000, tune=750, chains=2),
        "MCMCpack",
        "MCMCordfactanal: ordinal probit (not logit), fixed priors, Gibbs and Metropolis",
    ),
    "rstan": Peer(
        SamplerSpec(draws=300, tune=100, chains=2),
        "rstan",
        "same model in Stan, this project's coordinates, NUTS",
        time_limit=600,
    ),
    "rstan_plain": Peer(
        # A shorter warm-up leaves the step size so small that most trajectories reach their maximal length.
        SamplerSpec(draws=300, tune=150, chains=2),
        "rstan",
        "the model as textbooks write it in Stan, NUTS",
        time_limit=900,
    ),
}


def is_r(name: str) -> bool:
    """True for a peer that is a script in R."""
    return (SCRIPTS / f"{name}.R").exists()


def find_missing(package: str, *, in_r: bool) -> str:
    """Say why a package cannot be used; empty if it can."""
    if not in_r:
        return "" if importlib.util.find_spec(package) else f"not installed: Python package {package}"
    if shutil.which("Rscript") is None:
        return "not installed: Rscript"
    # Loading the package would take seconds.
    query = f"quit(status = !nzchar(system.file(package = '{package}')))"
    found = subprocess.run(["Rscript", "-e", query], capture_output=True, check=False).returncode == 0
    return "" if found else f"not installed: R package {package}"


def run_sampler(
    name: str, votes: xr.Dataset, sampler: SamplerSpec, folder: Path, *, seed: int, time_limit: float
) -> tuple[np.ndarray, dict]:
    """Run one sampler once, in its own process: ``project`` or a key of ``PEERS``.

    The process finds its task and leaves its draws in a new folder; the sampler may keep compiled code in the
    folder above it. After ``time_limit`` seconds the process is killed.

    Returns positions (chain, draw, state), mean 0 and sd 1 over states in every draw, the US side positive,
    and the seconds ``compile`` and ``sample`` (warm-up and kept draws). A sampler may report more. Raises
    PeerError if it fails or takes too long.
    """
    folder.mkdir(parents=True)
    if is_r(name):
        script = SCRIPTS / f"{name}.R"
        write_tables(folder, votes, sampler, seed)
        run_process(["Rscript", str(script), str(folder)], time_limit)
        chains = range(1, sampler.chains + 1)
        positions = np.stack([np.loadtxt(folder / f"draws_{chain}.csv", delimiter=",") for chain in chains])
        figures = pd.read_csv(folder / "seconds.csv").iloc[0].to_dict()
    else:
        (folder / "votes.pickle").write_bytes(pickle.dumps(votes))
        task = {"sampler": name, "settings": asdict(sampler), "seed": seed}
        (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
        run_process([sys.executable, "-m", WORKER, str(folder)], time_limit)
        positions = np.load(folder / "draws.npy")
        figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    if not np.isfinite(positions).all():
        raise PeerError("some draws are not finite")
    return standardise(positions), figures


def run_process(command: list[str], time_limit: float) -> None:
    """Run a command in the project's folder, and kill it with its children after a time limit.

    The folder matters: there ``python -m`` finds this project first, also if the user works beside an
    ``analysis.py`` of their own. Raises PeerError if the command fails or takes too long, with the last line
    of its standard error that names an error.
    """
    # NumPyro runs chains in parallel only if there is a device for each.
    environment = os.environ | {"XLA_FLAGS": f"--xla_force_host_platform_device_count={CORES}"}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, errors = process.communicate(timeout=time_limit)
    except subprocess.TimeoutExpired:
        raise PeerError(f"stopped after {time_limit:.0f} s") from None
    finally:
        if process.poll() is None:
            # R and PyMC run their chains in child processes.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise PeerError(find_error(errors, process.returncode))


def find_error(text: str, code: int) -> str:
    """Return the last line that names an error, else the last line, else the exit code."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line] or lines or [f"exit code {code}"]
    return telling[-1][:300]


def write_tables(folder: Path, votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> None:
    """Write votes, starting points, priors and settings for R as four tables, with indices from 1."""
    counts = votes["counts"].values
    if counts.sum(-1).max() > 1:
        raise ValueError("the R peers take one vote a cell, not counts")
    direction = prepare_direction(votes)
    start = estimate_start(counts, direction)
    item, state, response = np.nonzero(counts)
    cells = pd.DataFrame({"item": item + 1, "state": state + 1, "response": response + 1})
    items = pd.DataFrame(
        {
            "centre": start.centre,
            "upper_weight": start.upper_weight,
            "direction": direction,
            "discrimination": start.discrimination,
            "midpoint": start.midpoint,
        }
    )
    region_idx = np.unique(votes["region"].values, return_inverse=True)[1]
    states = pd.DataFrame({"region": region_idx + 1, "position": start.position})
    priors = {k: v for k, v in asdict(IdealPointSpec()).items() if k.endswith(("_loc", "_scale"))}
    run = {"chains": sampler.chains, "tune": sampler.tune, "draws": sampler.draws, "seed": seed}
    settings = pd.DataFrame(
        (priors | run | {"cutpoint_tune": CUTPOINT_TUNE}).items(), columns=["name", "value"]
    )
    tables = {"cells": cells, "items": items, "states": states, "settings": settings}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
