"""Progress bars of a long job, and the run of a study from its plan to its result."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.commands.app import bad_input_ends, console, job_ends, load_xarray
from analysis.variants.sampler import Report
from analysis.variants.variant import Variant

if TYPE_CHECKING:
    from analysis.store.task import Task


def explain_or_run(
    plan: Callable[[], list["Task"]],
    run: Callable[[Report], Path],
    show: Callable[[Path, Console], None],
    *,
    explain: bool,
    quick: bool = False,
    variant: Variant | None = None,
    votes_path: Path | None = None,
) -> None:
    """Explain the tasks that ``plan`` lists, or ``run`` the study and ``show`` its results.

    See ``run_with_progress`` for ``run``, ``variant`` and ``votes_path``.
    """
    if explain:
        explain_tasks(plan, console, variant, votes_path)
        return
    path = run_with_progress(run, variant, votes_path, console)
    show(path, console)
    show_files(path, quick, console)


def explain_tasks(
    plan: Callable[[], list["Task"]],
    console: Console,
    variant: Variant | None = None,
    votes_path: Path | None = None,
) -> None:
    """Print which votes a variant would use, which tasks would be made and why, and which would be reused."""
    from analysis.store.explain import show_explanation
    from analysis.store.store import Store

    load_xarray()
    with bad_input_ends(console):
        if variant is not None:
            console.print(name_votes(variant, votes_path), highlight=False, markup=False, soft_wrap=True)
        tasks = plan()
    show_explanation(tasks, Store(), console)


def show_files(files: Path | str, quick: bool, console: Console) -> None:
    """Print where the files of a run are, and whether it was a quick run."""
    if quick:
        console.print("[bold]Quick run: for trying out, not a result.[/bold]")
    console.print(f"Files: {files}", highlight=False, markup=False, soft_wrap=True)


def run_with_progress(
    run: Callable[[Report], Path], variant: Variant | None, votes_path: Path | None, console: Console
) -> Path:
    """Say which votes are used, and run a job with a bar for each step. ``job_ends`` says how errors end it.

    Parameters
    ----------
    run : callable
        Job to run: takes a step reporter, returns the path of its results.
    variant : Variant or None
        Variant that the job runs; None if the job uses no votes.
    votes_path : Path, optional
        File or folder of the roll calls; see ``data.load.find_rollcalls``.
    console : Console
        Where everything is printed.
    """
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        TextColumn("{task.percentage:>4.0f} %"),
        TimeElapsedColumn(),
    )
    with job_ends(console):
        if variant is not None:
            console.print(name_votes(variant, votes_path), highlight=False, markup=False, soft_wrap=True)
        with Progress(*columns, console=console) as bars:

            def report(name: str) -> Callable[[float], None]:
                task = bars.add_task(name, total=1.0)
                return lambda share: bars.update(task, completed=share)

            return run(report)


def name_votes(variant: Variant, votes_path: Path | None) -> str:
    """Say which votes a variant will use, or what it asks for that cannot be had without roll calls."""
    from data.load import FETCH_COMMAND, find_rollcalls, list_beyond_tallies

    found, spec = find_rollcalls(votes_path), variant.data
    if found is None and (
        needs := {need: None for case in spec.cases for need in list_beyond_tallies(spec, case)}
    ):
        return f"Votes: no roll calls found, and {', '.join(needs)} cannot be had from the shipped tallies."
    if variant.data.granularity == "agenda":
        return "Votes: the agenda tallies that ship with the project, as the variant asks."
    if found is None:
        return (
            "Votes: no roll calls found; using the agenda tallies that ship with the project. "
            f"To get roll calls: {FETCH_COMMAND}"
        )
    return f"Votes: roll calls in {found}."
