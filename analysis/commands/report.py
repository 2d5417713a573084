"""``sfl report``: one page of all results."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import app, console, load_xarray, show_error


@app.command(epilog="Example: [bold]uv run sfl report[/bold]")
def report(
    variant: Annotated[
        str,
        typer.Argument(
            help="Variant to report on; main-quick for a quick run, published for the published tables."
        ),
    ] = "main",
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write. By default report.html in analysis/output, or among the published tables."
        ),
    ] = None,
) -> None:
    """Write the report: one page of all results that opens in any browser, offline."""
    from analysis.report.page import write_report
    from analysis.report.published import load_published
    from analysis.store.files import OUTPUT
    from analysis.store.results import PUBLISHED, MissingResultsError, Results

    load_xarray()
    try:
        published = variant == PUBLISHED.name
        results = load_published() if published else Results.load(variant)
        path = write_report(results, output or (PUBLISHED if published else OUTPUT) / "report.html")
    except MissingResultsError as error:
        show_error("No report", error)
        sys.exit(2)
    size = path.stat().st_size / 1e6
    console.print(f"{path} ({size:.1f} MB)", highlight=False, markup=False, soft_wrap=True)
