"""The application that every command joins, and the options that commands share."""

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
console = Console()

VotesOption = Annotated[
    Path | None,
    typer.Option(
        "--votes",
        help="Roll calls: a file of any release, or a folder with one; otherwise they are looked for.",
    ),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="A short version on the shipped tallies, for trying out.")
]
VariantArgument = Annotated[str, typer.Argument(help="Name of a variant.")]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Only say what would be fitted and why, and what is reused.")
]


def choose_variant(name: str, quick: bool):
    """Return the variant of a name. An unknown name ends the command and names the nearest one."""
    from analysis.variants.table import choose_variants

    try:
        return choose_variants([] if name == "main" else [name], [], quick=quick)[0]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
