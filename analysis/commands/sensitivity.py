"""``sfl sensitivity``: run many variants on a cluster, and show what moves the answer."""

import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from analysis.commands.app import (
    RESUME,
    ExplainOption,
    VotesOption,
    app,
    bad_option_ends,
    console,
    job_ends,
    load_xarray,
    show_error,
)

if TYPE_CHECKING:
    import pandas as pd

    from analysis.store.store import Store
    from analysis.store.task import Task
    from analysis.studies.sensitivity.survey import Survey
    from analysis.studies.sensitivity.worker import Outcome
    from analysis.variants.variant import Variant

WIDE = 135
"""Terminal width, in columns, from which the names of choices fit into the table."""


def run_sensitivity(
    variants: list["Variant"],
    impossible: dict[str, str],
    console: Console,
    *,
    votes_path: Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    explain: bool = False,
) -> None:
    """Run variants on a cluster, and write table, figure and page.

    The first variant is the main analysis. ``impossible`` has the combinations of choices that exclude each
    other, with the reason; they are counted, not run. Without the address of a Dask ``scheduler``, a local
    cluster with ``workers`` workers runs them (default: one a core). The exit code is 3 if the scheduler is
    lost; see ``job_ends`` for the others.
    """
    from analysis.store.explain import show_explanation
    from analysis.store.files import OUTPUT
    from analysis.store.store import Store
    from analysis.studies.sensitivity.survey import collect, expect_seconds, for_review, survey

    load_xarray()
    begin, store, lost = time.perf_counter(), Store(), {}
    with job_ends(console, saves=not explain):
        with console.status("Looking up stored results"):
            found = survey([for_review(v) for v in variants], store, votes_path, lambda share: None)
        missing = found.list_missing(store)
        if explain:
            show_explanation(found.list_tasks(), store, console)
            return
        from analysis.studies.sensitivity.cluster import SchedulerLostError, connect
        from analysis.studies.sensitivity.page import write_page

        seconds = expect_seconds(missing, store)
        console.print(announce(found, missing, seconds, impossible), highlight=False)
        if missing:
            try:
                with connect(scheduler, workers) as client:
                    count = len(client.scheduler_info(n_workers=-1)["workers"])
                    lost = _make(client, missing, store, seconds, count, console)
            except SchedulerLostError as error:
                show_error("Stopped", error, console)
                console.print(RESUME)
                sys.exit(3)
    page = write_page(collect(found, store, lost), variants, impossible, OUTPUT)
    for sentence in page.sentences:
        console.print(sentence, highlight=False)
    console.print(to_table(page.grid, console.width, page.name))
    seconds = time.perf_counter() - begin
    console.print(f"Files: {OUTPUT} ({seconds:.0f} s)", highlight=False, markup=False, soft_wrap=True)


def announce(found: "Survey", missing: list["Task"], seconds: dict[str, float], impossible: dict) -> str:
    """Say what will be made, and how long that takes on one core."""
    done = sum(name not in found.plans and name not in found.refused for name in found.effects)
    text = f"{len(found.variants)} variants, {done} of them stored. "
    if impossible:
        text += f"{len(impossible)} combinations exclude each other and are left out. "
    fits = [task for task in found.list_tasks() if task.kind != "effects"]
    to_make = [task for task in missing if task.kind != "effects"]
    text += f"The others need {len(fits)} fits: {len(fits) - len(to_make)} stored, {len(to_make)} to make"
    work = sum(seconds[task.kind] for task in missing)
    return text + (f", about {_minutes(work)} of one core." if missing else ".")


def to_table(grid: "pd.DataFrame", width: int, page: str) -> Table:
    """Make the page's table for a terminal of some width. A narrow one has no names of choices."""
    shown = grid if width >= WIDE else grid.drop(columns=["lowest", "highest"], errors="ignore")
    caption = (
        f"The choices at the ends of the ranges are in {page}"
        if len(shown.columns) < len(grid.columns)
        else None
    )
    table = Table(title="What moves the answer", caption=caption)
    for number, column in enumerate(shown.columns):
        # Rich would wrap the cells along with the headers.
        longest = max(map(len, map(str, shown[column])), default=0)
        header = textwrap.fill(column, max(longest, 8), break_long_words=False)
        table.add_column(header, justify="right" if number else "left", min_width=longest)
    for row in shown.itertuples(index=False):
        table.add_row(*map(str, row))
    return table


def _minutes(seconds: float) -> str:
    # The time left is a difference of sums, which may end a rounding error below 0.
    seconds = max(0.0, seconds)
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _make(client, missing: list["Task"], store: "Store", seconds: dict, count: int, console: Console) -> dict:
    """Make tasks with a progress bar. Return, by key, why a task could not be made in this run."""
    from analysis.studies.sensitivity.cluster import run_tasks
    from analysis.studies.sensitivity.worker import Done

    lost, left = {}, {"expected": sum(seconds[task.kind] for task in missing), "ratio": 1.0}
    done_expected = done_taken = 0.0
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    console.print(f"{count} workers with one thread each.", highlight=False)
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task("fits", total=len(missing), left=_minutes(left["expected"] / count) + " left")

        def finished(task: "Task", outcome: "Outcome") -> None:
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
    epilog="Example: [bold]uv run sfl sensitivity --axes guarantee,coalition[/bold], or "
    "[bold]--cross guarantee,coalition,covariates[/bold]"
)
def sensitivity(
    axes: Annotated[
        str | None, typer.Option(help="Only these axes, separated by commas. Default: all.")
    ] = None,
    cross: Annotated[str | None, typer.Option(help="All combinations of the choices on these axes.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler such as tcp://host:8786. Default: a local cluster.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Workers on this machine.")] = None,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Vary every choice of the project, one at a time or crossed, and show what moves the answer."""
    from analysis.variants.table import choose_grid

    with bad_option_ends():
        variants, impossible = choose_grid(axes, cross)
    run_sensitivity(
        variants,
        impossible,
        console,
        votes_path=votes,
        scheduler=scheduler,
        workers=workers,
        explain=explain,
    )
