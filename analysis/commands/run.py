"""What a run shows while it runs, and the answer when it is done."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from analysis.fitting.gates import ConvergenceError
from analysis.pipeline.run import Report, run_variant
from analysis.posterior.joining import ALL
from analysis.posterior.summaries import INTERVAL
from analysis.variants.table import Variant
from data.load import FETCH_COMMAND, DataError, find_rollcalls

SHOWN = re.compile("ame_((?!_natural).)+_(total|direct|indirect)$|alignment_")
"""Quantities of the table in the terminal; all are in ``effects.csv``."""


def run_and_show(variant: Variant, votes_path: Path | None, console: Console) -> int:
    """Run a variant with progress, show the answer, return the exit code.

    Returns
    -------
    int
        0; 1 if a fit did not converge; 2 if the input is bad; 4 if something could not be saved; 130 if it
        was stopped.
    """
    code, folder = run_with_progress(
        lambda report: run_variant(variant, votes_path=votes_path, report=report),
        variant,
        votes_path,
        console,
    )
    if folder is not None:
        show_answer(folder, console)
    return code


def run_with_progress(
    run: Callable[[Report], Path], variant: Variant, votes_path: Path | None, console: Console
) -> tuple[int, Path | None]:
    """Say which votes are used, run with a bar for each step, and put an error into words.

    Parameters
    ----------
    run : callable
        What is run, given the function that is told of steps; returns the folder of its results.
    variant, votes_path, console
        As in ``run_and_show``.

    Returns
    -------
    code : int
        As ``run_and_show`` returns it.
    folder : Path or None
        None unless the code is 0.
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

            return 0, run(report)
    except DataError as error:
        console.print(f"[bold red]Bad input:[/bold red] {escape(str(error))}", highlight=False)
        return 2, None
    except ConvergenceError as error:
        console.print(f"[bold red]No result saved:[/bold red] {error}", highlight=False)
        return 1, None
    except OSError as error:
        console.print(f"[bold red]Could not be saved:[/bold red] {escape(str(error))}", highlight=False)
        return 4, None
    except KeyboardInterrupt:
        console.print("[bold]Stopped.[/bold] Finished fits are kept: the same command goes on from there.")
        return 130, None


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
    told = labels | {"pooled": "pooled"}
    labels = told | {"difference": "difference"}
    table = Table(
        title="Average marginal effects on joining, percentage points; alignment in the Assembly, standard "
        "deviations of states; its slope, logits per sd"
    )
    for column in ("quantity", "case", "mean", "sd", f"{percent} interval", "P(> 0)"):
        table.add_column(column, justify="left" if column in ("quantity", "case") else "right")
    for row in effects.itertuples():
        if row.group != ALL or not SHOWN.match(row.quantity):
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
    console.print()
    for sentence in answer_sentences(effects, told):
        console.print(sentence, highlight=False)
    if record["quick"]:
        console.print("[bold]Quick run: for trying out, not a result.[/bold]")
    seconds = sum(record["seconds"].values())
    console.print(f"Files: {folder} (fits took {seconds:.0f} s)", highlight=False, soft_wrap=True)


def answer_sentences(effects: pd.DataFrame, labels: dict[str, str]) -> list[str]:
    """Both halves of the answer, each per case and pooled, for the highest level of the guarantee.

    Parameters
    ----------
    effects : pd.DataFrame
        ``effects.csv``.
    labels : dict of str to str
        Names of the cases and of what is made of them, by ``case``, in the order in which they are told.
    """
    levels = effects["quantity"].str.extract("^ame_(.+)_total$")[0].dropna().unique()
    level = levels[-1]
    halves = (
        (f"alignment_{level}", "moved its alignment in the General Assembly by", 1, 2, "sd"),
        (f"ame_{level}_total", "changed its probability of joining by", 100, 0, "points"),
    )
    sentences = []
    for quantity, verb, scale, digits, unit in halves:
        rows = effects[(effects["quantity"] == quantity) & (effects["group"] == ALL)].set_index("case")
        numbers = (scale * rows[["mean", "lower", "upper"]]).map(f"{{:+.{digits}f}}".format)
        parts = [
            f"{label}: {numbers.loc[case, 'mean']} {unit} "
            f"({numbers.loc[case, 'lower']} to {numbers.loc[case, 'upper']})"
            for case, label in labels.items()
        ]
        sentences.append(
            f"A US guarantee ({level}) of a state, against none, {verb} "
            + "; ".join(parts)
            + f"; probability that the pooled effect is positive: {rows.loc['pooled', 'prob_positive']:.3f}."
        )
    return sentences
