"""``python -m analysis fit``: one variant or a few, beside the main analysis."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.commands.compare import show_comparison
from analysis.commands.run import run_and_show
from analysis.pipeline.inputs import load_inputs
from analysis.pipeline.plan import plan_variant
from analysis.store.explain import show_explanation
from analysis.store.files import RESULTS
from analysis.store.store import Store
from analysis.variants.change import apply_changes, parse_change
from analysis.variants.table import CHOICES, MAIN, find_variants
from analysis.variants.variant import Variant


def choose_variants(names: list[str], changes: list[str], *, quick: bool = False) -> list[Variant]:
    """Variants by name, each with further changes; changes alone are changes of the main analysis.

    Raises
    ------
    ValueError
        For an unknown name or field, with the nearest right one, or a value that is not allowed.
    """
    chosen = find_variants(names) if names else [MAIN]
    given = dict(map(parse_change, changes))
    if given:
        suffix = "+".join(change.replace(" ", "").replace("/", "_") for change in changes)
        chosen = [
            replace(
                apply_changes(variant, given),
                name=suffix if variant is MAIN else f"{variant.name}+{suffix}",
                axis="set",
                choice=suffix,
                reason="Asked for on the command line.",
                source="The user.",
            )
            for variant in chosen
        ]
    return [variant.quick() for variant in chosen] if quick else chosen


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
