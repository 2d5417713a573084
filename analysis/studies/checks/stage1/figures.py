"""Figures of the checks of stage 1; they draw the rows of position_checks.csv and compute nothing."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.draw import title_figure
from analysis.figures.style import ACCENT, STYLE, level_colour
from analysis.posterior.words import percent
from analysis.studies.checks.stage1.judge import AREAS, AS_EXPECTED, ITEM_FIT, STATE_FIT, UNPLACED
from analysis.studies.checks.stage1.measure import CONTRADICTIONS, CORRELATION, DIMENSIONS, REPEATS

BLUE, GREY = level_colour("pact"), level_colour("none")
N_UNIT = 12
"""States and resolutions shown: those that lie furthest beyond what the model expects."""
LABEL = 48
"""Characters of a label."""


def draw_positions(table: pd.DataFrame, labels: dict[str, str]) -> dict[str, Figure]:
    """Return the figures by file name; without numbers (see the verdicts) there is no figure.

    ``table`` is position_checks.csv; ``labels`` are the names of the cases.
    """
    table = table[table["value"].notna()]
    labels = {case: label for case, label in labels.items() if (table["case"] == case).any()}
    if not labels:
        return {}
    return {
        "check_replicated_votes": plot_statistics(table, labels),
        "check_residual_areas": plot_areas(table, labels),
        "check_unplaced": plot_units(table, labels),
    }


@mpl.rc_context(STYLE)
def plot_statistics(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot contradictions, correlations and dimensions of residuals beside those of replicated votes."""
    figure = Figure(figsize=(4.6 * len(labels), 5.2), layout="constrained")
    axes = figure.subplots(2, len(labels), squeeze=False, height_ratios=[1, 9])
    for (above, below), (case, label) in zip(axes.T, labels.items(), strict=True):
        rows = table[table["case"] == case]
        counted = rows[(rows["check"] == REPEATS) & (rows["item"] == CONTRADICTIONS)]
        _plot_ranges(above, counted)
        above.set(title=label, xlim=(0, None), xlabel="Answers")
        shares = rows[rows["check"].isin((CORRELATION, DIMENSIONS))]
        _plot_ranges(below, shares)
        below.axvline(0, color=GREY, lw=0.8)
        below.set(xlabel="Correlation, share of variance")
    handles, texts = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    judged = table[table["check"].isin((REPEATS, CORRELATION, DIMENSIONS))]
    inside = (judged["verdict"] == AS_EXPECTED).sum()
    title_figure(figure, f"{inside} of {len(judged)} statistics of votes are as the model expects")
    return figure


@mpl.rc_context(STYLE)
def plot_areas(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot which issue areas make up the first residual dimensions, beside their share of all residuals."""
    figure = Figure(figsize=(4.2 * len(labels), 3.2), layout="constrained")
    axes = figure.subplots(1, len(labels), squeeze=False)[0]
    colours = {"dimension 1": BLUE, "dimension 2": ACCENT}
    for ax, (case, label) in zip(axes, labels.items(), strict=True):
        rows = table[(table["case"] == case) & (table["check"] == AREAS)]
        rows = rows.assign(
            dimension=rows["item"].str.split(": ").str[0], area=rows["item"].str.split(": ").str[1]
        )
        names = list(dict.fromkeys(rows["area"]))[::-1]
        for k, (dimension, colour) in enumerate(colours.items()):
            part = rows[rows["dimension"] == dimension].set_index("area").reindex(names)
            height = np.arange(len(names)) + 0.18 - 0.36 * k
            ax.barh(height, 100 * part["value"], 0.32, color=colour, label=dimension)
        share = rows.drop_duplicates("area").set_index("area").reindex(names)["reference"]
        ax.plot(100 * share, np.arange(len(names)), "|", color="black", ms=16, label="of all residuals")
        ax.set_yticks(np.arange(len(names)), names)
        ax.set(title=label, xlabel="Share, %", xlim=(0, None))
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    title_figure(figure, _say_areas(table[table["check"] == AREAS], labels))
    return figure


@mpl.rc_context(STYLE)
def plot_units(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot the states and resolutions that lie furthest beyond what the model expects."""
    figure = Figure(figsize=(5.2 * len(labels), 5.6), layout="constrained")
    axes = figure.subplots(2, len(labels), squeeze=False)
    for column, (case, label) in zip(axes.T, labels.items(), strict=True):
        for ax, check in zip(column, (STATE_FIT, ITEM_FIT), strict=True):
            rows = table[(table["case"] == case) & (table["check"] == check)]
            rows = rows[~rows["item"].isin(UNPLACED.values())]
            furthest = (rows["value"] / rows["upper"]).sort_values(ascending=False).index[:N_UNIT]
            _plot_ranges(ax, rows.loc[furthest])
            ax.axvline(1, color=GREY, lw=0.8)
            ax.set(xlim=(0, None))
        column[0].set_title(label)
        column[1].set_xlabel("Squared residuals, over expected")
    handles, texts = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    title_figure(figure, _say_states(table[table["check"] == STATE_FIT], labels))
    return figure


def _say_areas(rows: pd.DataFrame, labels: dict[str, str]) -> str:
    """Say which issue area the positions leave out most, in each case."""
    first = rows[rows["item"].str.startswith("dimension 1: ")]
    parts = []
    for case, label in labels.items():
        of_case = first[first["case"] == case]
        if len(of_case):
            most = of_case.loc[of_case["value"].idxmax()]
            parts.append(f"{most['item'].split(': ')[1]} ({percent(most['value'])}) before {label}")
    return f"What the positions leave out is most of all about {', '.join(parts)}"


def _say_states(rows: pd.DataFrame, labels: dict[str, str]) -> str:
    """Say which two states vote least like their positions, in each case."""
    rows = rows[~rows["item"].isin(UNPLACED.values())]
    parts = []
    for case, label in labels.items():
        of_case = rows[rows["case"] == case]
        order = (of_case["value"] / of_case["upper"]).sort_values(ascending=False).index[:2]
        if len(order):
            parts.append(f"{' and '.join(of_case.loc[order, 'item'])} before {label}")
    return f"States that vote least like their positions: {', '.join(parts)}"


def _plot_ranges(ax: Axes, rows: pd.DataFrame) -> None:
    """Plot each row's range of replicated votes, and what was seen: filled where it lies outside."""
    rows = rows.iloc[::-1].reset_index(drop=True)
    ax.hlines(rows.index, rows["lower"], rows["upper"], color=BLUE, lw=5, alpha=0.3,
              label="999 of 1,000 replicated votes")  # fmt: skip
    outside = rows["verdict"] != AS_EXPECTED
    for chosen, fill in ((outside, ACCENT), (~outside, "white")):
        ax.plot(rows["value"][chosen], rows.index[chosen], "o", color=ACCENT, mfc=fill, ms=4.5,
                label="seen, beyond it" if fill == ACCENT else "seen, within")  # fmt: skip
    names = [name if len(name) <= LABEL else f"{name[: LABEL - 1]}…" for name in rows["item"]]
    ax.set_yticks(rows.index, names, fontsize=7.5)
    ax.set_ylim(-0.7, len(rows) - 0.3)
