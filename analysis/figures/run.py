"""Figures of a run. They draw summaries and compute nothing."""

from dataclasses import dataclass

import matplotlib as mpl
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.draw import plot_intervals, title_figure
from analysis.figures.findings import (
    name_cases,
    name_difference,
    title_alignment,
    title_effects,
    title_groups,
    title_joining,
    title_nearest,
)
from analysis.figures.overlap import plot_overlap
from analysis.figures.style import (
    ALL,
    GROUP_NAMES,
    STYLE,
    axis_name,
    level_colour,
    level_marker,
    level_name,
)
from analysis.posterior.joining import find_holders
from analysis.posterior.words import take_headline

PATHS = {
    "total": (0.26, "o", True, "total"),
    "direct": (0.0, "s", False, "direct (alignment held)"),
    "indirect": (-0.26, "^", False, "indirect (through alignment)"),
}
"""Kinds of effect: shift within a row, marker, whether it is filled, name."""
CASE_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def _key(label: str, colour: str, marker: str, size: float, filled: bool = True) -> Line2D:
    """Entry of a legend."""
    face = colour if filled else "white"
    return Line2D([], [], color=colour, mfc=face, marker=marker, lw=1.2, ms=size, label=label)


def _level_legend(levels: list[str]) -> list[Line2D]:
    return [_key(level_name(level), level_colour(level), level_marker(level), 4) for level in levels]


def plot_alignment(summary: pd.DataFrame, panel: xr.Dataset, case: str, axis: str = "") -> Figure:
    """Plot every state's alignment from ``ideal_points.csv`` with its interval, by region and guarantee.

    ``axis`` is the ending of the quantity's name, such as ``_second``, where there are several axes.
    """
    of_case = panel.sel(case=case)
    info = of_case[["guarantee", "included"]].to_dataframe()[["guarantee", "included", "name", "region"]]
    rows = summary[(summary["case"] == case) & (summary["quantity"] == f"alignment{axis}")]
    rows = rows.join(info[info["included"]], on="state", how="inner").sort_values("mean")
    regions = rows.groupby("region")["mean"].mean().sort_values().index
    tallest = rows["region"].value_counts().max()
    levels = panel["guarantee"].attrs["levels"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.1 * len(regions), 0.155 * tallest + 1.6), layout="constrained")
        axes = figure.subplots(1, len(regions), sharex=True)
        for ax, region in zip(axes, regions, strict=True):
            part = rows[rows["region"] == region].reset_index(drop=True)
            for level in levels:
                chosen = part[part["guarantee"] == level]
                plot_intervals(ax, chosen.index, chosen, level_colour(level), level_marker(level))
            ax.set_yticks(part.index, part["name"], fontsize=6.5)
            ax.set_ylim(-1, tallest)
            ax.set_title(region, fontsize=9)
        figure.supxlabel(
            "Alignment with the US in the General Assembly (standard deviations of states; "
            "mean and 90 % interval)",
            fontsize=9,
        )
        of_axis = axis_name(axis[1:]) if axis else ""
        title_figure(figure, title_nearest(rows, of_case["label"].item(), of_axis))
        # The last panel has room for the legend: its region has few states with high positions.
        axes[-1].legend(
            handles=_level_legend(levels), loc="upper right", framealpha=1, edgecolor="none", fontsize=7
        )
    return figure


def plot_joining(effects: pd.DataFrame, panel: xr.Dataset) -> Figure:
    """Plot the probability of joining if all states had a guarantee level, beside the share that joined."""
    levels = panel["guarantee"].attrs["levels"]
    title, effects = title_joining(effects, panel), take_headline(effects)
    holders = {level: find_holders(panel, level) for level in levels}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.0), layout="constrained")
        axes = figure.subplots(1, panel.sizes["case"], sharex=True, sharey=True, squeeze=False)[0]
        for ax, case in zip(axes, panel["case"].values, strict=True):
            of_case = panel.sel(case=case)
            for height, level in enumerate(levels):
                row = effects[
                    (effects["quantity"] == f"probability_{level}_total") & (effects["case"] == case)
                ]
                plot_intervals(ax, [height], row, level_colour(level), level_marker(level), 100)
                observed = of_case["joined"].where(holders[level].sel(case=case)).mean().item()
                ax.plot(100 * observed, height + 0.25, "x", color="black", ms=4)
            ax.set_title(of_case["label"].item())
            ax.set_yticks(range(len(levels)), [level_name(v) for v in levels])
            ax.set_ylim(-0.6, len(levels) - 0.4)
            ax.set_xlim(0, 100)
            ax.set_xlabel("probability of joining, %")
        # A raw share beside an adjusted probability misleads unless it says that it is raw.
        adjusted = Line2D([], [], color="black", marker="o", lw=1.2, ms=4)
        raw = Line2D([], [], color="black", marker="x", lw=0, ms=4)
        figure.legend(
            [adjusted, raw],
            [
                "if all states of regions with comparison had that level: mean and 90 % interval",
                "raw share of those that have it, not adjusted: these states differ in much else",
            ],
            loc="outside lower center",
            fontsize=8,
            frameon=False,
        )
        title_figure(figure, title)
    return figure


def plot_effects(effects: pd.DataFrame, panel: xr.Dataset) -> Figure:
    """Plot the average marginal effects of each guarantee level: total, direct and through alignment.

    Each level has a panel; its rows are the cases, pooled, and their difference.
    """
    title, effects = title_effects(effects, panel), take_headline(effects)
    labels = _label_cases(effects, panel)
    series = []
    for kind, (shift, marker, filled, label) in PATHS.items():
        rows = {
            level: effects[effects["quantity"] == f"ame_{level}_{kind}"].set_index("case").loc[[*labels]]
            for level in _levels(panel)
        }
        series.append(_Series(label, marker, filled, shift, rows))
    return _plot_by_level(series, list(labels.values()), title)


def plot_groups(effects: pd.DataFrame, panel: xr.Dataset) -> Figure:
    """Plot the total effect of each guarantee level by capability and by region.

    Each level has a panel; its rows are the groups, each with the cases and pooled.
    """
    labels = {case: label for case, label in _label_cases(effects, panel).items() if case != "difference"}
    averaged = effects[effects["quantity"].str.fullmatch("ame_.*_total")]
    there = list(dict.fromkeys(averaged["group"]))
    regions = sorted(set(there) - set(GROUP_NAMES))
    order = [*(g for g in GROUP_NAMES if g != ALL), *regions, ALL]
    groups = {g: GROUP_NAMES.get(g, g) for g in order if g in there}
    series = []
    for number, (case, label) in enumerate(labels.items()):
        shift = 0.7 / len(labels) * ((len(labels) - 1) / 2 - number)
        of_case = effects[effects["case"] == case]
        rows = {
            level: of_case[of_case["quantity"] == f"ame_{level}_total"].set_index("group").reindex([*groups])
            for level in _levels(panel)
        }
        series.append(_Series(label, CASE_MARKERS[number], case == "pooled", shift, rows))
    return _plot_by_level(series, list(groups.values()), title_groups(effects, panel))


@dataclass(frozen=True)
class _Series:
    """One mark in each row of a figure: its look, its place in the row, and its numbers by level."""

    label: str
    marker: str
    filled: bool
    shift: float
    rows: dict[str, pd.DataFrame]


def _plot_by_level(series: list[_Series], names: list[str], title: str) -> Figure:
    """Plot effects on joining: a panel for each level, a row for each name, in it each of the series."""
    levels = list(series[0].rows)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.9 * max(len(levels), 2), 1.3 + 0.75 * len(names)), layout="constrained")
        axes = figure.subplots(1, len(levels), sharex=True, sharey=True, squeeze=False)[0]
        for ax, level in zip(axes, levels, strict=True):
            for each in series:
                y = [len(names) - 1 - i + each.shift for i in range(len(names))]
                _plot_rows(ax, y, each.rows[level], level_colour(level), each.marker, each.filled)
            _finish_effects(ax, level_name(level), names)
        handles = [_key(each.label, "black", each.marker, 5, each.filled) for each in series]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=len(series), fontsize=8, frameon=False
        )
        title_figure(figure, title)
    return figure


def plot_alignment_effects(effects: pd.DataFrame, panel: xr.Dataset, axis: str = "") -> Figure:
    """Plot the alignment that each guarantee level goes with: the first half of the hypothesis.

    ``axis`` as in ``plot_alignment``.
    """
    labels = _label_cases(effects, panel)
    levels = _levels(panel)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 1.4 + 0.5 * len(labels)), layout="constrained")
        ax = figure.subplots()
        for number, level in enumerate(levels):
            rows = effects[effects["quantity"] == f"alignment_{level}{axis}"].set_index("case").loc[[*labels]]
            y = [len(labels) - 1 - i + 0.3 * ((len(levels) - 1) / 2 - number) for i in range(len(labels))]
            _plot_rows(ax, y, rows, level_colour(level), level_marker(level), True, scale=1)
        unit = "standard deviations of states (mean and 90 % interval)"
        _finish_effects(ax, axis_name(axis[1:]) if axis else "", list(labels.values()), unit)
        title_figure(figure, title_alignment(effects, panel, axis))
        figure.legend(
            handles=_level_legend(levels), loc="outside lower center", ncols=2, fontsize=8, frameon=False
        )
    return figure


def _levels(panel: xr.Dataset) -> list[str]:
    """Levels of the guarantee above ``none``."""
    return panel["guarantee"].attrs["levels"][1:]


def _label_cases(effects: pd.DataFrame, panel: xr.Dataset) -> dict[str, str]:
    """Labels of the cases, of ``pooled`` and of ``difference``, in the order in which they are drawn."""
    labels = name_cases(panel)
    names = list(labels.values())
    labels["pooled"] = "mean of both" if len(names) == 2 else "mean of the cases"
    if (effects["case"] == "difference").any():
        labels["difference"] = name_difference(names)
    return labels


def _plot_rows(
    ax: Axes, y: list[float], rows: pd.DataFrame, colour: str, marker: str, filled: bool, scale: float = 100
) -> None:
    """Plot intervals with their means as filled or hollow markers."""
    plot_intervals(ax, y, rows, colour, marker, scale)
    face = colour if filled else "white"
    ax.plot(scale * rows["mean"], y, marker, mec=colour, mfc=face, ms=5, ls="")


def _finish_effects(
    ax: Axes, title: str, names: list[str], unit: str = "percentage points (mean and 90 % interval)"
) -> None:
    """Add the zero line, title, unit, and names of the rows from top to bottom."""
    ax.axvline(0, color="black", lw=0.8)
    ax.set_title(title)
    ax.set_xlabel(unit)
    ax.set_yticks(range(len(names)), names[::-1])
    ax.set_ylim(-0.6, len(names) - 0.4)


def draw_run(
    ideal_points: pd.DataFrame, effects: pd.DataFrame, overlap: pd.DataFrame, panel: xr.Dataset
) -> dict[str, Figure]:
    """Draw all figures of a run.

    Parameters
    ----------
    ideal_points, effects, overlap : pd.DataFrame
        ``ideal_points.csv``, ``effects.csv`` and ``overlap.csv``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.

    Returns
    -------
    dict of str to Figure
        Figures by file name without suffix.
    """
    quantities = ideal_points["quantity"].unique()
    axes = [name.removeprefix("alignment") for name in quantities if name.startswith("alignment")]
    figures = {
        f"alignment_{case}{axis}": plot_alignment(ideal_points, panel, case, axis)
        for case in panel["case"].values
        for axis in axes
    }
    # Stage 2 may take fewer axes than stage 1 has.
    taken = [axis for axis in axes if (effects["quantity"] == f"alignment_slope{axis}").any()]
    figures |= {f"alignment_effects{axis}": plot_alignment_effects(effects, panel, axis) for axis in taken}
    figures |= {"joining": plot_joining(effects, panel), "effects": plot_effects(effects, panel)}
    return figures | {"groups": plot_groups(effects, panel), "overlap": plot_overlap(overlap, panel)}
