"""How far the answer moves when one choice changes."""

import numpy as np
import pandas as pd

from analysis.pipeline.robustness import measure_robustness, say_robustness, tabulate_robustness
from analysis.posterior.words import number, points
from analysis.report.blocks import Chart, Heading, Missing, Section, Sortable, Text, plain_table
from analysis.report.charts import curve_chart
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
        Text(" ".join(say_robustness(measure_robustness(table, "total", case)) for case in cases)),
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
        plain_table(
            robustness, "How many distinct fits can move each effect, and in how many it is positive"
        ),
    ]
    axes = results.table("sensitivity_axes.csv")
    if axes is not None:
        # Largest shift first. The file also has the single cases.
        axes = axes[axes["case"] == "pooled"].drop(columns="case").sort_values("range", ascending=False)
        blocks += [
            Heading("What moves the answer"),
            plain_table(axes, "How far each kind of choice moves the effect"),
        ]
    blocks += [Heading("Every variant"), Sortable(_variants_table(variants), tall=True)]
    failed = table[table["mean"].isna()]
    if len(failed):
        failed = failed.drop_duplicates("variant")[["variant", "choice", "status", "reason"]]
        blocks.append(
            plain_table(failed.rename(columns=str.capitalize), "Variants without a result, and why")
        )
    return Section("sensitivity", "Which choices matter?", blocks)


def _curve(variants: pd.DataFrame) -> Chart:
    frame = variants.sort_values("mean", ignore_index=True)
    main = frame.loc[frame["variant"] == "main", "mean"]
    frame = frame.assign(
        order=frame.index + 1,
        is_main=frame["variant"] == "main",
        tip_variant=frame["variant"],
        tip_axis=frame["axis"],
        tip_choice=frame["choice"],
        tip_points=estimates(frame, scale=100),
    )
    frame = in_points(frame)
    at = 100 * (main.iloc[0] if len(main) else frame["mean"].median() / 100)
    return Chart(
        "sensitivity",
        curve_chart(frame, float(at), "Effect, percentage points"),
        f"Specification curve of {len(frame)} fits: effects from {number(frame['mean'].min(), 0)} to "
        f"{number(frame['mean'].max(), 0)} percentage points. The table has every variant.",
        "Specification curve: the pooled total effect in every fit that can move it, mean and 90 % interval. "
        "The main analysis has its own colour, and the broken line marks its effect.",
    )


def _variants_table(variants: pd.DataFrame) -> Table:
    frame = in_points(variants.sort_values("mean"))
    columns = [
        text_column("Kind of choice", "axis"),
        text_column("Choice", "choice"),
        text_column("Variant", "variant"),
        number_column("Mean", "mean", 1),
        interval_column(1),
        number_column("P(above 0)", "prob_positive", 3),
        text_column("Can move it", "can_move"),
    ]
    frame["can_move"] = np.where(frame["moves"], "yes", "no")
    return make_table(frame, columns, "Pooled total effect under every variant, percentage points")
