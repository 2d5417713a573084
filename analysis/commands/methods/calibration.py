"""``sfl calibration``: simulated truths rank among posterior draws as they should, in stage 2 or in all."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.commands.app import RESUME, ExplainOption, OutputOption, app, console, job_ends, show_error
from analysis.commands.progress import explain_or_run, explain_tasks, show_files

if TYPE_CHECKING:
    from analysis.store.store import Store
    from analysis.store.task import Task


def show_ranks(path: Path, console: Console) -> None:
    """Print the smallest p of uniform ranks for each model."""
    import pandas as pd

    from analysis.studies.calibration.stage2 import judge_ranks

    for fitted, p in judge_ranks(pd.read_csv(path)).groupby("fitted")["p"].min().items():
        console.print(f"{fitted} model: smallest p of uniform ranks {p:.3g} (Bonferroni)", highlight=False)


@app.command(
    epilog="Example: [bold]uv run sfl calibration --quick[/bold], or "
    "[bold]uv run sfl calibration --pipeline[/bold]"
)
def calibration(
    pipeline: Annotated[
        bool, typer.Option("--pipeline", help="Both stages: votes and coalitions of simulated worlds.")
    ] = False,
    world: Annotated[
        Literal["priors", "dependent"],
        typer.Option(
            help="With --pipeline: worlds as the models assume, or worlds whose votes have repeats of "
            "another kind and a second dimension."
        ),
    ] = "priors",
    worlds: Annotated[int, typer.Option(min=1, help="With --pipeline: number of worlds.")] = 200,
    scheduler: Annotated[
        str | None,
        typer.Option(help="With --pipeline: a Dask scheduler such as tcp://host:8786. Default: a local one."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Workers on this machine.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fit few worlds, to try the command out.")] = False,
    explain: ExplainOption = False,
    output: OutputOption = None,
) -> None:
    """Test on simulated worlds that the models recover what was put in, and that a wrong model fails."""
    from analysis.store.files import OUTPUT

    if pipeline:
        from analysis.studies.calibration.pipeline import plan_worlds

        tasks = plan_worlds(world, worlds, quick=quick)
        if explain:
            explain_tasks(lambda: tasks, console)
            return
        with job_ends(console):
            run_worlds(tasks, output or OUTPUT, scheduler, workers, quick=quick)
        return
    from analysis.studies.calibration.stage2 import plan_calibration, run_calibration, save_calibration

    tasks = plan_calibration(quick=quick)
    explain_or_run(
        lambda: tasks,
        lambda report: save_calibration(run_calibration(tasks, report=report), output or OUTPUT, quick=quick),
        show_ranks,
        explain=explain,
        quick=quick,
    )


def run_worlds(
    tasks: list["Task"], folder: Path, scheduler: str | None, workers: int | None, *, quick: bool
) -> None:
    """Make the worlds that are not stored on a Dask cluster, write table and figure, and say what they show.

    The exit code is 1 if no world passed the gates, 3 if the scheduler is lost.
    """
    from analysis.store.store import Store
    from analysis.studies.calibration.pipeline import collect_worlds, save_worlds
    from analysis.studies.calibration.ranks import judge, say
    from analysis.studies.sensitivity.cluster import SchedulerLostError

    store = Store()
    try:
        make_worlds(tasks, store, scheduler, workers)
    except SchedulerLostError as error:
        show_error("Stopped", error, console)
        console.print(RESUME)
        sys.exit(3)
    try:
        counts, worlds = collect_worlds(tasks, store)
    except ValueError as error:
        show_error("No result saved", error, console)
        sys.exit(1)
    path = save_worlds(counts, worlds, folder, quick=quick)
    failed = worlds[worlds["status"] == "failed"]
    console.print(f"{len(worlds)} worlds; {len(failed)} missed a gate and are left out.", highlight=False)
    for sentence in say(judge(counts)):
        console.print(escape(sentence), highlight=False)
    show_files(path, quick, console)


def make_worlds(tasks: list["Task"], store: "Store", scheduler: str | None, workers: int | None) -> None:
    """Make the worlds that are not stored, with a progress bar. What fails for other reasons is named."""
    missing = [task for task in tasks if store.find(task) is None]
    console.print(f"{len(tasks)} worlds, {len(tasks) - len(missing)} of them stored.", highlight=False)
    if not missing:
        return
    from analysis.studies.sensitivity.cluster import connect, run_tasks
    from analysis.studies.sensitivity.worker import Done

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with connect(scheduler, workers) as client, Progress(*columns, console=console) as bars:
        bar = bars.add_task("worlds", total=len(missing))

        def finished(task: "Task", outcome: object) -> None:
            if not isinstance(outcome, Done) and not outcome.lasting:
                bars.console.print(f"failed: {task.name}: {escape(outcome.reason)}", highlight=False)
            bars.advance(bar)

        run_tasks(client, missing, store, finished)
