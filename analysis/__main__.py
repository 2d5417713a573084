"""The command line: parses, calls, prints. ``python -m analysis --help`` is the table of contents."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Does a US security guarantee buy diplomatic legitimacy? From General Assembly votes to an answer.",
)
data_app = typer.Typer(no_args_is_help=True, help="The tables: build what ships, see what there is.")
app.add_typer(data_app, name="data")
console = Console()

VotesOption = Annotated[
    Path | None,
    typer.Option(
        "--votes", help="Folder with rollcalls.parquet and votes.parquet; otherwise they are looked for."
    ),
]


@app.command(epilog="Example: [bold]python -m analysis run --quick[/bold]")
def run(
    quick: Annotated[
        bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
    ] = False,
    votes: VotesOption = None,
) -> None:
    """Run the main job: both stages, from votes to the effect of a guarantee, with its uncertainty."""
    # Imports wait until a command needs them: help should not take ten seconds.
    from analysis.terminal import run_and_show
    from analysis.variants import MAIN

    sys.exit(run_and_show(MAIN.quick() if quick else MAIN, votes, console))


@app.command(epilog="Example: [bold]python -m analysis benchmark --peers numba,nutpie,rstan[/bold]")
def benchmark(
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute or two on small simulated votes, for trying out.")
    ] = False,
    peers: Annotated[
        str | None,
        typer.Option(
            help="What to measure beside this project, with commas: numba, jax, nutpie, pymc, numpyro, "
            "mcmcpack, rstan. Otherwise all; in a quick run all but rstan."
        ),
    ] = None,
    repetitions: Annotated[int | None, typer.Option(help="Runs of each sampler.")] = None,
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the table and the figure.")] = None,
) -> None:
    """Measure speed beside other samplers, in one run on the same votes; what is missing is left out."""
    from analysis.benchmark import OUTPUT, choose_spec, show_benchmark

    try:
        spec = choose_spec(quick=quick, peers=peers, repetitions=repetitions)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(show_benchmark(spec, votes, output or OUTPUT, console))


@data_app.command("build", epilog="Example: [bold]python -m analysis data build[/bold]")
def data_build(
    shared: Annotated[
        Path | None, typer.Option(help="Folder of the roll calls and the state-year table.")
    ] = None,
) -> None:
    """Rebuild the shipped tables that are computed, byte for byte, from the roll calls and covariates."""
    from data.build import build_shipped
    from data.schema import DataError

    try:
        for path in build_shipped(shared_dir=shared):
            console.print(f"wrote {path}")
    except DataError as error:
        console.print(f"[bold red]Bad input:[/bold red] {error}", highlight=False)
        sys.exit(2)


if __name__ == "__main__":
    app()
