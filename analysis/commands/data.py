"""The commands under ``sfl data``: fetch and check records, count and rebuild tables."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analysis.commands.app import bad_input_ends, console

data_app = typer.Typer(
    no_args_is_help=True, help="Data: fetch and check roll calls, count and rebuild the shipped tables."
)


@contextmanager
def show_progress() -> Iterator:
    """Show a progress bar; yields a callback that takes the share done and the current step."""
    columns = (TextColumn("{task.description:20}"), BarColumn(), TextColumn("{task.percentage:>4.0f} %"))
    hidden = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, disable=hidden) as bars:
        task = bars.add_task("", total=1.0)
        yield lambda share, what: bars.update(task, completed=share, description=what)


@data_app.command("fetch", epilog="Example: [bold]uv run sfl data fetch[/bold]")
def data_fetch(
    name: Annotated[
        str, typer.Argument(help="dataverse or undl, as in data/votes/sources.toml.")
    ] = "dataverse",
    url: Annotated[str | None, typer.Option(help="Another address, such as a newer version.")] = None,
    sha256: Annotated[str | None, typer.Option(help="Hash that the file must have.")] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder; otherwise the user cache, where runs look.")
    ] = None,
) -> None:
    """Download a published record of roll calls and check it."""
    from data.load import fetch_release, find_rollcalls, load_record, load_sources
    from data.load import sha256 as hash_file

    with bad_input_ends():
        with show_progress() as progress:
            path = fetch_release(name, cache=to, url=url, sha256=sha256, progress=progress)
            record = load_record(path, progress=progress)
        source = load_sources()[name]
        lines = [("file", path), ("size", f"{path.stat().st_size:,} bytes"), ("sha256", hash_file(path)),
                 ("is", source.title), ("licence", source.licence)]  # fmt: skip
        lines += [*(("mended", mend) for mend in record.mends), *(("note", note) for note in record.notes)]
        for label, value in lines:
            console.print(f"{label:8} {value}", highlight=False, markup=False, soft_wrap=True)
        if (used := find_rollcalls()) != path:
            console.print(
                f"Runs go on with {used}. To use the new file: --votes {path}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip


@data_app.command("check", epilog="Example: [bold]uv run sfl data check UNVotes-1.RData[/bold]")
def data_check(
    file: Annotated[Path, typer.Argument(help="A file of any release, or the folder of a parquet pair.")],
    sessions: Annotated[bool, typer.Option("--sessions", help="Also count session by session.")] = False,
) -> None:
    """Say what a file is, what it covers and what is wrong with it; exit code 2 if it is unusable."""
    from data.load import check_release, table_text

    with show_progress() as progress:
        report = check_release(file.expanduser(), progress)
    console.print(str(report), highlight=False, markup=False, soft_wrap=True)
    if sessions and report.usable:
        typer.echo("\n" + table_text(report.coverage.reset_index()))
    sys.exit(0 if report.usable else 2)


@data_app.command("describe", epilog="Example: [bold]uv run sfl data describe[/bold]")
def data_describe() -> None:
    """Print the counts in data/tables/COUNTS.md and data/votes/README.md."""
    from data.load import describe_tables

    with bad_input_ends():
        typer.echo(describe_tables())


@data_app.command(
    "export", epilog="Example: [bold]uv run sfl data export positions.dta --reference CHN[/bold]"
)
def data_export(
    to: Annotated[Path, typer.Argument(help="File to write: .csv, .parquet or .dta (Stata).")],
    reference: Annotated[
        str, typer.Option(help="State from which alignment is measured: code, number or name.")
    ] = "USA",
    by: Annotated[str, typer.Option(help="session, or year: the one in whose autumn it began.")] = "session",
    positions: Annotated[
        Path | None, typer.Option(help="Folder of sfl dynamic; otherwise your own, then the published one.")
    ] = None,
) -> None:
    """Write positions and alignment by state and session or year, with COW, ISO and M49 codes."""
    from analysis.studies.dynamic.export import LABELS, build_export, write_export
    from data.load import DataError

    with bad_input_ends():
        if by not in ("session", "year"):
            raise DataError(f"--by {by}: must be session or year")
        table, remark = build_export(reference, by, positions)
        write_export(table, to.expanduser())
    lines = [f"wrote {to}: {len(table):,} rows", *([remark] if remark else [])]
    for line in (*lines, *(f"  {name:16} {LABELS[name]}" for name in table)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


@data_app.command(
    "agreement", epilog="Example: [bold]uv run sfl data agreement IdealpointestimatesAll.csv[/bold]"
)
def data_agreement(
    file: Annotated[
        Path | None, typer.Argument(help="Published ideal points by state and session or year.")
    ] = None,
    column: Annotated[str | None, typer.Option(help="Column of the ideal points.")] = None,
    positions: Annotated[Path | None, typer.Option(help="Folder of sfl dynamic.")] = None,
    votes: Annotated[Path | None, typer.Option("--votes", help="A record with coded flags.")] = None,
) -> None:
    """Compare positions with published ideal points; without a file, derived issue areas with coded ones."""
    from data.load import describe_agreement, load_record, table_text

    with bad_input_ends():
        if file is None:
            typer.echo(describe_agreement(load_record(votes, (1, 74))))
            return
        from analysis.studies.dynamic.agreement import compare_positions

        found = compare_positions(file.expanduser(), column, positions)
    sessions = found.sessions
    low = sessions.loc[sessions["correlation"].abs().idxmin()]
    lines = (
        f"{found.column}: correlation {found.overall:.3f} over {sessions['states'].sum():,} state-sessions; "
        f"by session {sessions['correlation'].median():.3f} in the median, least {low['correlation']:.3f} in "
        f"session {low['session']:.0f}.",
        "States that differ most, in standard deviations of the states of a session:",
    )
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    typer.echo(table_text(found.states.head(15).round(2)))


@data_app.command("build", epilog="Example: [bold]uv run sfl data build[/bold]")
def data_build(
    shared: Annotated[
        Path | None, typer.Option(help="Folder of the roll calls and the state-year table.")
    ] = None,
) -> None:
    """Rebuild the computed tables, byte for byte, from the roll calls and covariates."""
    from data.load import build_shipped

    with bad_input_ends():
        for path in build_shipped(shared_dir=shared):
            console.print(f"wrote {path}", highlight=False, soft_wrap=True)
