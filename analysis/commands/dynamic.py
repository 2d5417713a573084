"""``sfl dynamic``: positions of every state in every session since 1946."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from analysis.commands.app import ExplainOption, VotesOption, app, bad_input_ends, bad_option_ends

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


@app.command(epilog="Example: [bold]uv run sfl dynamic --sessions 1-74[/bold]")
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
