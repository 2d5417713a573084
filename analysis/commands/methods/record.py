"""``sfl forecasts``, ``sfl forms`` and ``sfl updates``: how well positions since 1946 are known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from analysis.commands.app import (
    ExplainOption,
    OutputOption,
    VotesOption,
    app,
    bad_input_ends,
    bad_option_ends,
    console,
)
from analysis.commands.dynamic import parse_sessions
from analysis.commands.progress import explain_or_run, run_with_progress, show_files

if TYPE_CHECKING:
    import xarray as xr

    from analysis.studies.dynamic.plan import DynamicRun
    from analysis.variants.sampler import Report

SessionsOption = Annotated[str, typer.Option(help="First and last session, 1-80 at most.")]


def choose_run(sessions: str) -> "DynamicRun":
    """Return the run of these sessions, with the published choices. A wrong range ends the command."""
    from analysis.studies.dynamic.plan import DynamicRun

    with bad_option_ends():
        return DynamicRun(sessions=parse_sessions(sessions))


def read_record(sessions: str, votes: Path | None) -> tuple["DynamicRun", "xr.Dataset"]:
    """Return the run of these sessions and their votes. Bad votes end the command."""
    from data.load import load_record_votes

    run = choose_run(sessions)
    with bad_input_ends():
        return run, load_record_votes(run.sessions, votes)


def show_forecasts(folder: Path, console: Console) -> None:
    """Print in how many sessions positions forecast better than each baseline."""
    import pandas as pd

    from analysis.studies.dynamic.forecasts import COLUMNS, TABLE

    table = pd.read_csv(folder / TABLE)
    for other in COLUMNS[1:]:
        better = (table["model"] > table[other]).sum()
        gain = ((table["model"] - table[other]) * table["answers"]).sum() / table["answers"].sum()
        console.print(
            f"Better than {other.replace('_', ' ')} in {better} of {len(table)} sessions; {gain:+.3f} log "
            "units an answer.",
            highlight=False,
        )


def show_forms(folder: Path, console: Console) -> None:
    """Print how well the forms agree."""
    import pandas as pd

    from analysis.studies.dynamic.forms import TABLE

    whole = pd.read_csv(folder / TABLE).set_index("session").loc[0]
    console.print(
        f"{whole['states']:.0f} positions in both forms: correlation {whole['correlation']:.3f}; "
        f"{whole['coverage']:.0%} of the differences lie within the 90 % interval.",
        highlight=False,
    )


def show_updates(folder: Path, console: Console) -> None:
    """Print each batch."""
    import pandas as pd

    from analysis.studies.dynamic.update.batches import TABLE

    for row in pd.read_csv(folder / TABLE).itertuples():
        console.print(
            f"Session {row.session}: Pareto k {row.pareto_k:.2f}; off by {row.difference_new:.2f} sd in the "
            f"new session, {row.difference_moved:.2f} in those moved with it, {row.difference_held:.2f} "
            "before.",
            highlight=False,
        )


@app.command(epilog="Example: [bold]uv run sfl forecasts --sessions 60-80[/bold]")
def forecasts(
    sessions: SessionsOption = "1-80", votes: VotesOption = None, output: OutputOption = None
) -> None:
    """Forecast each session's votes from positions before it, against forecasts without a model."""
    from analysis.store.files import OUTPUT
    from analysis.variants.table import MAIN

    run, folder = choose_run(sessions), output or OUTPUT

    def make(report: "Report") -> Path:
        from analysis.studies.dynamic.forecasts import run_forecasts

        scale = run.model.session_log_sd_scale
        return run_forecasts(run.sessions, scale, folder, votes_path=votes, report=report)

    show_forecasts(run_with_progress(make, MAIN, votes, console), console)
    show_files(folder, False, console)


@app.command(epilog="Example: [bold]uv run sfl forms --sessions 60-80[/bold]")
def forms(
    sessions: SessionsOption = "1-80",
    apart: Annotated[
        bool, typer.Option("--apart", help="No resolution put again links sessions; only the walk does.")
    ] = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
    output: OutputOption = None,
) -> None:
    """Fit every other resolution, and those between, and see whether the two agree within their intervals."""
    from analysis.store.files import OUTPUT
    from analysis.studies.dynamic.forms import plan_forms, run_forms
    from analysis.variants.table import MAIN

    run, record = read_record(sessions, votes)

    def make(report: "Report") -> Path:
        return run_forms(run, record, output or OUTPUT, repeats=not apart, report=report)

    explain_or_run(
        lambda: [task for tasks in plan_forms(run, record, repeats=not apart).values() for task in tasks],
        make,
        show_forms,
        explain=explain,
        variant=MAIN,
        votes_path=votes,
    )


@app.command(epilog="Example: [bold]uv run sfl updates --sessions 60-80 --batches 3[/bold]")
def updates(
    sessions: SessionsOption = "1-80",
    batches: Annotated[int, typer.Option(min=1, help="Sessions to hold back, one at a time.")] = 10,
    explain: ExplainOption = False,
    votes: VotesOption = None,
    output: OutputOption = None,
) -> None:
    """Compare updates by new votes with refits, on the last sessions, each held back in its turn."""
    from analysis.store.files import OUTPUT
    from analysis.studies.dynamic.update.batches import plan_batches, run_batches
    from analysis.variants.table import MAIN

    run, record = read_record(sessions, votes)
    with bad_input_ends():
        plans = plan_batches(run, record, batches)

    def make(report: "Report") -> Path:
        return run_batches(run, record, batches, output or OUTPUT, report=report)

    explain_or_run(
        lambda: [task for tasks in plans.values() for task in tasks],
        make,
        show_updates,
        explain=explain,
        variant=MAIN,
        votes_path=votes,
    )
