"""``python -m analysis fit``: one variant or a few, beside the main analysis."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.commands.app import ExplainOption, QuickOption, VotesOption, app, console
from analysis.commands.compare import show_comparison
from analysis.commands.run import run_and_show
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_variant
from analysis.store.explain import show_explanation
from analysis.store.files import RESULTS
from analysis.store.store import Store
from analysis.variants.table import CHOICES, MAIN, choose_variants
from analysis.variants.variant import Variant


def list_choices(console: Console) -> int:
    """Print the table of variants."""
    table = Table(title="Variants: python -m analysis fit NAME...")
    for column in ("name", "changes", "reason", "source"):
        table.add_column(column, overflow="fold")
    for choice in CHOICES:
        changed = ", ".join(f"{p}={'...' if callable(v) else v}" for p, v in choice.changes.items())
        table.add_row(choice.name, escape(changed[:80]), choice.reason, choice.source)
    console.print(table)
    return 0


def fit_and_compare(
    variants: list[Variant], main: Variant, votes_path: Path | None, console: Console, *, explain: bool
) -> int:
    """Run variants, the main analysis before them where its results are not there, and put them side by side.

    Returns
    -------
    int
        0, or the exit code of the first run that failed (``analysis.commands.run.run_and_show``).
    """
    if not (RESULTS / main.name / "effects.csv").exists():
        variants = [main, *(v for v in variants if v.name != main.name)]
    if explain:
        for variant in variants:
            console.print(f"[bold]{escape(variant.name)}[/bold]", highlight=False)
            inputs = load_inputs(variant, votes_path)
            plan = plan_variant(variant, inputs.votes, inputs.panel)
            show_explanation([*plan.stage1.values(), plan.total, plan.direct], Store(), console)
        return 0
    for variant in variants:
        code = run_and_show(variant, votes_path, console)
        if code:
            return code
    for variant in variants:
        if variant.name != main.name:
            show_comparison(main.name, variant.name, console)
    return 0


@app.command(
    epilog="Example: [bold]sfl fit guarantee-pact-only[/bold], or "
    "[bold]sfl fit --set coalition.guarantee_scale=0.5 --set data.window=3[/bold]"
)
def fit(
    names: Annotated[
        list[str] | None, typer.Argument(help="Variants of the table; without any, it is listed.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field and its value: coalition.guarantee_scale=0.5."),
    ] = None,
    quick: QuickOption = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Run variants of the table, or the main analysis with fields set otherwise, beside the main analysis."""
    if not names and not changes:
        sys.exit(list_choices(console))
    try:
        variants = choose_variants(names or [], changes or [], quick=quick)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from None
    main = MAIN.quick() if quick else MAIN
    sys.exit(fit_and_compare(variants, main, votes, console, explain=explain))
