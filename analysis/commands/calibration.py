"""``sfl calibration``: simulation-based calibration of stage 2."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from analysis.commands.app import ExplainOption, OutputOption, app


def show_ranks(path: Path, console: Console) -> None:
    """Print the smallest p of uniform ranks for each model."""
    import pandas as pd

    from analysis.studies.calibration import judge_ranks

    for fitted, p in judge_ranks(pd.read_csv(path)).groupby("fitted")["p"].min().items():
        console.print(f"{fitted} model: smallest p of uniform ranks {p:.3g} (Bonferroni)", highlight=False)


@app.command(epilog="Example: [bold]sfl calibration --quick[/bold]")
def calibration(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fit few coalitions, to try the command out.")
    ] = False,
    explain: ExplainOption = False,
    output: OutputOption = None,
) -> None:
    """Test on simulated coalitions that stage 2 recovers what was put in, and that a wrong model fails."""
    from analysis.commands.progress import explain_or_run
    from analysis.store.files import OUTPUT
    from analysis.studies.calibration import plan_calibration, run_calibration, save_calibration

    tasks = plan_calibration(quick=quick)
    explain_or_run(
        lambda: tasks,
        lambda report: save_calibration(run_calibration(tasks, report=report), output or OUTPUT, quick=quick),
        show_ranks,
        explain=explain,
        quick=quick,
    )
