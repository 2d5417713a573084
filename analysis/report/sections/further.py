"""What goes beyond the two coalitions: positions over all sessions."""

import pandas as pd

from analysis.posterior.words import interval, number
from analysis.report.blocks import Chart, Missing, Section
from analysis.report.charts import paths_chart
from analysis.report.tables import make_table, plain_columns
from analysis.store.results import Results

SHOWN = ("USA", "GBR", "FRA", "RUS", "CHN", "IND", "ISR", "ZAF")
"""States whose paths are drawn: the permanent members, and three with positions of their own."""


def build_paths(results: Results) -> Section:
    """Positions over the sessions of the Assembly."""
    table = results.table("dynamic_ideal_points.csv")
    title = "Positions over the years"
    if table is None:
        return Section("paths", title, [Missing(results.how_to_make("dynamic_ideal_points.csv"))])
    names = dict(zip(results.panel["state"].values, results.panel["name"].values, strict=True)) | {
        "USA": "United States"
    }
    drawn = table[table["state"].isin(SHOWN)]
    frame = pd.DataFrame(
        {
            "time": drawn["session"],
            "name": drawn["state"].map(lambda state: str(names.get(state, state))),
            "mean": drawn["mean"],
            "lower": drawn["lower"],
            "upper": drawn["upper"],
            "tip": [
                f"{number(m)} ({interval(a, b, digits=2)})"
                for m, a, b in zip(drawn["mean"], drawn["lower"], drawn["upper"], strict=True)
            ],
        }
    ).sort_values(["name", "time"])
    chart = Chart(
        "paths",
        paths_chart(frame, "Ideal point (sd of state-sessions)"),
        f"Paths of {frame['name'].nunique()} states over sessions {frame['time'].min()} to "
        f"{frame['time'].max()}.",
        "Ideal points session by session, mean and 90 % interval, from the dynamic model. A click on a "
        "name picks it out.",
        make_table(
            frame.drop(columns="tip"), plain_columns(frame.drop(columns="tip")), "Positions drawn above"
        ),
    )
    return Section("paths", title, [chart])
