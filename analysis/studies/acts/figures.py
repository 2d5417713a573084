"""Figures of the study of acts: every act by unpopularity, and acts beside ordinary votes."""

from textwrap import shorten

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals, title_figure
from analysis.figures.style import STYLE
from analysis.posterior.words import points

NAMES = {"USA": "United States", "RUS": "Soviet Union, Russia"}
COLOURS = {"acts": "#0072B2", "ordinary": "#999999"}


def draw_acts(table: pd.DataFrame, effects: pd.DataFrame) -> dict[str, Figure]:
    """Draw all figures of the study, by name.

    Takes acts.csv and acts_effects.csv, see ``analysis.studies.acts.run``.
    """
    with mpl.rc_context(STYLE):
        return {"acts_forest": draw_forest(table), "acts_beside_ordinary": draw_beside(effects)}


def draw_forest(table: pd.DataFrame) -> Figure:
    """Draw a pact's total and direct effect on P(shield), act by act, the most unpopular on top."""
    powers = [power for power in NAMES if (table["power"] == power).any()]
    rows = [int((table["power"] == power).sum()) for power in powers]
    figure = Figure(figsize=(7.5, 1.2 + 0.24 * sum(rows)), layout="constrained")
    axes = figure.subplots(len(powers), 1, sharex=True, height_ratios=rows, squeeze=False)[:, 0]
    for ax, power in zip(axes, powers, strict=True):
        own = table[table["power"] == power].sort_values("against")
        y = np.arange(len(own))
        for effect, colour, marker, shift in (
            ("total", "#0072B2", "o", 0.12),
            ("direct", "#D55E00", "s", -0.12),
        ):
            summary = own[[f"shield_{effect}_{name}" for name in ("mean", "lower", "upper")]]
            summary = summary.set_axis(["mean", "lower", "upper"], axis=1)
            plot_intervals(ax, y + shift, summary, colour, marker, 100, f"{effect} effect")
        labels = [
            f"{shorten(row.label, 48, placeholder='…')} ({row.year}; {100 * row.against:.0f} % against)"
            for row in own.itertuples()
        ]
        ax.set_yticks(y, labels, fontsize=6.5)
        ax.axvline(0, color="0.6", lw=0.8)
        ax.set_title(NAMES[power], loc="left")
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    axes[-1].set_xlabel("points more with a pact than without (mean, 90 % interval)")
    found = (table["shield_total_lower"] > 0).sum()
    title_figure(
        figure,
        f"A pact goes with more shielding on {found} of {len(table)} acts, with a 90 % interval above 0 "
        "(one model of all acts: not so many separate tests)",
    )
    return figure


def draw_beside(effects: pd.DataFrame) -> Figure:
    """Draw a pact's effect on acts beside that on ordinary votes, by power and era."""
    chosen = effects[
        (effects["answer"] == "shield") & (effects["group"] == "protected") & (effects["kind"] == "all")
    ]
    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    eras = ["all", "to 1989", "from 1990"]
    for ax, effect in zip(axes, ("total", "direct"), strict=True):
        for votes, colour in COLOURS.items():
            own = chosen[(chosen["effect"] == effect) & (chosen["votes"] == votes)]
            own = own.set_index(["power", "era"]).reindex([(p, e) for p in NAMES for e in eras]).reset_index()
            y = -np.arange(len(own)) + (0.12 if votes == "acts" else -0.12)
            plot_intervals(
                ax, y, own, colour, "o", 100, {"acts": "acts", "ordinary": "ordinary votes"}[votes]
            )
        ax.set_yticks(-np.arange(len(own)), [f"{NAMES[p]}, {e}" for p in NAMES for e in eras], fontsize=7)
        ax.axvline(0, color="0.6", lw=0.8)
        ax.set_title(f"{effect} effect", loc="left")
        ax.set_xlabel("P(shield), percentage points")
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    title_figure(figure, f"A pact goes with {_say_beside(chosen)}")
    return figure


def _say_beside(effects: pd.DataFrame) -> str:
    """Say the total effect on acts and on ordinary votes of all eras, for each power."""
    rows = effects[(effects["effect"] == "total") & (effects["era"] == "all")]
    means = rows.set_index(["power", "votes"])["mean"]
    return ", ".join(
        f"{points(means[power, 'acts'])} points more shielding of the {name} on acts and "
        f"{points(means[power, 'ordinary'])} on ordinary votes"
        for power, name in NAMES.items()
        if (power, "acts") in means.index and (power, "ordinary") in means.index
    )
