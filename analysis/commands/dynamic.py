"""The command ``dynamic``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import VotesOption, app, console


@app.command(epilog="Example: [bold]sfl dynamic --sessions 1-74[/bold]")
def dynamic(
    sessions: Annotated[str, typer.Option(help="First and last session, 1-80 at most.")] = "1-80",
    step: Annotated[
        str, typer.Option(help="A state's move between sessions: normal, or student_t for abrupt change.")
    ] = "normal",
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of tables, draws and figures.")] = None,
) -> None:
    """Estimate every state's position in every session since 1946, from all votes at once."""
    from analysis.commands.data import bad_input_ends
    from analysis.store.files import OUTPUT
    from analysis.studies.dynamic.run import DynamicRun, parse_sessions, show_dynamic
    from models.spec import DynamicIdealPointSpec, SpecError

    with bad_input_ends():
        span = parse_sessions(sessions)
    try:
        model = DynamicIdealPointSpec(step=step)
    except SpecError as error:
        raise typer.BadParameter(str(error)) from None
    sys.exit(show_dynamic(DynamicRun(sessions=span, model=model), votes, output or OUTPUT, console))
