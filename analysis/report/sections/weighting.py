"""An estimator that uses no part of the model, beside it."""

import pandas as pd

from analysis.figures.style import ALL
from analysis.posterior.weighting import UNITS
from analysis.posterior.words import estimate, number, points
from analysis.report.blocks import Chart, Text, fold
from analysis.report.charts import interval_chart
from analysis.report.tables import estimates, in_points
from analysis.report.verdict import highest_level
from analysis.store.results import Results

SERIES = {"model": "the model", "att": "weighting each state", "subregion": "weighting whole subregions"}


def build_weighting(results: Results, table: pd.DataFrame) -> list:
    """Chart the effect on the states that have the highest guarantee, by both estimators."""
    level = highest_level(results)
    by_weights = table[table["quantity"] == f"att_{level}"]
    effects = results.effects
    by_model = effects[(effects["quantity"] == f"att_{level}_total") & (effects["group"] == ALL)]
    parts = [by_model.assign(series=SERIES["model"])]
    for unit, name in zip(UNITS, (SERIES["att"], SERIES["subregion"]), strict=True):
        parts.append(by_weights[by_weights["unit"] == unit].assign(series=name))
    names = results.case_labels
    names |= {"pooled": {1: "the case", 2: "both pooled"}.get(len(names), "all pooled")}
    frame = pd.concat(parts, ignore_index=True)
    frame = frame[frame["case"].isin(names)]
    frame = frame.assign(row=frame["case"].map(names), colour="var(--level-pact)", shape="circle")
    frame = frame.sort_values("case", key=lambda case: case.map(list(names).index), kind="stable")
    frame["tip_estimate"] = frame["series"] + ": " + pd.Series(estimates(frame, scale=100), frame.index)
    counts = "; ".join(
        f"{names[r.case]}: {number(r.effective_controls, 0)} of {number(r.controls, 0)}"
        for r in by_weights[by_weights["unit"] == UNITS[0]].itertuples()
        if r.case in results.case_labels
    )
    told = "; ".join(
        f"{r.row} {estimate(r.mean, r.lower, r.upper, scale=100)}"
        for r in frame[frame["series"] == SERIES["att"]].itertuples()
    )
    return [
        Text(
            "Weighting compares the states that have the guarantee with states of the same regions that have "
            "none, weighted to resemble them, and corrects with a regression of joining. It shares no prior "
            f"and no pooling with the model. In percentage points, for states that have it: {told}. The "
            f"weights leave few states to compare with (effective number of controls: {counts})."
        ),
        Chart(
            "weighting",
            interval_chart(
                in_points(frame), "Effect on states that have it, percentage points", row_height=44
            ),
            f"Effect on the states that have the guarantee, by the model and by weighting: {told}.",
            f"For the states that have it, {_say_both(frame)}. From top to bottom in each row: "
            f"{'; '.join(SERIES.values())}. Mean and 90 % interval.",
        ),
        fold("The numbers", table, "The second estimator: every quantity"),
    ]


def _say_both(frame: pd.DataFrame) -> str:
    """Say the effect by the model and by weighting, in each case."""
    means = frame.set_index(["row", "series"])["mean"]
    parts = [
        f"{points(means[row, SERIES['model']])} points by the model and "
        f"{points(means[row, SERIES['att']])} by weighting in {row}"
        for row in dict.fromkeys(frame["row"])
        if "pooled" not in row
    ]
    return ", ".join(parts)
