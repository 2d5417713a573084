"""``sfl acts``: contested acts of two great powers, and whether states under a pact shield them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from analysis.commands.app import (
    ExplainOption,
    VotesOption,
    app,
    bad_input_ends,
    bad_option_ends,
    console,
    load_xarray,
)

if TYPE_CHECKING:
    from analysis.variants.sampler import Report

NAMES = {"USA": "United States", "RUS": "Soviet Union, Russia"}


def show_acts(folder: Path, console: Console) -> None:
    """Print each deciding quantity with its verdict, and the acts that are left out."""
    import pandas as pd

    verdicts = pd.read_csv(folder / "acts_verdicts.csv")
    for row in verdicts.itertuples():
        scale, unit = (100, "points") if "P(" in row.quantity else (1, "logits per 0.2")
        numbers = " ".join(
            f"{scale * x:.{0 if scale == 100 else 2}f}" for x in (row.mean, row.lower, row.upper)
        )
        mean, lower, upper = numbers.split()
        dealt = (
            f"; above {row.permuted_below:.0%} of permuted pacts"
            if row.permuted_below == row.permuted_below
            else ""
        )
        console.print(
            f"[bold]{NAMES[row.power]}[/bold], {row.quantity}: {mean} ({lower} to {upper}) {unit}, "
            f"P(> 0) = {row.prob_positive:.2f}{dealt}. [bold]{row.verdict}[/bold]",
            highlight=False,
            soft_wrap=True,
        )
    record = json.loads((folder / "acts.json").read_text(encoding="utf-8"))
    for note in record["notes"]:
        console.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False, soft_wrap=True)


@app.command(
    epilog="Example: [bold]uv run sfl acts --set data.rio=none[/bold], or "
    "[bold]uv run sfl acts since-1955[/bold]"
)
def acts(
    variant: Annotated[str, typer.Argument(help="Name of a variant of the acts; main by default.")] = "main",
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="A field and its new value: data.rio=none.")
    ] = None,
    extent: Annotated[
        str,
        typer.Option(
            help="What is fitted: effects (minutes), permuted (and pacts dealt anew), or whole (and every "
            "act foretold from all others, much longer)."
        ),
    ] = "whole",
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Fit every variant, then judge the main run again.")
    ] = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
    output: Annotated[Path | None, typer.Option(help="Folder of tables, draws and figures.")] = None,
) -> None:
    """Test on many acts of two great powers whether states under a pact shield them."""
    from analysis.commands.progress import run_with_progress, show_files
    from analysis.studies.acts.plan import plan_acts
    from analysis.studies.acts.variants import choose_run
    from data.load import load_acts

    load_xarray()
    with bad_option_ends():
        run = choose_run(variant, changes or [], extent)
    if explain:
        from analysis.store.explain import show_explanation
        from analysis.store.store import Store

        with bad_input_ends():
            data = load_acts(run.data, votes)
        for note in data.notes:
            console.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False, soft_wrap=True)
        show_explanation(plan_acts(run, data.acts, data.ordinary, data.windows).tasks, Store(), console)
        return

    def make(report: "Report") -> Path:
        from analysis.studies.acts.run import run_acts
        from analysis.studies.acts.sensitivity import run_variants

        if sensitivity:
            run_variants(run, votes_path=votes, output=output, report=report)
        return run_acts(run, votes_path=votes, output=output, report=report)

    folder = run_with_progress(make, None, votes, console)
    show_acts(folder, console)
    show_files(folder, False, console)
