"""Beyond the two coalitions: positions over all sessions."""

from analysis.report.blocks import Chart, Missing, Section
from analysis.report.charts import paths_chart
from analysis.report.tables import estimates, make_table, plain_columns
from analysis.store.results import Results

SHOWN = ("USA", "GBR", "FRA", "RUS", "CHN", "IND", "ISR", "ZAF")
"""States whose paths the chart shows: the permanent members, and three with unusual positions."""


def build_paths(results: Results) -> Section:
    """Positions in all sessions of the Assembly, from the dynamic model."""
    title, file = "Positions over the years", "dynamic_ideal_points.csv"
    table = results.table(file)
    if table is None:
        return Section("paths", title, [Missing(results.how_to_make(file))])
    names = results.state_names | {"USA": "United States"}
    rows = table[table["state"].isin(SHOWN)]
    rows = rows.assign(time=rows["session"], name=rows["state"].map(lambda state: names.get(state, state)))
    numbers = rows[["time", "name", "mean", "lower", "upper"]].sort_values(["name", "time"])
    chart = Chart(
        "paths",
        paths_chart(numbers.assign(tip=estimates(numbers, digits=2)), "Ideal point (sd of state-sessions)"),
        f"Paths of {numbers['name'].nunique()} states over sessions {numbers['time'].min()} to "
        f"{numbers['time'].max()}.",
        "Ideal points session by session, mean and 90 % interval, from the dynamic model. Click on a name to "
        "highlight its path.",
        make_table(numbers, plain_columns(numbers), "Positions in the chart above"),
    )
    return Section("paths", title, [chart])
