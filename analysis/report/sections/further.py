"""Beyond the two coalitions: positions over all years."""

import pandas as pd

from analysis.posterior.words import number
from analysis.report.blocks import Chart, Missing, Section, Text
from analysis.report.tables import estimates, make_table, plain_columns
from analysis.report.year_charts import paths_chart, spread_chart
from analysis.store.results import Results

FILE = "dynamic_ideal_points.csv"
SHOWN = ("USA", "GBR", "FRA", "RUS", "CHN", "IND", "ISR", "ZAF")
"""States whose paths the chart shows at first: the permanent members, and three with unusual positions."""
EVERY = 5
"""Years between two rows of the table. The file, and the copy that the chart saves, have all."""
UNIT = "Ideal point (sd of state-sessions)"


def build_paths(results: Results) -> Section:
    """Positions in all sessions of the Assembly, from the dynamic model."""
    title = "Positions over the years"
    table = results.table(FILE)
    if table is None:
        return Section("paths", title, [Missing(results.how_to_make(FILE))])
    text = Text(
        "One model places all states in all sessions. Positions move from session to session, and "
        "resolutions "
        "that come up again tie the years together. Higher is nearer to the usual position of the US. Add or "
        "remove states; each keeps its 90 % interval."
    )
    return Section("paths", title, [text, _paths(table, results), _spread(table)], (FILE,))


def _paths(table: pd.DataFrame, results: Results) -> Chart:
    names = results.state_names | {"USA": "United States"}
    rows = table[table["state"].isin(SHOWN)]
    rows = rows.assign(name=rows["state"].map(lambda state: names.get(state, state)))
    rows = rows[["year", "name", "mean", "lower", "upper"]].sort_values(["name", "year"])
    listed = rows[(rows["year"] % EVERY == 0) | (rows["year"] == rows["year"].max())]
    tips = rows["name"] + ": " + pd.Series(estimates(rows, digits=2), rows.index)
    first, last = rows["year"].min(), rows["year"].max()
    return Chart(
        "paths",
        paths_chart(rows.assign(tip=tips), UNIT),
        f"Positions of {rows['name'].nunique()} states from {first} to {last}. The table has the numbers.",
        f"{_say_move(table, names)} Ideal points by year, mean and 90 % interval, from the dynamic model.",
        make_table(
            listed, plain_columns(listed.astype({"year": str})), "Positions of the states shown first"
        ),
        picker=SHOWN,
    )


def _say_move(table: pd.DataFrame, names: dict[str, str]) -> str:
    """Say how far the US stood from the median of all states in the first and in the last years."""
    us = table[table["state"] == "USA"].set_index("year")["mean"]
    apart = (us - table.groupby("year")["mean"].median()).dropna()
    if len(apart) < 2:
        return ""
    first, last = apart.index.min(), apart.index.max()
    return (
        f"{names['USA']}: {number(apart[first], 1)} sd from the median state in {first}, "
        f"{number(apart[last], 1)} in {last}."
    )


def _spread(table: pd.DataFrame) -> Chart:
    shares = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}
    others = table[table["state"] != "USA"].groupby("year")["mean"]
    frame = pd.DataFrame({name: others.quantile(share) for name, share in shares.items()})
    frame["us"] = table[table["state"] == "USA"].set_index("year")["mean"]
    frame = frame.reset_index()
    frame["tip"] = [
        f"{r.year}: median {number(r.median)}, four fifths from {number(r.p10)} to {number(r.p90)}"
        for r in frame.itertuples()
    ]
    width = frame["p90"] - frame["p10"]
    widest = frame.loc[width.idxmax(), "year"]
    numbers = frame.drop(columns="tip")
    return Chart(
        "spread",
        spread_chart(frame, UNIT),
        f"The middle half and four fifths of all states in each year, and the US. Widest in {widest}.",
        f"Positions were furthest apart in {widest}. Dark: the middle half of states; pale: four fifths; "
        "line: "
        "the median; broken line: the US.",
        make_table(numbers, plain_columns(numbers.astype({"year": str}), 2), "Spread of positions by year"),
    )
