"""``sfl run``: the main job, and its answer in the terminal."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from analysis.commands.app import (
    CaseOption,
    ExplainOption,
    QuickOption,
    VotesOption,
    app,
    bad_option_ends,
    console,
    load_cases,
)
from analysis.commands.progress import explain_tasks, run_with_progress, show_files
from analysis.posterior.words import interval, number, probability, take_headline
from analysis.variants.sampler import Report
from analysis.variants.variant import Variant

if TYPE_CHECKING:
    import pandas as pd

    from analysis.store.task import Task

SHOWN = re.compile(
    "ame_((?!_natural|_interventional).)+_(total|direct|indirect)$|ame_.+_indirect_|alignment_"
)
"""Quantities shown in the terminal; ``effects.csv`` has all."""


def run_and_show(variant: Variant, votes_path: Path | None, console: Console) -> None:
    """Run a variant with progress and show the answer."""
    from analysis.pipeline.run import run_variant

    def run(report: Report) -> Path:
        return run_variant(variant, votes_path=votes_path, report=report)

    show_answer(run_with_progress(run, variant, votes_path, console), console)


def plan_run(variant: Variant, votes_path: Path | None) -> list["Task"]:
    """List the fits of a variant as tasks, without fitting anything."""
    from analysis.pipeline.inputs import load_inputs
    from analysis.pipeline.plan import plan_variant

    inputs = load_inputs(variant, votes_path)
    plan = plan_variant(variant, inputs.votes, inputs.panel)
    return [*plan.stage1.values(), plan.total, plan.direct]


def show_answer(folder: Path, console: Console) -> None:
    """Print the table of effects, the answer with its caveats, and where the files are."""
    from analysis.report.caveats import list_caveats
    from analysis.report.verdict import path_card, say_difference
    from analysis.store.results import Results

    results = Results.load(folder.name, results=folder.parent)
    labels = results.case_labels | {"pooled": "mean of the cases"}
    table = Table(
        title="Average marginal effects on joining, percentage points; alignment in the Assembly, standard "
        "deviations of states; its slope, logits per sd"
    )
    for column in ("quantity", "case", "mean", "sd", "90 % interval", "P(> 0)"):
        table.add_column(column, justify="left" if column in ("quantity", "case") else "right")
    for row in take_headline(results.effects).itertuples():
        if not SHOWN.match(row.quantity):
            continue
        scale, digits = (100, 1) if row.quantity.startswith("ame") else (1, 2)
        table.add_row(
            row.quantity,
            labels.get(row.case, row.case),
            number(scale * row.mean, digits),
            number(scale * row.sd, digits),
            interval(row.lower, row.upper, scale=scale, digits=digits),
            probability(row.prob_positive),
        )
    console.print(table)
    console.print()
    sentences = [*answer_sentences(results.effects, labels), say_difference(results)]
    if path := path_card(results):
        sentences.append(f"{path.question} {path.answer}. {path.sentence}")
    for sentence in (*sentences, *list_caveats(results)):
        console.print(sentence, highlight=False, markup=False)
    seconds = sum(results.record["seconds"].values())
    show_files(f"{folder} (fits took {seconds:.0f} s)", results.quick, console)


def answer_sentences(effects: "pd.DataFrame", labels: dict[str, str]) -> list[str]:
    """Both halves of the answer, case by case and then pooled, for the strongest guarantee.

    ``labels`` names each case and ``pooled``, in the order of the sentence.
    """
    level = effects["quantity"].str.extract("^ame_(.+)_total$")[0].dropna().unique()[-1]
    halves = (
        (f"alignment_{level}", "moved its alignment in the General Assembly by", 1, 2, "sd"),
        (f"ame_{level}_total", "changed its probability of joining by", 100, 0, "points"),
    )
    sentences = []
    for quantity, verb, scale, digits, unit in halves:
        rows = take_headline(effects[effects["quantity"] == quantity]).set_index("case")
        if rows.empty:
            # With positions by issue area there is no single alignment.
            continue
        parts = [
            f"{label} {number(scale * rows.loc[case, 'mean'], digits, sign=True)} {unit} "
            f"({interval(*rows.loc[case, ['lower', 'upper']], scale=scale, digits=digits)})"
            for case, label in labels.items()
        ]
        probs = "; ".join(
            f"{label} {probability(rows.loc[case, 'prob_positive'])}" for case, label in labels.items()
        )
        sentences.append(
            f"A state under a US guarantee ({level}), compared with none, {verb}: {'; '.join(parts)}. "
            f"Probability that the effect is positive: {probs}."
        )
    return sentences


@app.command(epilog="Example: [bold]sfl run --quick[/bold], or [bold]sfl run --case libya --case isis[/bold]")
def run(
    quick: QuickOption = False,
    explain: ExplainOption = False,
    case: CaseOption = None,
    votes: VotesOption = None,
) -> None:
    """Run the main job: both stages, from votes to the effect of a guarantee, with its uncertainty."""
    from analysis.variants.table import choose_variants

    cases = load_cases(case)
    with bad_option_ends():
        variant = choose_variants([], [], quick=quick, cases=cases)[0]
    if explain:
        explain_tasks(lambda: plan_run(variant, votes), console, variant, votes)
    else:
        run_and_show(variant, votes, console)
