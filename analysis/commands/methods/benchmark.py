"""The command ``benchmark``: measure speed, and show what was measured and what must hold."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from analysis.commands.app import (
    OutputOption,
    VotesOption,
    app,
    bad_input_ends,
    bad_option_ends,
    console,
    show_error,
)

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.benchmark.against import AgainstSpec
    from analysis.studies.benchmark.run import BenchmarkSpec

QUICK = "[bold]Quick run, for trying out: its numbers mean nothing.[/bold]"


@contextmanager
def show_progress(console: Console) -> Iterator[Callable[[str], Callable]]:
    """Yield a function that starts the bar of a part, and returns a callback for its share and next step."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:13}"),
        BarColumn(),
        TextColumn("{task.percentage:>4.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[next]}"),
    )
    with bad_input_ends(console), Progress(*columns, console=console) as bars:

        def report(name: str):
            task = bars.add_task(name, total=1.0, next="")
            return lambda share, coming="": bars.update(task, completed=share, next=coming)

        yield report


def show_benchmark(spec: "BenchmarkSpec", votes_path: Path | None, folder: Path, console: Console) -> int:
    """Run with progress, save the files and print the tables. Return 1 if the project's own fit failed."""
    from analysis.studies.benchmark.figure import plot_benchmark
    from analysis.studies.benchmark.peers import PROJECT
    from analysis.studies.benchmark.run import name_stem, run_benchmark, save_table
    from analysis.studies.benchmark.table import MIN_ESS, check_bounds

    with show_progress(console) as report:
        table = run_benchmark(spec, votes_path=votes_path, report=report)
    paths = save_table(table, plot_benchmark(table), name_stem(folder, "benchmark", quick=spec.quick))
    show_rows(table, console)
    show_bounds(check_bounds(table), console)
    show_end(paths, spec.quick, console)
    own = table[(table["method"] == PROJECT) & (table["quantity"] == MIN_ESS)]
    return int(not (own["repetitions"] > 0).any())


def show_against(spec: "AgainstSpec", votes_path: Path | None, folder: Path, console: Console) -> int:
    """Compare two commits with progress, and print the table.

    Returns 1 if a job failed at one of them, 130 if the user stopped. Complete pairs are then kept.
    """
    from analysis.studies.benchmark.against import run_against
    from analysis.studies.benchmark.checkouts import CheckoutError
    from analysis.studies.benchmark.figure import plot_against
    from analysis.studies.benchmark.run import name_stem, save_table

    stem = name_stem(folder, "benchmark_against", quick=spec.quick)
    file = stem.with_suffix(".csv")
    console.print(f"before: {spec.before}\nafter:  {spec.after}", highlight=False, markup=False)
    try:
        with show_progress(console) as report:
            table = run_against(spec, votes_path=votes_path, file=file, report=report)
    except CheckoutError as error:
        show_error("Not measured", error, console)
        return 1
    except KeyboardInterrupt:
        console.print(f"Stopped. Pairs that were complete are in {file}.", highlight=False, markup=False)
        return 130
    show_pairs(table, console)
    show_end(save_table(table, plot_against(table), stem), spec.quick, console)
    return int((table[table["part"] != "setup"]["repetitions"] == 0).any())


def show_end(paths: list[Path], quick: bool, console: Console) -> None:
    """Print where the files are, and whether it was a quick run."""
    if quick:
        console.print(QUICK)
    console.print("Files: " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)


def show_pairs(table: "pd.DataFrame", console: Console) -> None:
    """Print each quantity before and after, their ratio, and the ratio of each pair."""
    from analysis.studies.benchmark.table import PART, RATIO

    rows = table[table["part"] == PART]
    found = rows.set_index(["method", "quantity"])
    shown = Table(title="Before and after: medians")
    for column in ("command", "quantity", "before", "after", RATIO, "each pair"):
        shown.add_column(column)
    for line in rows[rows["quantity"].str.endswith(RATIO)].itertuples():
        name = line.quantity.removesuffix(f", {RATIO}")
        if not line.repetitions:
            shown.add_row(line.method, name, "", "", "", line.note)
            continue
        sides = [found.loc[(line.method, f"{name}, {side}")] for side in ("before", "after")]
        figures = [f"{side['median']:.4g} {side['unit']}" for side in sides]
        shown.add_row(line.method, name, *figures, f"{line.median:.3g}", line.note)
    console.print(shown)


def show_rows(table: "pd.DataFrame", console: Console) -> None:
    """Print the measurements."""
    shown = Table(title="Measured: median (lowest to highest)")
    for column in ("method", "quantity", "measured", "repetitions"):
        shown.add_column(column, justify="right" if column == "repetitions" else "left")
    for line in table[table["part"] != "setup"].itertuples():
        figures = f"{line.median:.4g} {line.unit} ({line.lowest:.4g} to {line.highest:.4g})"
        shown.add_row(
            line.method, line.quantity, figures if line.repetitions else line.note, str(line.repetitions)
        )
    console.print(shown)


def show_bounds(verdicts: "pd.DataFrame", console: Console) -> None:
    """Print each bound, the measurement and the verdict."""
    shown = Table(title="Must hold")
    for column in ("method", "quantity", "measured", "bound", "verdict"):
        shown.add_column(column)
    for line in verdicts.itertuples():
        colour = {"pass": "green", "FAIL": "bold red"}.get(line.verdict, "yellow")
        verdict = f"[{colour}]{line.verdict}[/{colour}]"
        shown.add_row(line.method, line.quantity, f"{line.measured:.4g} {line.unit}", line.bound, verdict)
    console.print(shown)


@app.command(
    epilog="Example: [bold]uv run sfl benchmark --peers numba,nutpie,rstan[/bold], or "
    "[bold]uv run sfl benchmark --against v1.0 --parts run,stage2[/bold]"
)
def benchmark(
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on few votes, for trying out.")
    ] = False,
    peers: Annotated[
        str | None,
        typer.Option(
            help="What to compare with, separated by commas: numba, jax, nutpie, pymc, numpyro, "
            "mcmcpack, rstan, rstan_plain. Default: all; in a quick run all but Stan."
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="Compare this commit with another commit of the project instead: how long its commands "
            "take before and after, in turns."
        ),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(
            help="With --against, what is timed, separated by commas: run, stage2 (a prior of stage 2 "
            "changed after run), stage1 (the same of stage 1), fresh (run in a fresh clone, nothing "
            "compiled), grid (all variants), dynamic. Default: all but grid and dynamic, which are long."
        ),
    ] = None,
    repetitions: Annotated[
        int | None, typer.Option(help="Runs of each sampler; with --against, pairs of runs.")
    ] = None,
    votes: VotesOption = None,
    output: OutputOption = None,
) -> None:
    """Compare the speed of this project with that of other samplers, or of another commit of the project."""
    from analysis.store.files import OUTPUT
    from analysis.studies.benchmark.against import choose_against
    from analysis.studies.benchmark.run import choose_spec

    folder = output or OUTPUT
    with bad_option_ends():
        if against is not None:
            if peers is not None:
                raise ValueError("--peers and --against exclude each other")
            chosen = choose_against(against, parts=parts, pairs=repetitions, quick=quick)
        else:
            if parts is not None:
                raise ValueError("--parts needs --against")
            chosen = choose_spec(quick=quick, peers=peers, repetitions=repetitions)
    show = show_benchmark if against is None else show_against
    sys.exit(show(chosen, votes, folder, console))
