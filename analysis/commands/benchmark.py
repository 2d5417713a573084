"""The command ``benchmark``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import VotesOption, app, console


@app.command(epilog="Example: [bold]sfl benchmark --peers numba,nutpie,rstan[/bold]")
def benchmark(
    quick: Annotated[
        bool, typer.Option("--quick", help="A minute or two on small simulated votes, for trying out.")
    ] = False,
    peers: Annotated[
        str | None,
        typer.Option(
            help="What to measure beside this project, with commas: numba, jax, nutpie, pymc, numpyro, "
            "mcmcpack, rstan, rstan_plain. Otherwise all; in a quick run all but those of Stan."
        ),
    ] = None,
    repetitions: Annotated[int | None, typer.Option(help="Runs of each sampler.")] = None,
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the table and the figure.")] = None,
) -> None:
    """Measure speed beside other samplers, in one run on the same votes; what is missing is left out."""
    from analysis.store.files import OUTPUT
    from analysis.studies.benchmark.run import choose_spec, show_benchmark

    try:
        spec = choose_spec(quick=quick, peers=peers, repetitions=repetitions)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(show_benchmark(spec, votes, output or OUTPUT, console))
