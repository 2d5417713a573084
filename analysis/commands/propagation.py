"""``sfl propagation``: one variant under all four ways to propagate stage-1 uncertainty."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis.commands.app import (
    ExplainOption,
    QuickOption,
    VariantArgument,
    VotesOption,
    app,
    bad_input_ends,
    choose_variant,
    console,
)
from analysis.variants.variant import Variant

SHOWN = ("ame_pact_direct", "ame_pact_indirect", "alignment_slope")


def run_and_show_ways(variant: Variant, votes_path: Path | None, console: Console) -> int:
    """Run a variant in every way, print the effects, and return the exit code of ``run_with_progress``."""
    import pandas as pd

    from analysis.commands.progress import run_with_progress
    from analysis.studies.propagation.compare import compare_ways

    code, folder = run_with_progress(
        lambda report: compare_ways(variant, votes_path=votes_path, report=report),
        variant,
        votes_path,
        console,
    )
    if folder is None:
        return code
    ways = pd.read_csv(folder / "propagation.csv")
    table = Table(title="Effects by way of propagating stage-1 uncertainty (logits per sd; shares of 1)")
    for column in ("quantity", "case", "way", "mean", "sd", "from stage 1", "from draws, sd", "seconds"):
        table.add_column(column, justify="left" if column in ("quantity", "case", "way") else "right")
    for row in ways[ways["quantity"].isin(SHOWN)].sort_values(["quantity", "case"]).itertuples():
        table.add_row(
            row.quantity,
            row.case,
            row.way,
            f"{row.mean:.3f}",
            f"{row.sd:.3f}",
            f"{row.stage1_share:.2f}",
            f"{row.from_cut:+.2f} +/- {row.from_cut_error:.2f}",
            "" if pd.isna(row.seconds) else f"{row.seconds:.0f}",
        )
    console.print(table)
    if variant.run.quick:
        console.print("[bold]Quick run: for trying out, not a result.[/bold]")
    console.print(f"Files: {folder}", highlight=False, soft_wrap=True)
    return 0


@app.command(epilog="Example: [bold]sfl propagation guarantee-pact-only[/bold]")
def propagation(
    variant: VariantArgument = "main",
    quick: QuickOption = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Run a variant under all four ways to propagate stage-1 uncertainty, and compare them."""
    chosen = choose_variant(variant, quick)
    if not explain:
        sys.exit(run_and_show_ways(chosen, votes, console))
    from analysis.store.explain import show_explanation
    from analysis.store.store import Store
    from analysis.studies.propagation.compare import plan_ways

    with bad_input_ends():
        show_explanation(plan_ways(chosen, votes), Store(), console)
