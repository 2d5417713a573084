"""Does a guarantee do the same everywhere? Differences between groups, as far as the data show them."""

import pandas as pd

from analysis.figures.style import GROUP_NAMES, short_level
from analysis.posterior.words import estimate, probability
from analysis.report.blocks import Sortable, Text
from analysis.report.tables import Column, Table, interval_column, make_table, number_column
from analysis.store.results import Results

SURE = 0.95
"""Probability of a difference from which it is called found; see models/docs/causes.md."""
MOVED = 0.8
"""Share of the prior's variance that an interaction has left, below which the data have moved it."""


def describe_differences(results: Results, level: str) -> list[Text | Sortable]:
    """Return the verdict on differences between groups and their table; nothing without interactions."""
    tables = [results.table(f"{name}.csv") for name in ("differences", "interactions")]
    if any(table is None for table in tables):
        return []
    differences, interactions = tables
    shown = differences[(differences["level"] == level) & (differences["quantity"] == "ame")]
    return [Text(judge_differences(shown, interactions[interactions["level"].isin([level])])),
            Sortable(_table(shown, results))]  # fmt: skip


def judge_differences(differences: pd.DataFrame, interactions: pd.DataFrame) -> str:
    """Say which differences between groups are found, by the rule of models/docs/causes.md.

    Takes the rows of one level of ``differences.csv`` (``ame``) and of ``interactions.csv``.
    """
    moved = (interactions["variance_left"] < MOVED).any()
    sure = (differences["prob_positive"] - 0.5).abs() > SURE - 0.5
    beyond = (differences["mean"] - differences["by_form"]).abs() > differences["by_form"].abs()
    found = differences[sure & beyond] if moved else differences[:0]
    if found.empty:
        return (
            "Whether the effect differs between small and large states, or between regions, the data cannot "
            "tell. Differences in the table that stand in the last column too come from different baselines."
        )
    named = "; ".join(
        f"{_name(r.first)} less {_name(r.second)} ({r.case}): "
        f"{estimate(r.mean, r.lower, r.upper, scale=100)} points, P = {probability(r.prob_positive)}"
        for r in found.itertuples()
    )
    return f"Differences that the data show: {named}."


def _name(group: str) -> str:
    return GROUP_NAMES.get(group, group)


def _table(differences: pd.DataFrame, results: Results) -> Table:
    labels = results.case_labels | {"pooled": "pooled"}
    frame = differences.assign(
        **{name: 100 * differences[name] for name in ("mean", "lower", "upper", "by_form")}
    )
    columns = [
        Column("Coalition", lambda row: labels.get(row["case"], row["case"])),
        Column("Effect in", lambda row: _name(row["first"])),
        Column("less effect in", lambda row: _name(row["second"])),
        number_column("Points", "mean", 1),
        interval_column(1),
        Column("P(above 0)", lambda row: row["prob_positive"], numeric=True, digits=3),
        number_column("by different baselines alone", "by_form", 1),
    ]
    return make_table(
        frame, columns, f"Differences of the effect of {short_level(differences['level'].iloc[0])}"
    )
