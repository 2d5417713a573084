"""How far the model can be believed: its checks, predictions, single states' weight, hidden causes."""

import pandas as pd

from analysis.figures.style import quantity_name, short_level
from analysis.posterior.words import interval, number
from analysis.report.blocks import Chart, Heading, Missing, Section, Sortable, Text
from analysis.report.charts import grid_chart, interval_chart
from analysis.report.sections.effects import case_names, level_style
from analysis.report.tables import make_table, plain_columns
from analysis.store.results import Results
from data.load import ISSUE_NAMES

PLAIN = {"colour": "var(--level-pact)", "shape": "circle"}
SCORES = {
    "brier": "Brier score (0 is best)",
    "log": "Log score (0 is best)",
    "auc": "Area under the curve (1 is best, 0.5 is chance)",
}
"""Scores drawn, those of the predictive probability; the table has those of single draws too."""
MODELS = {
    "base_rate": "base rate",
    "region_only": "region only",
    "alignment_only": "alignment only",
    "without_guarantee": "all but the guarantee",
    "total": "all but alignment",
    "direct": "everything",
}
MOST = 15
"""Units of influence drawn; the table has all."""


def build_checks(results: Results) -> Section:
    """Every check that was run; for those that were not, how to run them."""
    names = case_names(results)
    parts = (
        ("Does the model reproduce the data?", "checks.csv", _checks),
        ("Does it predict what it has not seen?", "predictions.csv", _predictions),
        ("Does one state or vote carry the result?", "influence.csv", _influence),
        ("How strong would a hidden cause have to be?", "confounding.csv", _confounding),
        ("Tiers of support", "tiers.csv", _tiers),
    )
    blocks = []
    for title, file, build in parts:
        blocks.append(Heading(title))
        table = results.table(file)
        blocks += (
            [Missing(results.how_to_make(file))]
            if table is None
            else build(_named_units(table, results), names)
        )
    return Section("checks", "Can the model be believed?", blocks)


def _named_units(table: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The table with states and issue areas by name where a unit is one."""
    if not {"kind", "unit"} <= set(table):
        return table
    states = dict(zip(map(str, results.panel["state"].values), results.panel["name"].values, strict=True))
    known = {"state": states, "issue": ISSUE_NAMES}
    unit = [str(known.get(r.kind, {}).get(r.unit, r.unit)) for r in table.itertuples()]
    return table.assign(unit=unit)


def _named_cases(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """The table with coalitions by name."""
    columns = [name for name in ("case", "train", "test") if name in table]
    return table.assign(**{name: table[name].map(lambda case: names.get(case, case)) for name in columns})


def _checks(table: pd.DataFrame, names: dict[str, str]) -> list:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in table["verdict"].value_counts().items())
    frame = _named_cases(table, names)
    return [
        Text(f"{len(table)} checks: {counts}."),
        Sortable(
            make_table(frame, plain_columns(frame), "Checks of both stages, with their verdicts"),
            tall=len(frame) > 15,
        ),
    ]


def _predictions(table: pd.DataFrame, names: dict[str, str]) -> list:
    blocks = [
        Text(
            "Each model learns from one coalition and predicts the other: full marks from the first to the "
            "second, hollow ones back."
        )
    ]
    for score, title in SCORES.items():
        rows = table[table["score"] == score]
        if rows.empty:
            continue
        frame = rows.assign(
            row=[MODELS.get(model, model) for model in rows["model"]],
            series=[
                f"{names.get(r.train, r.train)} to {names.get(r.test, r.test)}" for r in rows.itertuples()
            ],
            **PLAIN,
        )
        frame["tip_direction"] = frame["series"]
        frame["tip_score"] = [
            f"{number(r.mean)} ({interval(r.lower, r.upper, digits=2)})" for r in frame.itertuples()
        ]
        blocks.append(
            Chart(
                f"predictions-{_slug(score)}",
                interval_chart(frame, title, zero=False, row_height=32),
                f"{title} of each model, trained on one coalition, tested on another; numbers in the table.",
                f"{title}: mean and 90 % interval.",
            )
        )
    table = _named_cases(table, names)
    return [
        *blocks,
        Sortable(
            make_table(table, plain_columns(table), "Predictions and their scores"), tall=len(table) > 15
        ),
    ]


def _influence(table: pd.DataFrame, names: dict[str, str]) -> list:
    frame = _named_cases(table, names)
    largest = frame.reindex(frame["shift_in_sd"].abs().sort_values(ascending=False).index).head(1).iloc[0]
    drawn = (
        frame.assign(size=frame["shift_in_sd"].abs())
        .sort_values("size", ascending=False)
        .drop_duplicates(["kind", "unit"])
        .head(MOST)
    )
    chart = drawn.assign(
        row=drawn["kind"] + ": " + drawn["unit"].astype(str),
        mean=drawn["shift_in_sd"],
        lower=drawn["shift_in_sd"].clip(upper=0),
        upper=drawn["shift_in_sd"].clip(lower=0),
        tip_shift=[f"{number(v)} sd" for v in drawn["shift_in_sd"]],
        tip_quantity=[quantity_name(q) for q in drawn["quantity"]],
        tip_coalition=drawn["case"],
        **PLAIN,
    )
    return [
        Text(
            f"Leaving out {largest['unit']} ({largest['kind']}) moves {quantity_name(largest['quantity'])} "
            f"({largest['case']}) by {number(largest['shift_in_sd'])} of its standard deviations, more "
            f"than anything else left out."
        ),
        Chart(
            "influence",
            interval_chart(chart, "Shift of the effect when left out (posterior sd)", row_height=34),
            f"The {len(drawn)} units whose absence moves an effect most; numbers in the table.",
            "What moves an effect most when it is left out, in standard deviations of the effect.",
        ),
        Sortable(
            make_table(frame, plain_columns(frame), "Influence of single states, votes and issues"), tall=True
        ),
    ]


def _confounding(table: pd.DataFrame, names: dict[str, str]) -> list:
    blocks = [
        Text(
            "A cause that is not measured, and that goes with both a guarantee and joining, would take "
            "part of the effect. "
            "Each cell gives the effect that would be left, in percentage points, at these strengths; "
            "blue cells: the "
            "interval keeps clear of zero."
        )
    ]
    for case, rows in table.groupby("case", sort=False):
        grid = rows[rows["benchmark"].isna() | (rows["benchmark"].astype(str) == "")]
        grid = rows if grid.empty else grid
        frame = pd.DataFrame(
            {
                "x": grid["strength_guarantee"].round(2),
                "y": grid["strength_joining"].round(2),
                "text": [number(100 * v, 0) for v in grid["effect"]],
                "clear": (grid["lower"] > 0) | (grid["upper"] < 0),
                "tip": [
                    f"{number(100 * e, 0)} ({interval(a, b, scale=100)}) points"
                    for e, a, b in zip(grid["effect"], grid["lower"], grid["upper"], strict=True)
                ],
            }
        )
        label = names.get(case, case)
        blocks.append(
            Chart(
                f"confounding-{_slug(case)}",
                grid_chart(
                    frame,
                    "Strength: hidden cause and guarantee",
                    "Strength: hidden cause and joining",
                    "effect left",
                ),
                f"Effect left in {label} at each strength of a hidden cause; numbers in the table.",
                f"{label}: effect left, percentage points.",
            )
        )
    frame = _named_cases(table, names)
    return [
        *blocks,
        Sortable(
            make_table(frame, plain_columns(frame), "Effects at each strength of a hidden cause"), tall=True
        ),
    ]


def _tiers(table: pd.DataFrame, names: dict[str, str]) -> list:
    blocks = []
    rows = table[table["group"] == "all"] if "group" in table else table
    for case, of_case in rows.groupby("case", sort=False):
        styles = pd.DataFrame([level_style(level) for level in of_case["level"]], index=of_case.index)
        frame = of_case.assign(
            row=[f"{r.tier}: {short_level(r.level)}" for r in of_case.itertuples(index=False)],
            **{name: 100 * of_case[name] for name in ("mean", "lower", "upper")},
            **styles,
        )
        frame["tip_percent"] = [
            f"{number(m, 0)} ({interval(a, b)})"
            for m, a, b in zip(frame["mean"], frame["lower"], frame["upper"], strict=True)
        ]
        label = names.get(case, case)
        blocks.append(
            Chart(
                f"tiers-{_slug(case)}",
                interval_chart(frame, "Percent or percentage points (mean and 90 % interval)", row_height=26),
                f"{label}: support by tier and guarantee; numbers in the table.",
                f"{label}: support by tier and guarantee level.",
            )
        )
    frame = _named_cases(table, names)
    return [
        *blocks,
        Sortable(make_table(frame, plain_columns(frame), "Support by tier, level and group"), tall=True),
    ]


def _slug(text: object) -> str:
    return "".join(c if c.isalnum() else "-" for c in str(text).lower())
