"""``sfl propagation``: one variant under all four ways to propagate stage-1 uncertainty."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from analysis.commands.app import (
    ExplainOption,
    QuickOption,
    VariantArgument,
    VotesOption,
    app,
    choose_variant,
)

SHOWN = ("ame_pact_direct", "ame_pact_indirect", "alignment_slope")


def show_ways(folder: Path, console: Console) -> None:
    """Print the effects under each way."""
    import pandas as pd

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


@app.command(epilog="Example: [bold]uv run sfl propagation guarantee-pact-only[/bold]")
def propagation(
    variant: VariantArgument = "main",
    quick: QuickOption = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Run a variant under all four ways to propagate stage-1 uncertainty, and compare them."""
    from analysis.commands.progress import explain_or_run
    from analysis.studies.propagation.compare import compare_ways, plan_ways

    chosen = choose_variant(variant, quick)
    explain_or_run(
        lambda: plan_ways(chosen, votes),
        lambda report: compare_ways(chosen, votes_path=votes, report=report),
        show_ways,
        explain=explain,
        quick=quick,
        variant=chosen,
        votes_path=votes,
    )
