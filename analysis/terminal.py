"""What a run shows while it runs, and the answer when it is done."""

import json
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from analysis.diagnostics import ConvergenceError
from analysis.effects import INTERVAL
from analysis.pipeline import run_variant
from analysis.variants import Variant
from data.load import FETCH_COMMAND, find_rollcalls
from data.schema import DataError


def run_and_show(variant: Variant, votes_path: Path | None, console: Console) -> int:
    """Run a variant with progress, show the answer, return the exit code.

    Returns
    -------
    int
        0; 1 if a fit did not converge; 2 if the input is bad; 130 if it was stopped.
    """
    try:
        console.print(_first_line(variant, votes_path), highlight=False)
        with Progress(
            TextColumn("{task.description:32}"),
            BarColumn(),
            TextColumn("{task.percentage:>4.0f} %"),
            TimeElapsedColumn(),
            console=console,
        ) as bars:

            def report(name: str):
                task = bars.add_task(name, total=1.0)
                return lambda share: bars.update(task, completed=share)

            folder = run_variant(variant, votes_path=votes_path, report=report)
    except DataError as error:
        console.print(f"[bold red]Bad input:[/bold red] {escape(str(error))}", highlight=False)
        return 2
    except ConvergenceError as error:
        console.print(f"[bold red]No result saved:[/bold red] {error}", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("[bold]Stopped.[/bold] Finished fits are kept: the same command goes on from there.")
        return 130
    show_answer(folder, console)
    return 0


def _first_line(variant: Variant, votes_path: Path | None) -> str:
    found = find_rollcalls(votes_path)
    if variant.data.granularity == "agenda":
        return "Votes: the agenda tallies that ship, as asked for."
    if found is None:
        return (
            "Votes: no roll calls found; using the agenda tallies that ship. "
            f"To get roll calls: {FETCH_COMMAND}"
        )
    return f"Votes: roll calls in {found}."


def show_answer(folder: Path, console: Console) -> None:
    """Print the table of effects, the answer in a sentence, and where the files are."""
    effects = pd.read_csv(folder / "effects.csv")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    labels = {case["name"]: case["label"] for case in record["variant"]["data"]["cases"]}
    percent = f"{INTERVAL:.0%}".replace("%", " %")
    table = Table(title="Average marginal effects, percentage points; slope of alignment, logits per sd")
    for column in ("quantity", "case", "mean", "sd", f"{percent} interval", "P(> 0)"):
        table.add_column(column, justify="left" if column in ("quantity", "case") else "right")
    for row in effects.itertuples():
        if row.quantity.startswith("probability"):
            continue
        scale, digits = (100, 1) if row.quantity.startswith("ame") else (1, 2)
        table.add_row(
            row.quantity,
            labels.get(row.case, row.case),
            f"{scale * row.mean:.{digits}f}",
            f"{scale * row.sd:.{digits}f}",
            f"{scale * row.lower:.{digits}f} to {scale * row.upper:.{digits}f}",
            f"{row.prob_positive:.3f}",
        )
    console.print(table)
    console.print(f"\n{answer_sentence(effects, labels)}", highlight=False)
    if record["quick"]:
        console.print("[bold]Quick run: for trying out, not a result.[/bold]")
    seconds = sum(record["seconds"].values())
    console.print(f"Files: {folder} (fits took {seconds:.0f} s)", highlight=False, soft_wrap=True)


def answer_sentence(effects: pd.DataFrame, labels: dict[str, str]) -> str:
    """The answer: the total effect of a formal pact per case and pooled, with its uncertainty."""
    rows = effects[effects["quantity"] == "ame_pact_total"].set_index("case")
    parts = [
        f"{label}: {100 * rows.loc[case, 'mean']:+.0f} points "
        f"({100 * rows.loc[case, 'lower']:+.0f} to {100 * rows.loc[case, 'upper']:+.0f})"
        for case, label in [*labels.items(), ("pooled", "both")]
    ]
    return (
        "A US pact, against no guarantee, changed a state's probability of joining by "
        + "; ".join(parts)
        + f"; probability that the pooled effect is positive: {rows.loc['pooled', 'prob_positive']:.3f}."
    )
