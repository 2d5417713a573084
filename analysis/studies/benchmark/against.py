"""Before and after: the commands that users run, timed in turns at two commits of the project."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.store.files import ROOT, write_table
from analysis.studies.benchmark.checkouts import (
    Checkout,
    CheckoutError,
    find_commit,
    find_votes,
    is_changed,
    open_checkouts,
    sync_environment,
)
from analysis.studies.benchmark.jobs import JOBS, LONG, Use, run_job
from analysis.studies.benchmark.run import describe_setup
from analysis.studies.benchmark.table import COLUMNS, PART, RATIO, row

PAIRS = 3
SIDES = ("before", "after")
QUANTITIES = {
    "processor": ("processor time", "s"),
    "clock": ("time by the clock", "s"),
    "memory": ("peak memory of the largest process", "MB"),
}
"""What is measured: field of ``Use`` -> name and unit in the table."""

Pairs = dict[str, list[tuple[Use, Use]]]
"""What each job used, before and after, by its key in ``JOBS``."""


@dataclass(frozen=True, kw_only=True)
class AgainstSpec:
    """What is compared.

    Attributes
    ----------
    before, after : str
        Full hashes of the two commits.
    parts : tuple of str
        Keys of ``JOBS``.
    pairs : int
        Times that each job runs at each commit. The order within a pair alternates.
    quick : bool
        Short versions of the jobs, for trying out. The numbers mean nothing.
    """

    before: str
    after: str
    parts: tuple[str, ...]
    pairs: int = PAIRS
    quick: bool = False


def choose_against(
    revision: str, *, parts: str | None, pairs: int | None, quick: bool, root: Path = ROOT
) -> AgainstSpec:
    """Turn the options of the command line into a specification.

    Parameters
    ----------
    revision : str
        Commit to compare with, in any spelling that git knows.
    parts : str, optional
        Keys of ``JOBS``, separated by commas. Default: all that are short.
    pairs : int, optional
    quick : bool
    root : Path
        Git checkout of the project.

    Raises
    ------
    ValueError
        If a part or the commit does not exist, or ``pairs`` is below 1.
    """
    known = [name for name, job in JOBS.items() if job.quick or not quick]
    chosen = [name for name in known if name not in LONG]
    if parts is not None:
        chosen = [name.strip() for name in parts.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        raise ValueError(f"unknown parts {', '.join(unknown)}; choose from {', '.join(known)}")
    pairs = pairs if pairs is not None else 1 if quick else PAIRS
    if pairs < 1:
        raise ValueError("repetitions must be at least 1")
    before, after = find_commit(revision, root), find_commit("HEAD", root)
    return AgainstSpec(before=before, after=after, parts=tuple(chosen), pairs=pairs, quick=quick)


def run_against(
    spec: AgainstSpec,
    *,
    votes_path: Path | None,
    file: Path,
    report: Callable[[str], Callable],
    prepare: Callable[[Path], None] = sync_environment,
    root: Path = ROOT,
) -> pd.DataFrame:
    """Set both commits up and measure them. The table is saved after every pair.

    Parameters
    ----------
    spec : AgainstSpec
    votes_path : Path, optional
        File or folder of the roll calls.
    file : Path
        File for the table.
    report : callable
        As in ``analysis.studies.benchmark.run.run_benchmark``.
    prepare, root
        As in ``analysis.studies.benchmark.checkouts.open_checkouts``.

    Returns
    -------
    pd.DataFrame
        Columns ``analysis.studies.benchmark.table.COLUMNS``, and ``quick`` for a quick run.

    Raises
    ------
    CheckoutError
        If a commit cannot be set up, or its main job fails.
    DataError
        If there are no roll calls where ``votes_path`` says.
    """
    progress = report("before, after")
    votes = find_votes(votes_path)
    setup = describe_setup("roll calls; in a fresh clone the shipped tallies" if votes else "shipped tallies")
    if is_changed(root):
        setup.append(row("setup", "", "changes", note="changes that are not committed are left out"))

    def save(pairs: Pairs, failed: dict[str, str]) -> pd.DataFrame:
        table = pd.DataFrame(setup + list_rows(pairs, failed), columns=COLUMNS)
        table = table.assign(quick=True) if spec.quick else table
        write_table(table, file)
        return table

    progress(0.0, "setting both commits up")
    with open_checkouts({name: getattr(spec, name) for name in SIDES}, prepare, root) as checkouts:
        for checkout in checkouts:
            setup.append(row("setup", checkout.name, "commit", note=checkout.commit))
            setup.append(row("setup", checkout.name, "versions", note=checkout.list_versions()))
        pairs, failed = measure_pairs(spec, checkouts, votes, progress=progress, save=save)
    return save(pairs, failed)


def measure_pairs(
    spec: AgainstSpec,
    checkouts: list[Checkout],
    votes: Path | None,
    *,
    progress: Callable[[float, str], None],
    save: Callable[[Pairs, dict[str, str]], object],
) -> tuple[Pairs, dict[str, str]]:
    """Run each job at both commits in turn, ``spec.pairs`` times, and change the order from pair to pair.

    Before that each commit runs its main job once, unmeasured: its code is then compiled, and its results are
    what the jobs after a run find. ``save`` takes what there is after each pair. Returns the pairs, and why a
    job was given up, by its key. Raises CheckoutError if a main job fails.
    """
    steps = len(checkouts) * (1 + spec.pairs * len(spec.parts))
    done = 0

    def step(what: str) -> None:
        nonlocal done
        progress(done / steps, what)
        done += 1

    for checkout in checkouts:
        step(f"{checkout.name}: compiling")
        try:
            run_job(JOBS["run"], checkout, votes, quick=spec.quick)
        except CheckoutError as error:
            raise CheckoutError(f"{checkout.name}, {checkout.commit}: {error}") from None
        checkout.results.rename(checkout.stored)
    pairs, failed = {name: [] for name in spec.parts}, {}
    for number in range(spec.pairs):
        for name in spec.parts:
            used = {}
            for checkout in checkouts if number % 2 == 0 else reversed(checkouts):
                step(f"{name} {checkout.name}, {number + 1} of {spec.pairs}")
                if name in failed:
                    continue
                try:
                    used[checkout.name] = run_job(JOBS[name], checkout, votes, quick=spec.quick)
                except CheckoutError as error:
                    failed[name] = f"failed {checkout.name}: {error}"
            if name not in failed:
                pairs[name].append((used["before"], used["after"]))
            save(pairs, failed)
    progress(1.0, "done")
    return pairs, failed


def list_rows(pairs: Pairs, failed: dict[str, str]) -> list[dict]:
    """Make the rows of the table: each quantity of each job before and after, and the ratios of its pairs."""
    rows = []
    for name, measured in pairs.items():
        title = JOBS[name].title
        if name in failed:
            rows.append(
                row(PART, title, f"{QUANTITIES['processor'][0]}, {RATIO}", "times", note=failed[name])
            )
        for field, (quantity, unit) in QUANTITIES.items() if measured else ():
            values = [[getattr(use, field) for use in pair] for pair in measured]
            before, after = zip(*values, strict=True)
            ratios = [new / old for old, new in values]
            each = "pairs " + ", ".join(f"{ratio:.3g}" for ratio in ratios)
            rows.append(row(PART, title, f"{quantity}, before", unit, before))
            rows.append(row(PART, title, f"{quantity}, after", unit, after))
            rows.append(row(PART, title, f"{quantity}, {RATIO}", "times", ratios, note=each))
    return rows
