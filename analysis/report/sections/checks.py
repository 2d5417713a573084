"""How far to trust the model: checks, predictions, influence of single states, unmeasured confounding."""

import pandas as pd

from analysis.figures.style import ALL, quantity_name, short_level
from analysis.posterior.words import estimate, number, percent
from analysis.report.blocks import Chart, Heading, Missing, Section, Text, plain_table
from analysis.report.charts import grid_chart, interval_chart
from analysis.report.sections.effects import case_names, level_style
from analysis.report.sections.replicated import build_replicated
from analysis.report.sections.weighting import build_weighting
from analysis.report.tables import estimates, in_points
from analysis.store.results import Results
from analysis.studies.checks.controls import AMONG
from analysis.studies.checks.hidden.words import find_strongest, say_strongest
from data.load import ISSUE_NAMES

PLAIN = {"colour": "var(--level-pact)", "shape": "circle"}
SCORES = {
    "brier": "Brier score (0 is best)",
    "log": "Log score (0 is best)",
    "auc": "Area under the curve (1 is best, 0.5 is chance)",
}
"""Scores shown in charts: those of the predictive probability. The table also has those of single draws."""
MODELS = {
    "base_rate": "base rate",
    "region_only": "region only",
    "alignment_only": "alignment only",
    "without_guarantee": "all but the guarantee",
    "total": "all but alignment",
    "direct": "everything",
}
MOST = 15
"""Number of units in the chart of influence. The table has all."""


def build_checks(results: Results) -> Section:
    """All checks that were run, and how to run the others."""
    parts = (
        ("Does the model reproduce the data?", "checks.csv", _checks),
        ("Are the predicted probabilities right?", "calibration.csv", _calibration),
        ("Do the votes look like votes of these positions?", "position_checks.csv", build_replicated),
        ("Does it predict cases it was not fitted to?", "predictions.csv", _predictions),
        ("Does one state or vote carry the result?", "influence.csv", _influence),
        ("How strong would an unmeasured cause have to be?", "confounding.csv", _confounding),
        ("Tiers of support", "tiers.csv", _tiers),
    )
    blocks = [*_second_estimator(results)]
    for title, file, build in parts:
        table = results.table(file)
        missing = [Missing(results.how_to_make(file))]
        blocks += [Heading(title), *(missing if table is None else build(_name_rows(table, results)))]
    return Section("checks", "Can the model be believed?", blocks)


def _second_estimator(results: Results) -> list:
    """The second estimator, whose table the run itself writes."""
    table = results.table("weighting.csv")
    missing = [Missing(results.how_to_make("weighting.csv"))]
    heading = Heading("Does an estimator that uses no part of the model agree?")
    return [heading, *(missing if table is None else build_weighting(results, table))]


def _name_rows(table: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Replace the codes of coalitions, states and issue areas by their names."""
    cases = case_names(results)
    columns = [name for name in ("case", "benchmark_case", "train", "test") if name in table]
    table = table.assign(**{name: table[name].map(lambda case: cases.get(case, case)) for name in columns})
    if not {"kind", "unit"} <= set(table):
        return table
    known = {"state": results.state_names, "issue": ISSUE_NAMES}
    return table.assign(unit=[str(known.get(r.kind, {}).get(r.unit, r.unit)) for r in table.itertuples()])


def _checks(table: pd.DataFrame) -> list:
    counts = ", ".join(f"{count} {verdict}" for verdict, count in table["verdict"].value_counts().items())
    return [
        Text(f"{len(table)} checks: {counts}."),
        *_chance(table[table["check"] == "randomisation"]),
        plain_table(table, "Checks of both stages, with their verdicts", tall=len(table) > 15),
    ]


def _chance(rows: pd.DataFrame) -> list:
    """Say how often guarantees that are exchanged have an effect as large as the real one."""
    if rows.empty:
        return []
    parts = [
        f"{case}: "
        + ", ".join(
            f"{number(r.value, 3)} {AMONG.get(r.item, r.item)} ({r.verdict})" for r in of_case.itertuples()
        )
        for case, of_case in rows.groupby("case", sort=False)
    ]
    return [
        Text(
            "Could the total effect be chance? Guarantees were exchanged among states, and among whole "
            "blocs that keep theirs together, as neighbours got them. Share of exchanges with an effect as "
            f"large as the real one: {'; '.join(parts)}."
        )
    ]


def _calibration(table: pd.DataFrame) -> list:
    frame = table.assign(
        row=[f"{percent(r.expected)} expected ({r.n} answers)" for r in table.itertuples()],
        mean=100 * table["observed"],
        lower=100 * table["lower"],
        upper=100 * table["upper"],
        **PLAIN,
    )
    p_value = number(table["p_value"].iloc[0], 3)
    return [
        Text(
            "Each state is predicted from the answers of all others. States are sorted by the probability "
            "expected of them, in groups of equal size. Markers are the shares that joined, lines what 90 % "
            "of shares would be if the model is right. If it is, errors in sum at least this large have "
            f"probability {p_value}; a state's answers in both coalitions are drawn together."
        ),
        Chart(
            "calibration",
            interval_chart(frame, "Share that joined, %", zero=False, row_height=28),
            "Share that joined in groups of states by expected probability; numbers in the table.",
            "Observed shares (markers) and their 90 % intervals if the model is right (lines).",
        ),
        plain_table(table, "Expected and observed shares of joiners"),
    ]


def _predictions(table: pd.DataFrame) -> list:
    blocks = [
        Text(
            "Each model is fitted to one coalition and predicts the other. Filled markers: from the first to "
            "the second. Hollow markers: from the second to the first."
        )
    ]
    for score, title in SCORES.items():
        rows = table[table["score"] == score]
        if rows.empty:
            continue
        frame = rows.assign(
            row=[MODELS.get(model, model) for model in rows["model"]],
            series=rows["train"] + " to " + rows["test"],
            **PLAIN,
        )
        frame["tip_direction"] = frame["series"]
        frame["tip_score"] = estimates(frame, digits=2)
        blocks.append(
            Chart(
                f"predictions-{_slug(score)}",
                interval_chart(frame, title, zero=False, row_height=32),
                f"{title} of each model, fitted to one coalition, tested on the other; numbers in the table.",
                f"{title}: mean and 90 % interval.",
            )
        )
    return [*blocks, plain_table(table, "Predictions and their scores", tall=len(table) > 15)]


def _influence(table: pd.DataFrame) -> list:
    ordered = table.sort_values("shift_in_sd", key=abs, ascending=False)
    largest, drawn = ordered.iloc[0], ordered.drop_duplicates(["kind", "unit"]).head(MOST)
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
            f"({largest['case']}) by {number(largest['shift_in_sd'])} of its posterior standard "
            "deviations, more than leaving out any other unit."
        ),
        Chart(
            "influence",
            interval_chart(chart, "Shift of the effect when left out (posterior sd)", row_height=34),
            f"The {len(drawn)} units whose absence moves an effect most. The table has the numbers.",
            "Units that move an effect most when left out, in posterior standard deviations of the effect.",
        ),
        plain_table(table, "Influence of single states, votes and issues", tall=True),
    ]


def _confounding(table: pd.DataFrame) -> list:
    cases = list(dict.fromkeys(table["case"]))
    blocks = [
        Text(
            "An unmeasured cause of both the guarantee and joining would explain part of the effect. Nobody "
            "can see how strong it is, but it can be compared with what was measured: every covariate, and "
            "all that differs between regions."
        ),
        *(Text(say_strongest(find_strongest(table, case), case, {})) for case in cases),
        Text(
            "Each cell shows the effect that remains at these strengths of such a cause, in percentage "
            "points. In blue cells the interval excludes zero."
        ),
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
                    f"{estimate(r.effect, r.lower, r.upper, scale=100)} points" for r in grid.itertuples()
                ],
            }
        )
        blocks.append(
            Chart(
                f"confounding-{_slug(case)}",
                grid_chart(
                    frame,
                    "Strength: unmeasured cause and guarantee",
                    "Strength: unmeasured cause and joining",
                    "remaining effect",
                ),
                f"Remaining effect in {case} at each strength of an unmeasured cause; numbers in the table.",
                f"{case}: remaining effect, percentage points.",
            )
        )
    return [*blocks, plain_table(table, "Effects at each strength of an unmeasured cause", tall=True)]


def _tiers(table: pd.DataFrame) -> list:
    blocks = []
    rows = table[table["group"] == ALL] if "group" in table else table
    for case, of_case in rows.groupby("case", sort=False):
        styles = pd.DataFrame([level_style(level) for level in of_case["level"]], index=of_case.index)
        frame = in_points(of_case).assign(
            row=[f"{r.tier}: {short_level(r.level)}" for r in of_case.itertuples(index=False)],
            tip_percent=estimates(of_case, scale=100),
            **styles,
        )
        blocks.append(
            Chart(
                f"tiers-{_slug(case)}",
                interval_chart(frame, "Percent or percentage points (mean and 90 % interval)", row_height=26),
                f"{case}: support by tier and guarantee. The table has the numbers.",
                f"{case}: support by tier and guarantee level.",
            )
        )
    return [*blocks, plain_table(table, "Support by tier, level and group", tall=True)]


def _slug(text: object) -> str:
    return "".join(c if c.isalnum() else "-" for c in str(text).lower())
