"""What it matters how the uncertainty of positions travels to the effects."""

import pandas as pd

from analysis.figures.style import quantity_name
from analysis.posterior.words import interval, points
from analysis.report.blocks import Chart, Missing, Section, Sortable
from analysis.report.charts import interval_chart
from analysis.report.sections.effects import case_names, level_style
from analysis.report.tables import make_table, plain_columns
from analysis.report.verdict import highest_level
from analysis.store.results import Results


def build_propagation(results: Results) -> Section:
    """The effects that need positions, under every way in which their uncertainty travels."""
    name = f"propagation/{results.variant}/propagation.csv"
    title = "Does it matter how positions are known?"
    table = results.table(name)
    if table is None:
        return Section("propagation", title, [Missing(results.how_to_make(name))])
    names = case_names(results)
    shown = table.assign(
        quantity=table["quantity"].map(quantity_name),
        case=table["case"].map(lambda case: names.get(case, case)),
    )
    numbers = make_table(shown, plain_columns(shown), "Effects that need positions, by way")
    return Section("propagation", title, [_chart(table, results, names), Sortable(numbers, tall=True)])


def _chart(table: pd.DataFrame, results: Results, names: dict[str, str]) -> Chart:
    level, cases = highest_level(results), [*results.case_labels, "pooled"]
    rows = table[(table["quantity"] == f"ame_{level}_direct") & table["case"].isin(cases)]
    rows = rows.sort_values("case", key=lambda column: column.map(cases.index), kind="stable")
    bounds = zip(rows["mean"], rows["lower"], rows["upper"], strict=True)
    frame = rows.assign(
        row=[f"{names[row.case]}: {row.way}" for row in rows.itertuples()],
        tip_points=[f"{points(mean)} ({interval(low, high, scale=100)})" for mean, low, high in bounds],
        **{column: 100 * rows[column] for column in ("mean", "lower", "upper")},
        **level_style(level),
    )
    return Chart(
        "propagation",
        interval_chart(frame, "Direct effect, percentage points (mean and 90 % interval)", row_height=26),
        "Direct effect under every way in which the uncertainty of positions travels; numbers in the table.",
        "Direct effect by way. plugin: mean positions taken as known; draws (the main analysis): refitted "
        "over "
        "draws of positions; measurement: positions measured with error; joint: both stages in one model.",
    )
