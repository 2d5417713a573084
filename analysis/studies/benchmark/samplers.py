"""Effective draws a second of stage 1 and of its peers, on the same votes."""

from collections.abc import Callable
from pathlib import Path

import arviz as az
import numpy as np
import xarray as xr

from analysis.studies.benchmark.peers import PROJECT, Peer, PeerError, find_missing, is_r, run_sampler
from analysis.studies.benchmark.table import (
    GATES_SECONDS,
    MEDIAN_ESS,
    MEDIAN_ESS_RATIO,
    MIN_ESS,
    MIN_ESS_RATIO,
    row,
)
from analysis.variants.sampler import CORES, SamplerSpec


def measure_samplers(
    votes: xr.Dataset,
    *,
    peers: dict[str, Peer],
    project: SamplerSpec,
    repetitions: int,
    folder: Path,
    seed: int,
    progress: Callable[[float, str], None],
) -> list[dict]:
    """Run the project's fit and every peer in turn, several times; return rows of the table.

    ``votes`` has one vote a cell. A peer that is not installed gets a row that says so. Each run of a peer is
    compared with the project's fit of the same round. The caller removes the folder for temporary files.
    ``progress`` takes the share done, 0 to 1, and what comes next.
    """
    everyone = {PROJECT: Peer(project, "nutpie", "this project's stage 1")} | peers
    # A sampler that is missing or has failed is not tried again.
    failed = {name: find_missing(peer.package, in_r=is_r(name)) for name, peer in peers.items()}
    measured = {name: [] for name in everyone}
    means = {}
    for repetition in range(repetitions):
        for number, (name, peer) in enumerate(everyone.items()):
            share = (repetition + number / len(everyone)) / repetitions
            progress(share, f"{name}, {repetition + 1} of {repetitions}")
            if failed.get(name):
                continue
            try:
                positions, figures = run_sampler(
                    name,
                    votes,
                    peer.sampler,
                    folder / name / str(repetition),
                    seed=seed + repetition,
                    time_limit=peer.time_limit,
                )
            except PeerError as error:
                failed[name] = f"failed: {error}"
                continue
            means[name] = positions.mean((0, 1))
            measured[name].append(figures | summarize_positions(positions) | {"repetition": repetition})
    progress(1.0, "done")
    size = f"{votes.sizes['state']} x {votes.sizes['item']}"
    return [
        line | {"size": size}
        for name, peer in everyone.items()
        for line in _summarize_sampler(name, peer, measured, means, failed.get(name, ""))
    ]


def _summarize_sampler(
    name: str, peer: Peer, measured: dict[str, list[dict]], means: dict[str, np.ndarray], failed: str
) -> list[dict]:
    """Make the rows of one sampler. ``failed`` says why a repetition is missing; empty if none is."""
    runs = measured[name]
    rows = [row("sampler", name, MIN_ESS, "1/s", note=failed)] if failed else []
    if not runs:
        return rows
    sampler = peer.sampler
    note = f"{peer.note}; {sampler.chains} chains, {sampler.tune} + {sampler.draws} draws, {CORES} cores"
    columns = {
        (MIN_ESS, "1/s"): [run["min_ess"] / run["sample"] for run in runs],
        (MEDIAN_ESS, "1/s"): [run["median_ess"] / run["sample"] for run in runs],
        ("minimum ESS", "draws"): [run["min_ess"] for run in runs],
        ("largest R-hat", ""): [run["max_rhat"] for run in runs],
        ("warm-up and draws", "s"): [run["sample"] for run in runs],
        ("compilation or set-up, first round", "s"): runs[0]["compile"],
    }
    if name == PROJECT:
        # A fit that misses a gate gives no result, so its speed does not count.
        seconds = [run["sample"] + run["judge"] if run["passed"] else np.inf for run in runs]
        missed = "".join(f"; {run['note']}" for run in runs if run["note"])
        rows.append(row("sampler", name, GATES_SECONDS, "s", seconds, note=note + missed))
    elif measured[PROJECT]:
        own = {run["repetition"]: run for run in measured[PROJECT]}
        pairs = [(own[run["repetition"]], run) for run in runs if run["repetition"] in own]
        for quantity, figure in ((MIN_ESS_RATIO, "min_ess"), (MEDIAN_ESS_RATIO, "median_ess")):
            columns[quantity, "times"] = [
                (mine[figure] / mine["sample"]) / (run[figure] / run["sample"]) for mine, run in pairs
            ]
        agreement = np.corrcoef(means[name], means[PROJECT])[0, 1]
        columns["correlation of positions with this project's", ""] = agreement
    return rows + [
        row("sampler", name, quantity, unit, values, note=note)
        for (quantity, unit), values in columns.items()
    ]


def summarize_positions(positions: np.ndarray) -> dict[str, float]:
    """Summarize effective draws and R-hat of positions (chain, draw, state) over states.

    Returns ``min_ess`` and ``median_ess`` (bulk, in draws) and ``max_rhat``.
    """
    draws = xr.DataArray(positions, dims=("chain", "draw", "state")).to_dataset(name="position")
    ess = az.ess(draws, method="bulk")["position"].values
    return {
        "min_ess": float(ess.min()),
        "median_ess": float(np.median(ess)),
        "max_rhat": float(az.rhat(draws)["position"].max()),
    }
