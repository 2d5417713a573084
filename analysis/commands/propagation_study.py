"""``sfl propagation-study``: four ways to propagate stage-1 uncertainty, on simulated coalitions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import ExplainOption, app, console


@app.command(epilog="Example: [bold]sfl propagation-study --quick[/bold]")
def propagation_study(
    quick: Annotated[
        bool, typer.Option("--quick", help="Simulate few worlds, to try the command out.")
    ] = False,
    explain: ExplainOption = False,
    output: Annotated[Path | None, typer.Option(help="Folder for the table and the figure.")] = None,
) -> None:
    """Measure bias and coverage of all four ways to propagate stage-1 uncertainty, on simulated worlds."""
    from analysis.commands.progress import run_with_progress
    from analysis.store.explain import show_explanation
    from analysis.store.files import OUTPUT
    from analysis.store.store import Store
    from analysis.studies.propagation.study import QUICK_N_VOTES, plan_study, run_study, save_study

    tasks = plan_study(20, QUICK_N_VOTES) if quick else plan_study()
    if explain:
        show_explanation(tasks, Store(), console)
        return
    code, path = run_with_progress(
        lambda report: save_study(run_study(tasks, report=report), output or OUTPUT, quick=quick),
        None,
        None,
        console,
    )
    if path is not None:
        if quick:
            console.print("[bold]Quick run: for trying out, not a result.[/bold]")
        console.print(f"Files: {path} and its figure", highlight=False, soft_wrap=True)
    sys.exit(code)
