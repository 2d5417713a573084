"""``sfl fit``: one variant or a few, beside the main analysis."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from analysis.commands.app import (
    CaseOption,
    ExplainOption,
    QuickOption,
    VotesOption,
    app,
    bad_input_ends,
    bad_option_ends,
    console,
    load_cases,
)
from analysis.commands.progress import explain_tasks
from analysis.commands.run import plan_run, run_and_show
from analysis.variants.variant import Variant


def list_choices(console: Console) -> None:
    """Print the variants: name, reason, changes and source of each, whatever the width of the terminal."""
    from analysis.variants.table import CHOICES

    console.print("Variants: sfl fit NAME...", highlight=False)
    for choice in CHOICES:
        changed = ", ".join(f"{p}={'...' if callable(v) else v}" for p, v in choice.changes.items())
        console.print(f"[bold]{choice.name}[/bold]", highlight=False, soft_wrap=True)
        for line in (choice.reason, changed, choice.source):
            console.print(Padding(escape(line), (0, 0, 0, 4)), highlight=False)


def locate_file(change: str) -> str:
    """Write the whole path of a file that ``--set`` names, as in ``data.iraq.coalition_file=mine.csv``."""
    from data.load import locate_given

    path, equals, name = change.partition("=")
    is_file = path.strip().endswith("_file") and name.strip()
    return f"{path}={locate_given(name.strip())}" if equals and is_file else change


def fit_and_compare(
    variants: list[Variant], main: Variant, votes_path: Path | None, console: Console, *, explain: bool
) -> None:
    """Run variants and compare each to the main analysis, which runs first if it has no results yet."""
    from analysis.commands.compare import show_comparison
    from analysis.store.files import RESULTS

    if not (RESULTS / main.name / "effects.csv").exists():
        variants = [main, *(v for v in variants if v.name != main.name)]
    for variant in variants:
        if explain:
            console.print(f"[bold]{escape(variant.name)}[/bold]", highlight=False)
            explain_tasks(partial(plan_run, variant, votes_path), console, variant, votes_path)
        else:
            run_and_show(variant, votes_path, console)
    for variant in variants:
        if variant.name != main.name and not explain:
            show_comparison(main.name, variant.name, console)


@app.command(
    epilog="Example: [bold]sfl fit guarantee-pact-only[/bold], or "
    "[bold]sfl fit --set coalition.guarantee_scale=0.5 --set data.window=3[/bold]"
)
def fit(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of variants. Without any, they are listed.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field and its new value: coalition.guarantee_scale=0.5."),
    ] = None,
    quick: QuickOption = False,
    explain: ExplainOption = False,
    case: CaseOption = None,
    votes: VotesOption = None,
) -> None:
    """Run variants by name, or the main analysis with fields changed, and compare them to the main one."""
    if not names and not changes:
        list_choices(console)
        return
    from analysis.variants.table import choose_variants

    cases = load_cases(case)
    with bad_option_ends(), bad_input_ends():
        changes = [locate_file(change) for change in changes or []]
        variants = choose_variants(names or [], changes, quick=quick, cases=cases)
        main = choose_variants([], [], quick=quick, cases=cases)[0]
    fit_and_compare(variants, main, votes, console, explain=explain)
