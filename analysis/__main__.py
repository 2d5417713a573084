"""The command line: parses, calls, prints. ``python -m analysis --help`` is the table of contents."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.data_commands import data_app

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Does a US security guarantee buy diplomatic legitimacy? From General Assembly votes to an answer.",
)
app.add_typer(data_app, name="data")
console = Console()

VotesOption = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        help="Roll calls: a file of any release, or a folder with one; otherwise they are looked for.",
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


if __name__ == "__main__":
    app()
