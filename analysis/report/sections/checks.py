"""How far to trust the model: checks, predictions, influence of single states, unmeasured confounding."""

import pandas as pd

from analysis.figures.style import ALL, quantity_name, short_level
from analysis.posterior.words import estimate, number, percent
from analysis.report.blocks import Chart, Folded, Heading, Missing, Section, Text, fold
from analysis.report.charts import grid_chart, interval_chart
from analysis.report.sections.effects import capitalize, case_names, level_style
from analysis.report.sections.findings import list_findings
from analysis.report.sections.replicated import build_replicated
from analysis.report.sections.weighting import build_weighting
from analysis.report.tables import estimates, in_points
from analysis.store.results import Results
from analysis.studies.checks.controls import AMONG
from analysis.studies.checks.hidden.words import find_strongest, say_strongest
from data.load import ISSUE_NAMES

PLAIN = {"colour": "var(--level-pact)", "shape": "circle"}
SCORE = "brier"
"""Score that the chart shows. The table has the others."""
MODELS = {
    "base_rate": "base rate",
    "region_only": "region only",
    "alignment_only": "alignment only",
    "without_guarantee": "all but the guarantee",
    "total": "all but alignment",
    "direct": "everything",
}
MOST = 15
"""Number of units in the chart of influence."""
LISTED = 60
"""Number of shifts in the table. The file has all."""


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
    blocks, missing = [*_second_estimator(results)], []
    for title, file, build in parts:
        table = results.table(file)
        if table is None:
            missing.append(Missing(results.how_to_make(file)))
        else:
            blocks += [Heading(title), *build(_name_rows(table, results))]
    if missing:
        blocks.append(Folded(f"{len(missing)} further checks that are not computed", missing))
    files = ("weighting.csv", *(file for _, file, _ in parts))
    return Section("checks", "Can the model be believed?", blocks, files)


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
    return [
        *list_findings(table),
        *_chance(table[table["check"] == "randomisation"]),
        fold(f"All {len(table)} checks", table, "Checks of both stages, with their verdicts"),
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
        row=[f"{percent(r.expected)} of {r.n} expected" for r in table.itertuples()],
        mean=100 * table["observed"],
        lower=100 * table["lower"],
        upper=100 * table["upper"],
        **PLAIN,
    )
    p_value = number(table["p_value"].iloc[0], 3)
    inside = (table["lower"] <= table["observed"]) & (table["observed"] <= table["upper"])
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
            f"{inside.sum()} of {len(table)} groups join as often as the model expects. Markers: shares that "
            "joined; lines: their 90 % intervals if the model is right.",
        ),
        fold("The numbers", table, "Expected and observed shares of joiners"),
    ]


def _predictions(table: pd.DataFrame) -> list:
    rows = table[table["score"] == SCORE]
    if rows.empty:
        return [fold("The numbers", table, "Predictions and their scores")]
    frame = rows.assign(
        row=[MODELS.get(model, model) for model in rows["model"]],
        series=rows["train"] + " to " + rows["test"],
        **PLAIN,
    )
    frame["tip_direction"] = frame["series"]
    frame["tip_score"] = estimates(frame, digits=2)
    best = "; ".join(
        f"from {r.train} to {r.test}, {MODELS.get(r.model, r.model)}"
        for r in rows.loc[rows.groupby(["train", "test"], sort=False)["mean"].idxmin()].itertuples()
    )
    chart = Chart(
        "predictions",
        interval_chart(frame, "Brier score (0 is best)", zero=False, row_height=32),
        "Brier score of each model, fitted to one coalition and tested on the other; numbers in the table.",
        f"Predicts the other coalition best: {best}. Filled: {frame['series'].iloc[0]}; hollow: the other "
        "way. "
        "Mean and 90 % interval.",
    )
    text = Text(
        "Each model is fitted to one coalition and predicts who joins the other. Intervals overlap much: few "
        "states decide."
    )
    return [text, chart, fold("The numbers, with two other scores", table, "Predictions and their scores")]


def _influence(table: pd.DataFrame) -> list:
    ordered = table.sort_values("shift_in_sd", key=abs, ascending=False)
    total = ordered[ordered["quantity"].str.fullmatch(r"ame_.+_total")]
    total = ordered if total.empty else total
    largest, drawn = total.iloc[0], total.drop_duplicates(["kind", "unit"]).head(MOST)
    points = 100 * drawn["shift"]
    chart = drawn.assign(
        row=drawn["kind"] + ": " + drawn["unit"].astype(str),
        mean=points,
        lower=points.clip(upper=0),
        upper=points.clip(lower=0),
        tip_points=[number(v, 1) for v in points],
        tip_quantity=[quantity_name(q) for q in drawn["quantity"]],
        tip_coalition=drawn["case"],
        **PLAIN,
    )
    told = (
        f"Leaving out {largest['unit']} ({largest['kind']}) moves the effect of {largest['case']} by "
        f"{number(100 * largest['shift'], 1)} points, {number(abs(largest['shift_in_sd']))} of its posterior "
        "standard deviation, more than leaving out any other."
    )
    return [
        Text(told),
        Chart(
            "influence",
            interval_chart(chart, "Shift of the effect when left out, percentage points", row_height=34),
            f"The {len(drawn)} units whose absence moves the total effect most. The table has the numbers.",
            f"Leaving out {largest['unit']} shifts the effect most, by "
            f"{number(100 * largest['shift'], 1)} points. "
            "The states, regions and votes that move the total effect most when they are left out.",
        ),
        fold(
            f"The {min(LISTED, len(ordered))} largest of {len(ordered)} shifts",
            ordered.head(LISTED).assign(
                quantity=[quantity_name(q) for q in ordered.head(LISTED)["quantity"]]
            ),
            "Influence of single states, votes and issues, the largest first",
        ),
    ]


def _confounding(table: pd.DataFrame) -> list:
    cases = list(dict.fromkeys(table["case"]))
    blocks = [
        Text(
            "An unmeasured cause of both the guarantee and joining would explain part of the effect. Nobody "
            "can see how strong it is, but it can be compared with what was measured: every covariate, and "
            "all that differs between regions."
        ),
        *(Text(capitalize(say_strongest(find_strongest(table, case), case, {}))) for case in cases),
        Text(
            "Each cell shows the effect that remains at these strengths of such a cause, in percentage "
            "points. In blue cells the interval excludes zero."
        ),
    ]
    for case, rows in _single_cases(table).groupby("case", sort=False):
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
                f"{case}: what is left of the effect, in percentage points, beside a hidden cause: "
                f"{number(100 * grid['effect'].max(), 0)} without one, "
                f"{number(100 * grid['effect'].min(), 0)} beside "
                "the strongest that was tried.",
            )
        )
    return [*blocks, fold("The numbers", table, "Effects at each strength of an unmeasured cause")]


def _tiers(table: pd.DataFrame) -> list:
    blocks = []
    rows = table[table["group"] == ALL] if "group" in table else table
    rows = rows[rows["tier"] != "none"]
    for case, of_case in _single_cases(rows).groupby("case", sort=False):
        styles = pd.DataFrame([level_style(level) for level in of_case["level"]], index=of_case.index)
        frame = in_points(of_case).assign(
            row=[f"{r.tier}: {short_level(r.level)}" for r in of_case.itertuples(index=False)],
            tip_percent=estimates(of_case, scale=100),
            **styles,
        )
        blocks.append(
            Chart(
                f"tiers-{_slug(case)}",
                interval_chart(frame, "Probability, % (mean and 90 % interval)", row_height=26),
                f"{case}: support by tier and guarantee. The table has the numbers.",
                f"{case}: {_say_tier(of_case)}. Probability of each tier of support, by guarantee.",
            )
        )
    return [*blocks, fold("The numbers, by groups of states too", table, "Support by tier, level and group")]


def _say_tier(rows: pd.DataFrame) -> str:
    """How likely the highest tier of support is with the strongest guarantee and with none."""
    last = rows[rows["tier"] == rows["tier"].iloc[-1]]
    parts = [
        f"{percent(r.mean)} with {'none' if r.level == 'none' else f'a {short_level(r.level)}'}"
        for r in last.itertuples()
        if r.level in (last["level"].iloc[0], last["level"].iloc[-1])
    ]
    return f"all else alike, the probability of {last['tier'].iloc[0]} is {' and '.join(reversed(parts))}"


def _single_cases(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of single cases; all rows if there are none of single cases."""
    single = table[~table["case"].str.contains("pooled")]
    return single if len(single) else table


def _slug(text: object) -> str:
    return "".join(c if c.isalnum() else "-" for c in str(text).lower())
