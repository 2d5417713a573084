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

LINE = 80
"""Longest line of the list of axes."""


def list_axes(console: Console) -> None:
    """Print on one screen the kinds of choices, how many each has, and how to go on."""
    from analysis.variants.table import AXES, CHOICES

    _say("Variants change one choice of the main analysis. Kinds of choices:", console)
    for axis in AXES:
        names = [choice.choice for choice in CHOICES if choice.axis == axis]
        line = f"  {axis:<13} {len(names):>3}  {names[0]}"
        for name in names[1:]:
            if len(line) + len(name) > LINE - 5:
                line += ", ..."
                break
            line += f", {name}"
        _say(line, console)
    example = CHOICES[0]
    for text, what in (
        (f"fit --axis {example.axis}", "what each of them changes, why, and whose idea it is"),
        (f"fit {example.name}", "run one and compare it with the main analysis"),
        (f"fit {example.name} --explain", "only say what would be fitted"),
        ("fit --set coalition.guarantee_scale=0.5", "a change of your own, of any field"),
    ):
        _say(f"uv run sfl {text}", console)
        _say(f"    {what}", console)


def list_choices(axis: str, console: Console) -> None:
    """Print the variants on an axis: name, reason, changes and source of each.

    Raises ValueError for an unknown axis; the message lists the nearest.
    """
    from analysis.variants.table import choose_axes

    chosen = choose_axes([axis])
    for choice in chosen:
        changed = ", ".join(f"{p}={'...' if callable(v) else v}" for p, v in choice.changes.items())
        console.print(f"[bold]{choice.name}[/bold]", highlight=False, soft_wrap=True)
        for line in (choice.reason, changed, choice.source):
            console.print(Padding(escape(line), (0, 0, 0, 4)), highlight=False)
    _say(f"To run one: uv run sfl fit {chosen[0].name}", console)


def _say(line: str, console: Console) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


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
    epilog="Example: [bold]uv run sfl fit guarantee-pact-only[/bold], or "
    "[bold]uv run sfl fit --set coalition.guarantee_scale=0.5 --set data.window=3[/bold]"
)
def fit(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of variants. Without any, kinds are listed.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field and its new value: coalition.guarantee_scale=0.5."),
    ] = None,
    axis: Annotated[str | None, typer.Option(help="Only list the variants of a kind: guarantee.")] = None,
    quick: QuickOption = False,
    explain: ExplainOption = False,
    case: CaseOption = None,
    votes: VotesOption = None,
) -> None:
    """Run variants by name, or the main analysis with fields changed, and compare them to the main one."""
    if axis:
        with bad_option_ends():
            list_choices(axis, console)
        return
    if not names and not changes:
        list_axes(console)
        return
    from analysis.variants.table import choose_variants

    cases = load_cases(case)
    with bad_option_ends(), bad_input_ends():
        changes = [locate_file(change) for change in changes or []]
        variants = choose_variants(names or [], changes, quick=quick, cases=cases)
        main = choose_variants([], [], quick=quick, cases=cases)[0]
    fit_and_compare(variants, main, votes, console, explain=explain)
