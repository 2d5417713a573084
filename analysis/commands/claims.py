"""What the command ``claims`` shows: progress, then each claim with its verdict and result."""

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from analysis.commands.app import QuickOption, VariantArgument, VotesOption, app, console
from analysis.commands.progress import run_with_progress
from analysis.studies.claims.run import run_claims
from analysis.variants.table import find_variants


def run_and_show_claims(name: str, quick: bool, votes_path: Path | None, console: Console) -> int:
    """Run the claims of a variant, show the verdicts, return the exit code.

    Returns
    -------
    int
        0; 1 if a fit did not converge; 2 if the input is bad; 130 if it was stopped.
    """
    try:
        [variant] = find_variants([name])
    except ValueError as error:
        console.print(f"[bold red]Bad input:[/bold red] {escape(str(error))}", highlight=False)
        return 2
    variant = variant.quick() if quick else variant
    code, folder = run_with_progress(
        lambda report: run_claims(variant, votes_path=votes_path, report=report),
        variant,
        votes_path,
        console,
    )
    if folder is not None:
        show_claims(folder, console)
    return code


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
    votes: VotesOption = None,
) -> None:
    """Put the rest of the argument to the data: asymmetry, different goods, informality, hierarchy."""
    sys.exit(run_and_show_claims(variant, quick, votes, console))
