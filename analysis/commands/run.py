"""``sfl run``: the main job, and its answer in the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from analysis.commands.answer import show_answer, show_table
from analysis.commands.app import (
    CaseOption,
    ExplainOption,
    QuickOption,
    VotesOption,
    app,
    bad_option_ends,
    console,
    load_cases,
    show_error,
)
from analysis.commands.progress import explain_tasks, run_with_progress
from analysis.variants.sampler import Report
from analysis.variants.variant import Variant

if TYPE_CHECKING:
    from analysis.store.task import Task
    from data.load import Note

SHOWN_NOTES = 8
"""Notes on oddities that the terminal shows; README.md of the results has all."""

NOTE_LENGTH = 240
"""Characters that the terminal shows of a note."""


def run_and_show(variant: Variant, votes_path: Path | None, console: Console) -> None:
    """Say what was mended, left out or odd in the data, run a variant with progress and show the answer."""
    from analysis.pipeline.inputs import load_inputs
    from analysis.pipeline.notes import gather_notes
    from analysis.pipeline.run import run_variant

    def run(report: Report) -> Path:
        show_notes(gather_notes(variant, load_inputs(variant, votes_path), votes_path), console)
        return run_variant(variant, votes_path=votes_path, report=report)

    show_answer(run_with_progress(run, variant, votes_path, console), console)


def show_notes(notes: list["Note"], console: Console) -> None:
    """Print the notes on the data: all on what was mended or left out, of the others the first few."""
    odd = [note for note in notes if note.kind == "odd"]
    for note in [note for note in notes if note.kind != "odd"] + odd[:SHOWN_NOTES]:
        text = str(note)
        short = text if len(text) <= NOTE_LENGTH else f"{text[:NOTE_LENGTH]} ..."
        console.print(short, highlight=False, markup=False, soft_wrap=True)
    if len(odd) > SHOWN_NOTES:
        more = f"{len(odd) - SHOWN_NOTES} more notes on the data are in README.md of the results."
        console.print(more, highlight=False)


def plan_run(variant: Variant, votes_path: Path | None) -> list["Task"]:
    """List the fits of a variant as tasks, without fitting anything."""
    from analysis.pipeline.inputs import load_inputs
    from analysis.pipeline.plan import plan_variant

    inputs = load_inputs(variant, votes_path)
    plan = plan_variant(variant, inputs.votes, inputs.panel)
    return [*plan.stage1.values(), plan.total, plan.direct]


@app.command(
    epilog="Example: [bold]uv run sfl run --quick[/bold], or "
    "[bold]uv run sfl run --case libya --case isis[/bold]"
)
def run(
    quick: QuickOption = False,
    explain: ExplainOption = False,
    case: CaseOption = None,
    votes: VotesOption = None,
    table: Annotated[
        bool, typer.Option("--table", help="Only print all effects of the finished run; run nothing.")
    ] = False,
) -> None:
    """Run the main job: both stages, from votes to the effect of a guarantee, with its uncertainty."""
    from analysis.variants.table import choose_variants

    cases = load_cases(case)
    with bad_option_ends():
        variant = choose_variants([], [], quick=quick, cases=cases)[0]
    if table:
        print_table(variant)
    elif explain:
        explain_tasks(lambda: plan_run(variant, votes), console, variant, votes)
    else:
        run_and_show(variant, votes, console)


def print_table(variant: Variant) -> None:
    """Print all effects of a finished run, or say how to make it and exit with code 2."""
    from analysis.store.files import RESULTS
    from analysis.store.results import MissingResultsError

    try:
        show_table(RESULTS / variant.name, console)
    except MissingResultsError as error:
        show_error("No results", error)
        raise typer.Exit(2) from None
