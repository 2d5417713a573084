"""Votes replicated from the positions: what the section on checks says and shows of them."""

import pandas as pd

from analysis.posterior.words import number
from analysis.report.blocks import Chart, Text, fold
from analysis.report.charts import interval_chart
from analysis.studies.checks.stage1.judge import (
    AS_EXPECTED,
    ITEM_FIT,
    MISPLACED,
    STATE_FIT,
    UNAVAILABLE,
)
from analysis.studies.checks.stage1.measure import CONTRADICTIONS, CORRELATION, DIMENSIONS, REPEATS

COLOURS = ("var(--level-pact)", "var(--accent)")
N_NAMED = 8
"""States and resolutions that a sentence names."""


def build_replicated(table: pd.DataFrame) -> list:
    """Return the blocks for position_checks.csv, with cases by their names."""
    blocks = [
        Text(
            "Votes are replicated from draws of the positions, with the same absences. Where the observed "
            "votes are unlike the replicated ones, the model of positions is wrong, and its intervals are "
            "not to be trusted."
        )
    ]
    for case, rows in table.groupby("case", sort=False):
        sentence = " ".join([*_count_contradictions(rows), *_name_units(rows), *_say_unavailable(rows)])
        blocks.append(Text(f"{case}. {sentence}"))
    shown = table[table["check"].isin((CORRELATION, DIMENSIONS)) & table["value"].notna()]
    if len(shown):
        blocks.append(_chart(shown))
    return [*blocks, fold("The numbers", table, "Observed votes beside replicated ones")]


def _count_contradictions(rows: pd.DataFrame) -> list[str]:
    """Say how often states contradict themselves, and how often replicated ones do."""
    found = rows[(rows["check"] == REPEATS) & (rows["item"] == CONTRADICTIONS) & rows["value"].notna()]
    return [
        f"When a resolution is put again, {number(r.value, 0)} answers differ from the state's last one; "
        f"the model expects {number(r.reference, 0)} ({number(r.lower, 0)} to {number(r.upper, 0)})."
        for r in found.itertuples()
    ]


def _name_units(rows: pd.DataFrame) -> list[str]:
    """Name the states and resolutions that the model cannot place, the furthest first."""
    sentences = []
    for check, what in ((STATE_FIT, "States"), (ITEM_FIT, "Resolutions")):
        wrong = rows[(rows["check"] == check) & (rows["verdict"] == MISPLACED)]
        if wrong.empty:
            continue
        order = (wrong["value"] / wrong["upper"]).sort_values(ascending=False).index
        names = "; ".join(wrong.loc[order, "item"].head(N_NAMED))
        more = f" and {len(wrong) - N_NAMED} more" if len(wrong) > N_NAMED else ""
        sentences.append(f"{what} that the model cannot place: {names}{more}.")
    return sentences


def _say_unavailable(rows: pd.DataFrame) -> list[str]:
    """Say what cannot be had, and why."""
    lacking = rows[rows["verdict"] == UNAVAILABLE]
    return [
        f"Not to be had: {', '.join(part['item'])}, because {note}."
        for note, part in lacking.groupby("note", sort=False)
    ]


def _chart(shown: pd.DataFrame) -> Chart:
    """Chart correlations and dimensions of residuals: a marker is what was seen, a line what is expected."""
    cases = list(dict.fromkeys(shown["case"]))
    frame = shown.assign(
        row=shown["item"],
        mean=shown["value"],
        series=shown["case"],
        colour=[COLOURS[cases.index(case) % len(COLOURS)] for case in shown["case"]],
        shape="circle",
        tip_case=shown["case"],
        tip_seen=[number(v, 3) for v in shown["value"]],
        tip_expected=[number(v, 3) for v in shown["reference"]],
    )
    inside = (shown["verdict"] == AS_EXPECTED).sum()
    return Chart(
        "replicated",
        interval_chart(frame, "Correlation of residuals, or share of their variance", row_height=32),
        f"{inside} of {len(shown)} correlations and dimensions of residuals are as the model expects. The "
        "table has the numbers.",
        f"{inside} of {len(shown)} correlations and dimensions of residuals are as the model expects. "
        f"Markers: what was seen; lines: what 999 of 1,000 replicated votes show. Filled: {cases[0]}.",
    )
