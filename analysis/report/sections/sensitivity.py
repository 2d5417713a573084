"""How far the answer moves when one choice changes."""

import numpy as np
import pandas as pd

from analysis.pipeline.robustness import Robustness, measure_robustness, say_robustness, tabulate_robustness
from analysis.posterior.words import number, points
from analysis.report.blocks import Chart, Folded, Heading, Missing, Section, Sortable, Text, fold
from analysis.report.charts import curve_chart, interval_chart
from analysis.report.names import axis_name, choice_name
from analysis.report.tables import (
    Table,
    estimates,
    in_points,
    interval_column,
    make_table,
    number_column,
    text_column,
)
from analysis.report.verdict import choice_card, pooled_variants
from analysis.store.results import Results


def build_sensitivity(results: Results) -> Section:
    """The specification curve, the kinds of choice that move the answer, and all variants."""
    variants = pooled_variants(results)
    if variants is None:
        return Section(
            "sensitivity", "Which choices matter?", [Missing(results.how_to_make("sensitivity.csv"))]
        )
    card = choice_card(results)
    table = results.table("sensitivity.csv")
    robustness = tabulate_robustness(table)
    found = measure_robustness(table)
    cases = [case for case in robustness["case"].unique() if case != "pooled"]
    blocks = [
        Text(" ".join(_say_case(measure_robustness(table, "total", case), results) for case in cases)),
        Text(
            f"{say_robustness(found)} Over these fits the pooled effect runs from {points(found.lowest)} to "
            f"{points(found.highest)} percentage points. Furthest from the main analysis: {card.answer}. "
            f"{card.sentence}"
        ),
        _curve(variants[variants["moves"] | (variants["variant"] == "main")].drop_duplicates("fit")),
        Heading("Every effect"),
        Text(
            "A variant counts for an effect only if it changes a fit that the effect is computed from. The "
            "total effect, for example, uses no votes. Alignment is in sd, its slope in logits per sd, all "
            "others are differences of probabilities."
        ),
        fold(
            "In how many fits each effect is positive",
            robustness,
            "How many distinct fits can move each effect, and in how many it is positive",
        ),
    ]
    axes = results.table("sensitivity_axes.csv")
    if axes is not None:
        # Largest shift first. The file also has the single cases.
        axes = axes[(axes["case"] == "pooled") & (axes["effect"] == "total") & (axes["axis"] != "all")]
        axes = axes[axes["fits"] > 0].drop(columns=["case", "effect"]).sort_values("range", ascending=False)
        if len(axes):
            numbers = axes.assign(axis=axes["axis"].map(axis_name))
            blocks += [Heading("What moves the answer"), _axes_chart(axes)]
            blocks.append(fold("The numbers", numbers, "How far each kind of choice moves the total effect"))
    blocks.append(Folded("Every variant", [Sortable(_variants_table(variants), tall=True)]))
    failed = table[table["mean"].isna()]
    if len(failed):
        failed = failed.drop_duplicates("variant")[["axis", "choice", "status", "reason"]]
        failed = _name_choices(failed).rename(columns=str.capitalize)
        blocks.append(
            fold(f"{len(failed)} variants without a result", failed, "Variants without a result, and why")
        )
    return Section("sensitivity", "Which choices matter?", blocks, ("sensitivity.csv",))


def _say_case(found: Robustness, results: Results) -> str:
    """Say in how many fits the effect is found in a case, and between what it lies."""
    name = results.case_labels.get(found.case, found.case)
    return (
        f"{name}: the effect is positive with a probability above 0.95 in {found.positive} of {found.fits} "
        f"distinct fits with another choice, and lies between {points(found.lowest)} and "
        f"{points(found.highest)} points."
    )


def _name_choices(table: pd.DataFrame) -> pd.DataFrame:
    """Replace the codes of choices and of their kinds by names for readers."""
    return table.assign(
        choice=[choice_name(r.axis, r.choice) for r in table.itertuples()],
        axis=[axis_name(r.axis) for r in table.itertuples()],
    )


def _axes_chart(axes: pd.DataFrame) -> Chart:
    """Chart the range of the effect over the choices of each kind, the widest first."""
    frame = axes.assign(
        row=axes["axis"].map(axis_name),
        mean=100 * axes["main"],
        lower=100 * axes["lowest"],
        upper=100 * axes["highest"],
        tip_lowest=[choice_name(r.axis, str(r.lowest_choice)) for r in axes.itertuples()],
        tip_highest=[choice_name(r.axis, str(r.highest_choice)) for r in axes.itertuples()],
        colour="var(--level-pact)",
        shape="circle",
    )
    first = frame.iloc[0]
    return Chart(
        "axes",
        interval_chart(frame, "Total effect, percentage points", row_height=34),
        f"Range of the effect by kind of choice, from {first['row']} down. The table has the numbers.",
        f"{first['row']} matters most: from {number(first['lower'], 0)} to {number(first['upper'], 0)} "
        "points. "
        "Marker: the main analysis. Line: from the lowest to the highest estimate among the choices of "
        "that kind.",
    )


def _curve(variants: pd.DataFrame) -> Chart:
    frame = variants.sort_values("mean", ignore_index=True)
    main = frame.loc[frame["variant"] == "main", "mean"]
    frame = frame.assign(
        order=frame.index + 1,
        is_main=frame["variant"] == "main",
        tip_kind=frame["axis"].map(axis_name),
        tip_choice=[choice_name(r.axis, r.choice) for r in frame.itertuples()],
        tip_points=estimates(frame, scale=100),
    )
    frame = in_points(frame)
    at = 100 * (main.iloc[0] if len(main) else frame["mean"].median() / 100)
    return Chart(
        "sensitivity",
        curve_chart(frame, float(at), "Effect, percentage points"),
        f"Specification curve of {len(frame)} fits: effects from {number(frame['mean'].min(), 0)} to "
        f"{number(frame['mean'].max(), 0)} percentage points. The table has every variant.",
        f"With every other choice the pooled effect lies between {number(frame['mean'].min(), 0)} and "
        f"{number(frame['mean'].max(), 0)} points. Every fit that can move it, mean and 90 % interval. "
        "The main analysis has its own colour, and the broken line marks its effect.",
    )


def _variants_table(variants: pd.DataFrame) -> Table:
    frame = _name_choices(in_points(variants.sort_values("mean")))
    columns = [
        text_column("Kind of choice", "axis"),
        text_column("Choice", "choice"),
        text_column("Name for sfl fit", "variant"),
        number_column("Mean", "mean", 1),
        interval_column(1),
        number_column("P(above 0)", "prob_positive", 3),
        text_column("Can move it", "can_move"),
    ]
    frame["can_move"] = np.where(frame["moves"], "yes", "no")
    return make_table(frame, columns, "Pooled total effect under every variant, percentage points")
