"""From every vote since 1946 to positions of every state in every session."""

import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from analysis.figures.draw import save_figures
from analysis.posterior.draws import thin_evenly
from analysis.store.files import OUTPUT, write_json, write_table, write_tree
from analysis.store.keys import git_commit, now, package_versions
from analysis.store.store import load_or_make
from analysis.studies.dynamic.actors import (
    list_bloc_members,
    measure_actors,
    measure_agreement,
    plot_actors,
)
from analysis.studies.dynamic.expectations import check_expectations
from analysis.studies.dynamic.figures import draw_figures
from analysis.studies.dynamic.plan import DynamicRun, plan_dynamic
from analysis.studies.dynamic.summary import summarize_moves, summarize_positions
from analysis.variants.sampler import Report
from data.load import load_record_votes

KEPT_DRAWS = 1000
"""Draws of all positions that are stored. Figures and tables use all draws."""


def run_dynamic(
    run: DynamicRun,
    *,
    votes_path: Path | None = None,
    output: Path = OUTPUT,
    report: Report,
) -> Path:
    """Fit, judge and save. If the fit misses a gate, no result is saved.

    Parameters
    ----------
    run : DynamicRun
        What to fit.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    output : Path
        Folder of tables, draws, figures and ``dynamic_run.json``.
    report : callable
        Called with the name of each step; returns a function that takes the share done, 0 to 1.

    Returns ``output``.

    Raises
    ------
    DataError
        If there are no roll calls, or none of these sessions.
    ConvergenceError
        If a position or step size misses a gate.
    """
    # Imported here: a plan of the run loads neither compiler nor sampler.
    from analysis.studies.dynamic.fit import join_pairs
    from analysis.studies.dynamic.saved import build_dynamic_tree

    begin, started, commit = time.perf_counter(), now(), git_commit()
    reading = report("votes")
    votes = load_record_votes(run.sessions, votes_path, lambda share, _: reading(share))
    reading(1.0)
    pairs = [load_or_make(task, report=report)[0] for task in plan_dynamic(run, votes)]
    idata = join_pairs(pairs, run.sampler)
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    posterior = idata["posterior"].dataset
    positions, moves = summarize_positions(posterior, votes), summarize_moves(posterior)
    actors, distances = measure_actors(posterior, list_bloc_members(sorted(set(positions["year"]))))
    distances, agreement = measure_agreement(votes, distances)
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
        "peak_memory_gb": round(memory / (1e9 if sys.platform == "darwin" else 1e6), 2),
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
    write_table(actors.round(3), output / "dynamic_actors.csv")
    write_table(distances.round(3), output / "dynamic_distances.csv")
    write_table(agreement.round(3), output / "dynamic_agreement.csv")
    write_table(check_expectations(positions).round(3), output / "dynamic_expectations.csv")
    kept = build_dynamic_tree(thin_evenly(idata, KEPT_DRAWS), votes, run.model, run.seed)
    write_tree(kept, output / "dynamic_ideal_points.nc")
    figures = draw_figures(positions, moves, names) | {"dynamic_actors": plot_actors(actors, names)}
    save_figures(output, figures)
    write_json(record, output / "dynamic_run.json")
    return output
