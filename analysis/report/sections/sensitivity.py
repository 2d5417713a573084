"""How far the answer moves when a choice is made otherwise."""

import pandas as pd

from analysis.posterior.words import interval, number, points
from analysis.report.blocks import Chart, Heading, Missing, Section, Sortable, Text
from analysis.report.charts import curve_chart
from analysis.report.tables import (
    Table,
    interval_column,
    make_table,
    number_column,
    plain_columns,
    text_column,
)
from analysis.report.verdict import choice_card, pooled_variants
from analysis.store.results import Results


def build_sensitivity(results: Results) -> Section:
    """The specification curve, what moves the answer, and every variant."""
    variants = pooled_variants(results)
    if variants is None:
        return Section(
            "sensitivity", "Which choices matter?", [Missing(results.how_to_make("sensitivity.csv"))]
        )
    card = choice_card(results)
    low, high = variants["mean"].min(), variants["mean"].max()
    blocks = [
        Text(
            f"Over {len(variants)} variants of data, codings, models and priors the pooled effect runs from "
            f"{points(low)} to {points(high)} percentage points. Furthest from the main analysis: "
            f"{card.answer}. {card.sentence}"
        ),
        _curve(variants),
    ]
    axes = results.table("sensitivity_axes.csv")
    if axes is not None:
        # Both cases together, what moves an effect most first; single cases are in the file.
        axes = axes[axes["case"] == "pooled"].drop(columns="case").sort_values("range", ascending=False)
        blocks += [
            Heading("What moves the answer"),
            Sortable(make_table(axes, plain_columns(axes), "How far each kind of choice moves the effect")),
        ]
    blocks += [Heading("Every variant"), Sortable(_variants_table(variants), tall=True)]
    failed = results.table("sensitivity.csv")
    failed = failed[failed["mean"].isna()]
    if len(failed):
        blocks.append(
            Sortable(
                make_table(
                    failed.drop_duplicates("variant"),
                    [
                        text_column("Variant", "variant"),
                        text_column("Choice", "choice"),
                        text_column("Status", "status"),
                        text_column("Why", "reason"),
                    ],
                    "Variants without a result, and why",
                )
            )
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
        tip_points=[
            f"{points(m)} ({interval(a, b, scale=100)})"
            for m, a, b in zip(frame["mean"], frame["lower"], frame["upper"], strict=True)
        ],
        **{name: 100 * frame[name] for name in ("mean", "lower", "upper")},
    )
    at = 100 * (main.iloc[0] if len(main) else frame["mean"].median() / 100)
    return Chart(
        "sensitivity",
        curve_chart(frame, float(at), "Effect, percentage points"),
        f"Specification curve of {len(frame)} variants: effects from {number(frame['mean'].min(), 0)} to "
        f"{number(frame['mean'].max(), 0)} percentage points; every variant is in the table.",
        "Specification curve: the pooled total effect under every variant, mean and 90 % interval. The "
        "main analysis stands "
        "out, and the broken line marks it.",
    )


def _variants_table(variants: pd.DataFrame) -> Table:
    frame = variants.sort_values("mean").assign(
        **{n: 100 * variants[n] for n in ("mean", "sd", "lower", "upper")}
    )
    columns = [
        text_column("Kind of choice", "axis"),
        text_column("Choice", "choice"),
        text_column("Variant", "variant"),
        number_column("Mean", "mean", 1),
        interval_column(1),
        number_column("P(above 0)", "prob_positive", 3),
    ]
    return make_table(frame, columns, "Pooled total effect under every variant, percentage points")
