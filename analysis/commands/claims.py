"""The command ``claims``: shows progress, then each claim with its verdict and result."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from analysis.commands.app import (
    ExplainOption,
    QuickOption,
    VariantArgument,
    VotesOption,
    app,
    choose_variant,
)

if TYPE_CHECKING:
    from analysis.variants.sampler import Report


def show_claims(folder: Path, console: Console) -> None:
    """Print each claim, its verdict, its result and what is missing."""
    record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    for page in record["claims"]:
        console.print(f"\n[bold]{page['title']}[/bold] {page['verdict']}", highlight=False)
        for sentence in page["result"]:
            console.print(f"  {escape(sentence)}", highlight=False)
        for message in page["missing"]:
            console.print(f"  [yellow]Missing:[/yellow] {escape(message)}", highlight=False)
    console.print()


@app.command(epilog="Example: [bold]uv run sfl claims --quick[/bold]")
def claims(
    variant: VariantArgument = "main",
    quick: QuickOption = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Test the other claims of the argument: asymmetry, different goods, formality, hierarchy."""
    from analysis.commands.progress import explain_or_run
    from analysis.studies.claims.plan import plan_claims

    def run(report: "Report") -> Path:
        from analysis.studies.claims.run import run_claims

        return run_claims(chosen, votes_path=votes, report=report)

    chosen = choose_variant(variant, quick)
    explain_or_run(
        lambda: plan_claims(chosen, votes),
        run,
        show_claims,
        explain=explain,
        quick=quick,
        variant=chosen,
        votes_path=votes,
    )
