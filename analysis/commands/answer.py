"""How a run ends in the terminal: the answer in words, a small table, convergence, files, what to do next.

Lines fit into 80 columns and stay readable in a pipe; no name is cut.
"""

import math
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from analysis.commands.progress import show_files
from analysis.posterior.words import estimate, interval, number, probability, take_headline

if TYPE_CHECKING:
    import pandas as pd

    from analysis.store.results import Results

SHOWN = re.compile(
    "ame_((?!_natural|_interventional).)+_(total|direct|indirect)$|ame_.+_indirect_|att_|alignment_"
)
"""Quantities of ``--table``; ``effects.csv`` has all."""
SMALL = {
    "ame_{}_total": "joining, points",
    "ame_{}_direct": " alignment held",
    "ame_{}_indirect": " through alignment",
    "att_{}_total": " of its holders",
    "alignment_{}": "alignment, sd",
}
"""Rows of the small table, by quantity of the highest level."""
WIDTH = 80
COMMAND = "uv run sfl"


def show_answer(folder: Path, console: Console) -> None:
    """Print the answer of a run case by case, and what to do next."""
    from analysis.report.caveats import list_caveats
    from analysis.report.verdict import path_card, say_difference
    from analysis.store.results import Results

    results = Results.load(folder.name, results=folder.parent)
    labels = results.case_labels | {"pooled": "mean of the cases"}
    console.print("[bold]The answer[/bold]")
    for sentence in answer_sentences(results.effects, labels):
        _say(sentence, console)
    console.print()
    console.print(small_table(results, labels))
    sentences = [say_difference(results)]
    if path := path_card(results):
        sentences.append(f"{path.question} {path.answer}.")
    for sentence in (*sentences, *list_caveats(results)):
        _say(sentence, console)
    console.print()
    _say(say_convergence(results.record["convergence"]), console)
    seconds = sum(results.record["seconds"].values())
    show_files(f"{folder} (fits took {seconds:.0f} s)", results.quick, console)
    for line in list_next(results):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def answer_sentences(effects: "pd.DataFrame", labels: dict[str, str]) -> list[str]:
    """Both halves of the answer, a sentence a case, for the strongest guarantee.

    ``labels`` names each case and ``pooled``, in the order of the sentences.
    """
    level = effects["quantity"].str.extract("^ame_(.+)_total$")[0].dropna().unique()[-1]
    halves = (
        (f"alignment_{level}", "stood nearer to the US in the General Assembly by", 1, 2, "sd"),
        (f"ame_{level}_total", "had a higher probability of joining by", 100, 0, "points"),
    )
    sentences = []
    for quantity, verb, scale, digits, unit in halves:
        rows = take_headline(effects[effects["quantity"] == quantity]).set_index("case")
        if rows.empty:
            # With positions by issue area there is no single alignment.
            continue
        sentences.append(f"A state under a US guarantee ({level}), beside one like it without, {verb}:")
        for case, label in labels.items():
            row = rows.loc[case]
            ends = interval(row["lower"], row["upper"], scale=scale, digits=digits)
            sentences.append(
                f"  {label}: {number(scale * row['mean'], digits, sign=True)} {unit} ({ends}), "
                f"P(> 0) {probability(row['prob_positive'])}"
            )
    return sentences


def small_table(results: "Results", labels: dict[str, str]) -> Table:
    """Return the main numbers of the highest level: a row a quantity, a column a case."""
    level = results.levels[-1]
    title = f"{level} against none: means and 90 % intervals"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for label in [*results.case_labels.values(), "mean of them"]:
        table.add_column(label, justify="right", overflow="fold")
    for quantity, words in SMALL.items():
        rows = take_headline(results.effects[results.effects["quantity"] == quantity.format(level)])
        if rows.empty:
            continue
        rows = rows.set_index("case")
        scale, digits = (1, 2) if quantity.startswith("alignment") else (100, 0)
        cells = [
            estimate(*rows.loc[case, ["mean", "lower", "upper"]], scale=scale, digits=digits)
            for case in labels
        ]
        table.add_row(words, *cells)
    return table


def say_convergence(convergence: dict[str, dict]) -> str:
    """Say the worst measure of all fits of a run, and of which fit it is."""
    fits = list(convergence.values())
    worst = max(convergence, key=lambda name: convergence[name].get("max_rhat", 0))
    sizes = [f[name] for f in fits for name in ("min_ess_bulk", "min_ess_tail") if name in f]
    least = min(sizes, default=math.nan)
    divergences = sum(f.get("divergences", 0) for f in fits)
    return (
        f"Convergence of {len(fits)} fits: largest R-hat {number(convergence[worst]['max_rhat'], 4)} "
        f"({worst}), least effective sample size {number(least, 0)}, divergences {divergences}."
    )


def list_next(results: "Results") -> list[str]:
    """Commands that may come next, as they work when they are copied."""
    option = " --quick" if results.quick else ""
    name = results.variant
    table = f"{COMMAND} run{option} --table" if name.startswith("main") else f"{COMMAND} compare {name} main"
    return [
        "Next:",
        f"  {f'{COMMAND} report {name}':<34} one page of everything, for any browser",
        f"  {table:<34} {'all effects' if name.startswith('main') else 'beside the main analysis'}",
        f"  {COMMAND + ' fit --axis guarantee':<34} other codings of the guarantee",
        f"  {f'{COMMAND} checks {name}':<34} does the model hold?",
    ]


def show_table(folder: Path, console: Console) -> None:
    """Print every effect of a finished run: its name, and a line for each case."""
    from analysis.figures.style import quantity_name, quantity_unit
    from analysis.store.results import Results

    results = Results.load(folder.name, results=folder.parent)
    labels = results.case_labels | {"pooled": "mean of the cases"}
    labels["difference"] = "difference of the cases"
    widest = max(map(len, labels.values()))
    console.print("Means and 90 % intervals; P: probability of being above 0.", highlight=False)
    rows = take_headline(results.effects)
    for quantity, of_quantity in rows[rows["quantity"].map(SHOWN.match).notna()].groupby(
        "quantity", sort=False
    ):
        heading = f"{quantity}  ({quantity_name(quantity)}; {quantity_unit(quantity)})"
        console.print(heading, highlight=False, markup=False, soft_wrap=True)
        scale, digits = (1, 2) if quantity.startswith("alignment") else (100, 1)
        for row in of_quantity.itertuples():
            found = estimate(row.mean, row.lower, row.upper, scale=scale, digits=digits)
            label = labels.get(row.case, row.case)
            line = f"  {label:<{widest}}  {found:<26} P {probability(row.prob_positive)}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _say(sentence: str, console: Console) -> None:
    """Print a sentence in lines of at most ``WIDTH``, also in a pipe."""
    indent = " " * (len(sentence) - len(sentence.lstrip()))
    for line in textwrap.wrap(sentence.strip(), WIDTH - len(indent)) or [""]:
        console.print(indent + line, highlight=False, markup=False, soft_wrap=True)
