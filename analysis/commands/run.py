"""What a run shows while it runs, and the answer when it is done."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.commands.app import QuickOption, VotesOption, app, console
from analysis.commands.progress import run_with_progress
from analysis.pipeline.run import run_variant
from analysis.posterior.joining import ALL
from analysis.posterior.summaries import INTERVAL
from analysis.variants.table import Variant

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


@app.command(epilog="Example: [bold]sfl run --quick[/bold]")
def run(
    quick: QuickOption = False,
    votes: VotesOption = None,
) -> None:
    """Run the main job: both stages, from votes to the effect of a guarantee, with its uncertainty."""
    from analysis.variants.table import MAIN

    sys.exit(run_and_show(MAIN.quick() if quick else MAIN, votes, console))
