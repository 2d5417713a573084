"""``python -m analysis sensitivity``: says what it will do, does it, and writes one page."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from analysis.commands.app import ExplainOption, VotesOption, app, console
from analysis.store.explain import show_explanation
from analysis.store.files import OUTPUT
from analysis.store.store import Store
from analysis.store.task import Task
from analysis.studies.sensitivity.cluster import SchedulerLostError, connect, run_tasks
from analysis.studies.sensitivity.page import write_page
from analysis.studies.sensitivity.survey import collect, expect_seconds, for_review, survey
from analysis.studies.sensitivity.worker import Done, Outcome
from analysis.variants.table import AXES, MAIN, build_variant, choose_axes, cross_axes
from analysis.variants.variant import Variant
from data.load import DataError


def choose_variants(axes: str | None, cross: str | None) -> tuple[list[Variant], dict[str, str]]:
    """Variants of some axes (all of them otherwise), or the product of some, and what of it is impossible.

    Raises
    ------
    ValueError
        For an unknown axis, or both.
    """
    if axes and cross:
        raise ValueError("either --axes or --cross, not both")
    if cross:
        return cross_axes([axis.strip() for axis in cross.split(",")])
    names = [axis.strip() for axis in axes.split(",")] if axes else AXES
    return [MAIN, *(build_variant(choice) for choice in choose_axes(names))], {}


def run_sensitivity(
    variants: list[Variant],
    impossible: dict[str, str],
    console: Console,
    *,
    votes_path: Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    explain: bool = False,
    store: Store | None = None,
    output: Path = OUTPUT,
) -> int:
    """Run variants on a cluster and write table, figure and page.

    Parameters
    ----------
    variants : list of Variant
        The first is the main analysis.
    impossible : dict of str to str
        Combinations that exclude each other, and why; they are told, not run.
    console : Console
    votes_path : Path, optional
        File or folder of the roll calls.
    scheduler : str, optional
        Address of a Dask scheduler; otherwise a cluster of this machine's own, of ``workers``.
    workers : int, optional
    explain : bool
        Say only what would be made, and why.
    store : Store, optional
        Where fits are.
    output : Path
        Folder of the table, the figure and the page.

    Returns
    -------
    int
        0; 2 if the input is bad; 3 if the scheduler was lost; 4 if nothing could be saved; 130 if stopped.
    """
    begin, store, lost = time.perf_counter(), store or Store(), {}
    try:
        with console.status("Looking at what is there"):
            found = survey([for_review(v) for v in variants], store, votes_path, lambda share: None)
        missing = found.list_missing(store)
        if explain:
            show_explanation(found.list_tasks(), store, console)
            return 0
        seconds = expect_seconds(missing, store)
        console.print(announce(len(variants), impossible, found, missing, seconds, workers), highlight=False)
        if missing:
            with connect(scheduler, workers) as client:
                count = len(client.scheduler_info(n_workers=-1)["workers"])
                lost = _make(client, missing, store, seconds, count, console)
    except DataError as error:
        console.print(f"[bold red]Bad input:[/bold red] {escape(str(error))}", highlight=False)
        return 2
    except SchedulerLostError as error:
        console.print(f"[bold red]Stopped:[/bold red] {escape(str(error))}", highlight=False)
        console.print("Finished fits are kept: the same command goes on from there.")
        return 3
    except OSError as error:
        console.print(
            f"[bold red]Nothing more could be saved:[/bold red] {escape(str(error))}", highlight=False
        )
        console.print("Fits saved before are whole: with room made, the same command goes on from there.")
        return 4
    except KeyboardInterrupt:
        console.print("[bold]Stopped.[/bold] Finished fits are kept: the same command goes on from there.")
        return 130
    table = collect(found, store, lost)
    write_page(table, variants, impossible, output, console)
    console.print(f"Files: {output} ({time.perf_counter() - begin:.0f} s)", highlight=False, soft_wrap=True)
    return 0


def announce(n_variant: int, impossible: dict, found, missing: list[Task], seconds: dict, workers) -> str:
    """What will be done, in a sentence or two, before it is begun."""
    tasks = found.list_tasks()
    done = sum(name not in found.plans and name not in found.refused for name in found.effects)
    text = f"{n_variant} variants, {done} of them there. "
    if impossible:
        text += f"{len(impossible)} combinations exclude each other and are left out. "
    fits = [task for task in tasks if task.kind != "effects"]
    to_make = [task for task in missing if task.kind != "effects"]
    work = sum(seconds[task.kind] for task in missing)
    text += (
        f"{len(fits)} fits are needed by the others, {len(fits) - len(to_make)} there, {len(to_make)} to make"
    )
    return text + (f": about {_minutes(work)} of one core." if missing else ".")


def _minutes(seconds: float) -> str:
    # What is left is a difference of sums: at the end it may be a rounding error below 0.
    seconds = max(0.0, seconds)
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _make(client, missing: list[Task], store: Store, seconds: dict, count: int, console: Console) -> dict:
    """Make tasks with progress; returns what could not be made this time, by key, and why."""
    lost, left = {}, {"expected": sum(seconds[task.kind] for task in missing), "ratio": 1.0}
    done_expected = done_taken = 0.0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    console.print(f"{count} workers, one thread each.", highlight=False)
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task("fits", total=len(missing), left=_minutes(left["expected"] / count) + " left")

        def finished(task: Task, outcome: Outcome) -> None:
            nonlocal done_expected, done_taken
            left["expected"] -= seconds[task.kind]
            done_expected += seconds[task.kind]
            done_taken += outcome.seconds
            if not isinstance(outcome, Done):
                if not outcome.lasting:
                    lost[task.key] = outcome.reason
                bars.console.print(f"failed: {task.name}: {escape(outcome.reason)}", highlight=False)
            ratio = done_taken / done_expected if done_expected else 1.0
            bars.update(bar, advance=1, left=_minutes(ratio * left["expected"] / count) + " left")

        run_tasks(client, missing, store, finished)
    return lost


@app.command(
    epilog="Example: [bold]sfl sensitivity --axes guarantee,coalition[/bold], or "
    "[bold]--cross guarantee,coalition,covariates[/bold]"
)
def sensitivity(
    axes: Annotated[
        str | None, typer.Option(help="Only variants on these axes, with commas. Otherwise all.")
    ] = None,
    cross: Annotated[str | None, typer.Option(help="The product of the choices on these axes.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler, as tcp://host:8786; otherwise this machine's cores.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Workers on this machine.")] = None,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Run every choice of the project otherwise, one at a time or crossed, and say what moves the answer."""
    try:
        variants, impossible = choose_variants(axes, cross)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(
        run_sensitivity(
            variants,
            impossible,
            console,
            votes_path=votes,
            scheduler=scheduler,
            workers=workers,
            explain=explain,
        )
    )
