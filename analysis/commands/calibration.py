"""``sfl calibration``: simulation-based calibration of stage 2."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from analysis.commands.app import ExplainOption, app, console


@app.command(epilog="Example: [bold]sfl calibration --quick[/bold]")
def calibration(
    quick: Annotated[
        bool, typer.Option("--quick", help="Fit few coalitions, to try the command out.")
    ] = False,
    explain: ExplainOption = False,
    output: Annotated[Path | None, typer.Option(help="Folder for the table and the figure.")] = None,
) -> None:
    """Test on simulated coalitions that stage 2 recovers what was put in, and that a wrong model fails."""
    from analysis.commands.progress import run_with_progress
    from analysis.store.explain import show_explanation
    from analysis.store.files import OUTPUT
    from analysis.store.store import Store
    from analysis.studies.calibration import judge_ranks, plan_calibration, run_calibration, save_calibration

    tasks = plan_calibration(quick=quick)
    if explain:
        show_explanation(tasks, Store(), console)
        return

    def run(report):
        ranks = run_calibration(tasks, report=report)
        smallest = judge_ranks(ranks).groupby("fitted")["p"].min()
        return smallest, save_calibration(ranks, output or OUTPUT, quick=quick)

    code, done = run_with_progress(run, None, None, console)
    if done is not None:
        smallest, path = done
        for fitted, p in smallest.items():
            console.print(
                f"{fitted} model: smallest p of uniform ranks {p:.3g} (Bonferroni)", highlight=False
            )
        if quick:
            console.print("[bold]Quick run: for trying out, not a result.[/bold]")
        console.print(f"Files: {path} and its figure", highlight=False, soft_wrap=True)
    sys.exit(code)
