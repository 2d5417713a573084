"""``sfl propagation-study``: four ways to propagate stage-1 uncertainty, on simulated coalitions."""

from typing import Annotated

import typer

from analysis.commands.app import ExplainOption, OutputOption, app


@app.command(epilog="Example: [bold]uv run sfl propagation-study --quick[/bold]")
def propagation_study(
    quick: Annotated[
        bool, typer.Option("--quick", help="Simulate few worlds, to try the command out.")
    ] = False,
    explain: ExplainOption = False,
    output: OutputOption = None,
) -> None:
    """Measure bias and coverage of all four ways to propagate stage-1 uncertainty, on simulated worlds."""
    from analysis.commands.progress import explain_or_run
    from analysis.store.files import OUTPUT
    from analysis.studies.propagation.study import QUICK_N_VOTES, plan_study, run_study, save_study

    tasks = plan_study(20, QUICK_N_VOTES) if quick else plan_study()
    explain_or_run(
        lambda: tasks,
        lambda report: save_study(run_study(tasks, report=report), output or OUTPUT, quick=quick),
        lambda path, console: None,
        explain=explain,
        quick=quick,
    )
