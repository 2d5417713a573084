"""``sfl report``: one page of all results."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import app, console, load_xarray, show_error


@app.command(epilog="Example: [bold]sfl report[/bold]")
def report(
    variant: Annotated[
        str, typer.Argument(help="Variant to report on; main-quick for the results of a quick run.")
    ] = "main",
    output: Annotated[
        Path | None, typer.Option(help="File to write. By default analysis/output/report.html.")
    ] = None,
) -> None:
    """Write the report: one page of all results that opens in any browser, offline."""
    from analysis.report.page import write_report
    from analysis.store.files import OUTPUT
    from analysis.store.results import MissingResultsError, Results

    load_xarray()
    try:
        path = write_report(Results.load(variant), output or OUTPUT / "report.html")
    except MissingResultsError as error:
        show_error("No report", error)
        sys.exit(2)
    size = path.stat().st_size / 1e6
    console.print(f"{path} ({size:.1f} MB)", highlight=False, markup=False, soft_wrap=True)
