"""What the checks found, in a terminal: a table of verdicts and a few sentences."""

import sys
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.commands.app import QuickOption, VariantArgument, VotesOption, app, choose_variant, console
from analysis.commands.progress import run_with_progress
from analysis.studies.checks.run import run_checks
from analysis.variants.table import Variant


def check_and_show(variant: Variant, votes_path: Path | None, console: Console) -> int:
    """Check a variant with progress, show what was found, return the exit code of ``run_and_show``."""
    code, folder = run_with_progress(
        lambda report: run_checks(variant, votes_path=votes_path, report=report),
        variant,
        votes_path,
        console,
    )
    if folder is not None:
        show_checks(folder, console)
    return code


def show_checks(folder: Path, console: Console) -> None:
    """Print how many checks came out how, the most influential units, and the sentences."""
    checks = pd.read_csv(folder / "checks.csv")
    table = Table(title="Checks of the second stage")
    for column in ("check", "verdict", "rows"):
        table.add_column(column, justify="right" if column == "rows" else "left")
    counts = checks.fillna({"verdict": ""}).groupby(["check", "verdict"], sort=False).size()
    for (check, verdict), n in counts.items():
        table.add_row(str(check), str(verdict), str(n))
    console.print(table)
    influence = pd.read_csv(folder / "influence.csv")
    for sentence in (influence_sentence(influence), confounding_sentence(checks)):
        console.print(f"\n{sentence}", highlight=False)
    console.print(f"\nFiles: {folder}", highlight=False, soft_wrap=True)


def influence_sentence(influence: pd.DataFrame) -> str:
    """Which state, region, issue and session move the pooled effects by most."""
    rows = influence[(influence["case"] == "pooled") & influence["quantity"].str.startswith("ame_")]
    parts = []
    for (quantity, kind), part in rows.groupby(["quantity", "kind"], sort=False):
        top = part.loc[part["shift"].abs().idxmax()]
        parts.append(
            f"{quantity} without the {kind} {top['unit']}: {100 * top['effect_without']:+.1f} "
            f"instead of {100 * top['effect_main']:+.1f}"
        )
    return "Moved by most (percentage points): " + "; ".join(parts) + "."


def confounding_sentence(checks: pd.DataFrame) -> str:
    """The verdict on unmeasured confounding."""
    rows = checks[(checks["check"] == "confounding") & (checks["item"] == "tipping_strength")]
    row = rows[rows["case"] == "pooled"].iloc[0]
    gone, doubtful = (
        f"at {row[name]:.1f}" if row[name] < float("inf") else "at no strength tried"
        for name in ("value", "lower")
    )
    return (
        f"An unseen cause explains the pooled effect away {gone}; the effect's interval reaches 0 {doubtful} "
        "(logits per standard deviation, on guarantee and joining alike). Of the measured causes the "
        f"strongest has {row['reference']:.1f} on its weaker side."
    )


@app.command(epilog="Example: [bold]sfl checks guarantee-pact-only[/bold]")
def checks(
    variant: VariantArgument = "main",
    quick: QuickOption = False,
    votes: VotesOption = None,
) -> None:
    """Check the second stage: prediction, influence, sensitivity to priors, controls, hidden causes."""
    sys.exit(check_and_show(choose_variant(variant, quick), votes, console))
