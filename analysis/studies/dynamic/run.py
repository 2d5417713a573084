"""The command ``dynamic``: from every vote since 1946 to positions of every state in every session."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.fitting.gates import ConvergenceError
from analysis.store.files import OUTPUT, write_json, write_table, write_tree
from analysis.store.keys import git_commit, now, package_versions
from analysis.studies.dynamic.figures import save_dynamic_figures
from analysis.studies.dynamic.fit import fit_dynamic
from analysis.studies.dynamic.summary import summarize_moves, summarize_positions
from analysis.variants.sampler import SamplerSpec
from data.load import DataError, load_record_votes
from models.spec import DynamicIdealPointSpec, SpecError

KEPT_DRAWS = 1000
"""Draws of all positions that are stored; figures and tables are made from all."""


@dataclass(frozen=True, kw_only=True)
class DynamicRun:
    """What is fitted, and how much is sampled.

    Attributes
    ----------
    sessions : tuple of int
        First and last session.
    model : DynamicIdealPointSpec
        Priors and choices.
    sampler : SamplerSpec
        Draws and warm-up of each chain, chains in pairs.
    seed : int
        Seed.
    """

    sessions: tuple[int, int] = (1, 80)
    model: DynamicIdealPointSpec = DynamicIdealPointSpec()
    sampler: SamplerSpec = SamplerSpec(draws=2000, tune=500, target_accept=0.9)
    seed: int = 1946


def parse_sessions(text: str) -> tuple[int, int]:
    """``"1-74"`` -> (1, 74), ``"57"`` -> (57, 57); DataError for anything else."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise DataError(f"sessions = {text!r}: a first and a last session are needed, such as 1-80")
    return int(first), int(last or first)


def run_dynamic(
    run: DynamicRun,
    *,
    votes_path: Path | None = None,
    output: Path = OUTPUT,
    report: Callable[[str], Callable[[float], None]],
) -> dict:
    """Fit, judge and save; nothing is saved of a fit that misses a gate.

    Parameters
    ----------
    run : DynamicRun
        What to fit.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    output : Path
        Folder of ``dynamic_ideal_points.csv`` and ``.nc``, ``dynamic_moves.csv``, ``dynamic_run.json`` and
        figures.
    report : callable
        Told the name of each step as it begins; gives what is told the share done.

    Returns
    -------
    dict
        What ``dynamic_run.json`` holds.

    Raises
    ------
    DataError
        No roll calls, or none of these sessions.
    ConvergenceError
        If a position or scale misses a gate.
    """
    begin, started, commit = time.perf_counter(), now(), git_commit()
    reading = report("votes")
    votes = load_record_votes(run.sessions, votes_path, lambda share, _: reading(share))
    reading(1.0)
    sampling = report("dynamic ideal points")
    idata = fit_dynamic(votes, run.model, run.sampler, seed=run.seed, progress=sampling)
    sampling(1.0)
    seconds = time.perf_counter() - begin
    posterior = idata["posterior"].dataset
    positions, moves = summarize_positions(posterior, votes), summarize_moves(posterior)
    record = {
        "sessions": list(run.sessions),
        "spec": asdict(run.model),
        "sampler": asdict(run.sampler),
        "seed": run.seed,
        "started": started,
        "finished": now(),
        "commit": commit,
        "versions": package_versions(),
        "seconds": round(seconds, 1),
        # Linux counts kilobytes, macOS bytes.
        "peak_memory_gb": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6), 2
        ),
        "convergence": idata.attrs["convergence"],
        "convergence_of_resolutions": idata.attrs["items"],
        "votes": {key: votes.attrs[key] for key in ("source", "sha256", "first_session", "last_session")}
        | {
            "states": votes.sizes["state"],
            "roll_calls": votes.sizes["item"],
            "resolutions": len(np.unique(votes["match_group"].values)),
            "votes_cast": int(votes["counts"].sum()),
            "positions": len(positions),
        },
    }
    output.mkdir(parents=True, exist_ok=True)
    names = dict(zip(votes["state"].values, votes["name"].values, strict=True))
    write_table(positions.round(3), output / "dynamic_ideal_points.csv")
    write_table(moves.round(3), output / "dynamic_moves.csv")
    write_tree(thin(idata), output / "dynamic_ideal_points.nc")
    save_dynamic_figures(output, positions, moves, names)
    write_json(record, output / "dynamic_run.json")
    return record


def thin(idata: xr.DataTree) -> xr.DataTree:
    """At most ``KEPT_DRAWS`` draws, evenly spaced, of all variables."""
    sizes = idata["posterior"].dataset.sizes
    keep = min(sizes["draw"], max(1, KEPT_DRAWS // sizes["chain"]))
    pick = np.linspace(0, sizes["draw"] - 1, keep).round().astype(int)
    thinned = xr.DataTree.from_dict(
        {group: idata[group].dataset.isel(draw=pick) for group in ("posterior", "sample_stats")}
    )
    thinned.attrs = dict(idata.attrs)
    return thinned


def show_dynamic(run: DynamicRun, votes_path: Path | None, output: Path, console: Console) -> int:
    """Run with progress and say what came out; the exit code is that of ``run_and_show``."""
    columns = (TextColumn("{task.description:32}"), BarColumn(), TextColumn("{task.percentage:>4.0f} %"))
    try:
        with Progress(*columns, TimeElapsedColumn(), console=console) as bars:

            def report(name: str):
                task = bars.add_task(name, total=1.0)
                return lambda share: bars.update(task, completed=share)

            record = run_dynamic(run, votes_path=votes_path, output=output, report=report)
    except (DataError, SpecError) as error:
        console.print(f"[bold red]Bad input:[/bold red] {escape(str(error))}", highlight=False)
        return 2
    except ConvergenceError as error:
        console.print(f"[bold red]No result saved:[/bold red] {escape(str(error))}", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("[bold]Stopped.[/bold] Finished pairs of chains are kept: the same command goes on.")
        return 130
    votes, figures = record["votes"], record["convergence"]
    least = min(figures["min_ess_bulk"], figures["min_ess_tail"])
    console.print(
        f"{votes['positions']:,} positions of {votes['states']} states from {votes['votes_cast']:,} votes in "
        f"sessions {run.sessions[0]}-{run.sessions[1]}: R-hat at most {figures['max_rhat']:.4f}, "
        f"ESS at least {least:.0f}, no divergence; {record['seconds']:.0f} s, "
        f"{record['peak_memory_gb']:.1f} GB.\nFiles: {output}",
        highlight=False,
        soft_wrap=True,
    )
    return 0
