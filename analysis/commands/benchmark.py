"""The command ``benchmark``: measure speed, and show what was measured and what must hold."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from analysis.commands.app import OutputOption, VotesOption, app, bad_input_ends, bad_option_ends, console

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.benchmark.run import BenchmarkSpec


def show_benchmark(spec: "BenchmarkSpec", votes_path: Path | None, folder: Path, console: Console) -> int:
    """Run with progress, save the files and print the tables. Return 1 if the project's own fit failed."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from analysis.studies.benchmark.peers import PROJECT
    from analysis.studies.benchmark.run import run_benchmark, save_benchmark
    from analysis.studies.benchmark.table import MIN_ESS, check_bounds

    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        TextColumn("{task.percentage:>4.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[next]}"),
    )
    with bad_input_ends(console), Progress(*columns, console=console) as bars:

        def report(name: str):
            task = bars.add_task(name, total=1.0, next="")
            return lambda share, coming="": bars.update(task, completed=share, next=coming)

        table = run_benchmark(spec, votes_path=votes_path, report=report)
    paths = save_benchmark(table, folder)
    show_rows(table, console)
    show_bounds(check_bounds(table), console)
    if spec.quick:
        console.print("[bold]Quick run on small simulated votes: its numbers mean nothing.[/bold]")
    console.print("Files: " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)
    own = table[(table["method"] == PROJECT) & (table["quantity"] == MIN_ESS)]
    return int(not (own["repetitions"] > 0).any())


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


@app.command(epilog="Example: [bold]sfl benchmark --peers numba,nutpie,rstan[/bold]")
def benchmark(
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute or two on small simulated votes, for trying out.")
    ] = False,
    peers: Annotated[
        str | None,
        typer.Option(
            help="What to compare with, separated by commas: numba, jax, nutpie, pymc, numpyro, "
            "mcmcpack, rstan, rstan_plain. Default: all; in a quick run all but Stan."
        ),
    ] = None,
    repetitions: Annotated[int | None, typer.Option(help="Runs of each sampler.")] = None,
    votes: VotesOption = None,
    output: OutputOption = None,
) -> None:
    """Compare the speed of this project with other samplers on the same votes."""
    from analysis.store.files import OUTPUT
    from analysis.studies.benchmark.run import choose_spec

    with bad_option_ends():
        spec = choose_spec(quick=quick, peers=peers, repetitions=repetitions)
    sys.exit(show_benchmark(spec, votes, output or OUTPUT, console))
