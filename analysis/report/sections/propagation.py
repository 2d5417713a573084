"""Whether it matters how the uncertainty of positions travels to the effects."""

import pandas as pd

from analysis.figures.style import quantity_name
from analysis.report.blocks import Chart, Missing, Section, fold
from analysis.report.charts import interval_chart
from analysis.report.sections.effects import case_names, level_style
from analysis.report.tables import estimates, in_points
from analysis.report.verdict import highest_level
from analysis.store.results import Results


def build_propagation(results: Results) -> Section:
    """Effects that depend on positions, under each method of propagating the uncertainty of positions."""
    name = f"propagation/{results.variant}/propagation.csv"
    title = "Does the uncertainty of positions matter?"
    table = results.table(name)
    if table is None:
        return Section("propagation", title, [Missing(results.how_to_make(name))])
    names = case_names(results)
    shown = table.assign(
        quantity=table["quantity"].map(quantity_name),
        case=table["case"].map(lambda case: names.get(case, case)),
    )
    numbers = fold("The numbers", shown, "Effects that depend on positions, by method of propagation")
    return Section("propagation", title, [_chart(table, results, names), numbers], (name,))


def _chart(table: pd.DataFrame, results: Results, names: dict[str, str]) -> Chart:
    level, cases = highest_level(results), [*results.case_labels, "pooled"]
    rows = table[(table["quantity"] == f"ame_{level}_direct") & table["case"].isin(cases)]
    rows = rows.sort_values("case", key=lambda column: column.map(cases.index), kind="stable")
    frame = in_points(rows).assign(
        row=[f"{names[row.case]}: {row.way}" for row in rows.itertuples()],
        tip_points=estimates(rows, scale=100),
        **level_style(level),
    )
    return Chart(
        "propagation",
        interval_chart(frame, "Direct effect, percentage points (mean and 90 % interval)", row_height=26),
        "Direct effect under each method of propagating the uncertainty of positions. The table has the "
        "numbers.",
        "Direct effect by method. plugin: mean positions treated as known; draws (the main analysis): "
        "one posterior for each draw of positions, pooled; measurement: positions measured with error; "
        "joint: both stages in one model.",
    )
