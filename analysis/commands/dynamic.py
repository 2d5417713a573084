"""``sfl dynamic`` and ``sfl update``: positions in every session since 1946, and new votes beside them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from analysis.commands.app import (
    ExplainOption,
    VotesOption,
    app,
    bad_input_ends,
    bad_option_ends,
    console,
)
from analysis.commands.ideal import CodesOption, show_notes

if TYPE_CHECKING:
    from analysis.variants.sampler import Report


def parse_sessions(text: str) -> tuple[int, int]:
    """Return the first and last session: ``"1-74"`` -> (1, 74), ``"57"`` -> (57, 57)."""
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise ValueError(f"sessions = {text!r}: give a first and a last session, such as 1-80")
    return int(first), int(last or first)


def show_dynamic(folder: Path, console: Console) -> None:
    """Print the size of the fit and its convergence."""
    record = json.loads((folder / "dynamic_run.json").read_text(encoding="utf-8"))
    votes, figures = record["votes"], record["convergence"]
    least = min(figures["min_ess_bulk"], figures["min_ess_tail"])
    first, last = record["sessions"]
    console.print(
        f"{votes['positions']:,} positions of {votes['states']} states from {votes['votes_cast']:,} votes in "
        f"sessions {first}-{last}: R-hat at most {figures['max_rhat']:.4f}, "
        f"ESS at least {least:.0f}, no divergence; {record['seconds']:.0f} s, "
        f"{record['peak_memory_gb']:.1f} GB.",
        highlight=False,
        soft_wrap=True,
    )


@app.command(epilog="Example: [bold]uv run sfl dynamic[/bold]")
def dynamic(
    sessions: Annotated[str, typer.Option(help="First and last session, 1-80 at most.")] = "1-80",
    step: Annotated[
        str, typer.Option(help="A state's move between sessions: normal, or student_t for abrupt change.")
    ] = "normal",
    explain: ExplainOption = False,
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of tables, draws and figures.")] = None,
) -> None:
    """Estimate every state's position in every session since 1946, from all votes at once."""
    from analysis.commands.progress import explain_or_run
    from analysis.store.files import OUTPUT
    from analysis.studies.dynamic.plan import DynamicRun, plan_dynamic
    from analysis.variants.table import MAIN
    from data.load import FETCH_COMMAND, DataError, find_rollcalls, load_record_votes
    from models.spec import DynamicIdealPointSpec

    with bad_option_ends():
        run = DynamicRun(sessions=parse_sessions(sessions), model=DynamicIdealPointSpec(step=step))
    with bad_input_ends():
        if find_rollcalls(votes) is None:
            raise DataError(f"the dynamic model needs roll calls. To get them: {FETCH_COMMAND}")

    def make(report: "Report") -> Path:
        from analysis.studies.dynamic.run import run_dynamic

        return run_dynamic(run, votes_path=votes, output=output or OUTPUT, report=report)

    explain_or_run(
        lambda: plan_dynamic(run, load_record_votes(run.sessions, votes)),
        make,
        show_dynamic,
        explain=explain,
        variant=MAIN,
        votes_path=votes,
    )


def parse_again(texts: list[str] | None) -> dict[str, int]:
    """Return the column and the roll call of each ``COLUMN=RCID``."""
    again = {}
    for text in texts or []:
        column, _, rcid = text.rpartition("=")
        if not (column and rcid.strip().isdigit()):
            raise ValueError(f"again = {text!r}: give a column and a roll call, such as r1=9101")
        again[column.strip()] = int(rcid)
    return again


def show_update(folder: Path, console: Console) -> None:
    """Print what the update rests on, and who moved most."""
    import pandas as pd

    from analysis.studies.dynamic.update.make import POSITIONS, RECORD

    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    table = pd.read_csv(folder / POSITIONS)
    show_notes(record["notes"], console)
    console.print(
        f"{record['roll_calls']} new roll calls of session {record['session']}, {record['states']} states. "
        f"Positions from session {record['first_session_moved']} on are new; earlier ones are the fit's.",
        highlight=False,
    )
    for row in table[table["shift"].notna()].head(3).itertuples():
        console.print(
            f"{row.state} in session {row.session}: {row.mean:.2f} ({row.lower:.2f} to {row.upper:.2f}), "
            f"before {row.before_mean:.2f}",
            highlight=False,
        )
    said = "the stored fit serves." if record["fit_serves"] else "fit again with sfl dynamic."
    console.print(f"Pareto k {record['pareto_k']:.2f}: {said}", highlight=False)


@app.command(epilog="Example: [bold]uv run sfl update new_votes.csv --session 80[/bold]")
def update(
    file: Annotated[Path, typer.Argument(help="States as rows, new roll calls as columns.")],
    session: Annotated[
        int | None, typer.Option(help="Session of the new roll calls. Default: the last of the fit.")
    ] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(help="A column that puts a resolution again, and a roll call of it, such as r1=9101."),
    ] = None,
    codes: CodesOption = None,
    on: Annotated[Path | None, typer.Option(help="Folder of sfl dynamic. Default: the usual one.")] = None,
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the tables. Default: the usual one.")] = None,
) -> None:
    """Add new roll calls to stored positions without fitting again, and say whether the fit still serves."""
    from analysis.commands.progress import run_with_progress, show_files
    from analysis.store.files import OUTPUT
    from analysis.variants.table import MAIN

    with bad_option_ends():
        pairs = parse_again(again)

    def make(report: "Report") -> Path:
        from analysis.studies.dynamic.update.make import make_update

        how = {"session": session, "again": pairs, "codes": codes, "on": on, "votes_path": votes}
        return make_update(file, **how, output=output or OUTPUT, progress=report("update"))

    show_update(run_with_progress(make, MAIN, votes, console), console)
    show_files(output or OUTPUT, False, console)
