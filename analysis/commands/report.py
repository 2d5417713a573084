"""The command ``report``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from analysis.commands.app import app, console


@app.command(epilog="Example: [bold]sfl report[/bold]")
def report(
    variant: Annotated[
        str, typer.Argument(help="Whose results; main-quick for those of a quick run.")
    ] = "main",
    output: Annotated[
        Path | None, typer.Option(help="The page; otherwise analysis/output/report.html.")
    ] = None,
) -> None:
    """Write the report: one page of all results that opens in any browser, offline."""
    from analysis.report.page import write_report
    from analysis.store.files import OUTPUT
    from analysis.store.results import MissingResultsError, Results

    try:
        path = write_report(Results.load(variant), output or OUTPUT / "report.html")
    except MissingResultsError as error:
        console.print(
            f"[bold red]No report:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(2)
    console.print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)", highlight=False, soft_wrap=True)
