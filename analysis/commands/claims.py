"""The command ``claims``: shows progress, then each claim with its verdict and result."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

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


def show_claims(folder: Path, console: Console) -> None:
    """Print each claim, its verdict, its result and what is missing."""
    record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    for page in record["claims"]:
        console.print(f"\n[bold]{page['title']}[/bold] {page['verdict']}", highlight=False)
        for sentence in page["result"]:
            console.print(f"  {escape(sentence)}", highlight=False)
        for message in page["missing"]:
            console.print(f"  [yellow]Missing:[/yellow] {escape(message)}", highlight=False)
    if record["quick"]:
        console.print("\n[bold]Quick run: for trying out, not a result.[/bold]")
    console.print(f"\nFiles: {folder}", highlight=False, soft_wrap=True)


@app.command(epilog="Example: [bold]sfl claims --quick[/bold]")
def claims(
    variant: VariantArgument = "main",
    quick: QuickOption = False,
    explain: ExplainOption = False,
    votes: VotesOption = None,
) -> None:
    """Test the other claims of the argument: asymmetry, different goods, informality, hierarchy."""
    from analysis.commands.progress import run_with_progress
    from analysis.store.explain import show_explanation
    from analysis.store.store import Store
    from analysis.studies.claims.plan import plan_claims
    from analysis.studies.claims.run import run_claims

    chosen = choose_variant(variant, quick)
    if explain:
        with bad_input_ends():
            show_explanation(plan_claims(chosen, votes), Store(), console)
        return
    code, folder = run_with_progress(
        lambda report: run_claims(chosen, votes_path=votes, report=report), chosen, votes, console
    )
    if folder is not None:
        show_claims(folder, console)
    sys.exit(code)
