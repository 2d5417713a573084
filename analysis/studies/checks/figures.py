"""Figures of the checks; they draw tables and compute nothing."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from analysis.figures.draw import plot_intervals, title_figure
from analysis.figures.style import ACCENT, KINDS, STYLE, level_colour, level_marker, level_name, short_level
from analysis.posterior.words import percent, points
from analysis.studies.checks.controls import AMONG

KIND_NAMES = {
    "state": "State (the {} that move it most)",
    "region": "Region",
    "issue": "Votes of an issue area",
    "session": "Votes of a session",
}
NAME_WIDTH, NAME_HEIGHT = 0.4, 0.045
"""Room that the name of a measured cause takes, as shares of a surface."""
BLUE, GREY = level_colour("pact"), level_colour("none")


def draw_checks(
    tables: dict[str, pd.DataFrame], panel: xr.Dataset, issues: dict[str, str]
) -> dict[str, Figure]:
    """Return the figures by file name, from those tables of the checks that there are.

    ``panel`` gives the names of cases and states, ``issues`` those of issue areas.
    """
    labels = {str(c.item()): str(c["label"].item()) for c in panel["case"]}
    names = issues | {str(s.item()): str(s["name"].item()) for s in panel["state"]}
    checks, figures = tables["checks"], {}
    if "calibration" in tables:
        figures["check_calibration"] = plot_calibration(tables["calibration"])
    if (checks["check"] == "posterior_predictive").any():
        figures["check_counts"] = plot_counts(checks, labels)
    if "confounding" in tables:
        figures["check_confounding"] = plot_confounding(tables["confounding"], labels)
    if (checks["check"] == "permuted_guarantee").any():
        figures["check_permutations"] = plot_permutations(checks, labels)
    if "tiers" in tables:
        figures["check_tiers"] = plot_tiers(tables["tiers"], labels)
    if "influence" in tables:
        influence = tables["influence"]
        for name in influence.loc[influence["kind"] == "state", "quantity"].unique():
            figures[f"check_influence_{name.split('_')[-1]}"] = plot_influence(influence, name, names)
    return figures


@mpl.rc_context(STYLE)
def plot_calibration(curve: pd.DataFrame) -> Figure:
    """Plot the observed against the expected share of joiners, each state predicted from the others."""
    figure = Figure(figsize=(4.2, 4.0), layout="constrained")
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=GREY, lw=0.8)
    ax.vlines(curve["expected"], curve["lower"], curve["upper"], color=BLUE, lw=5, alpha=0.25,
              label="90 % interval if the model is right")  # fmt: skip
    ax.plot(curve["expected"], curve["observed"], "o", color=BLUE, label="observed")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="Predicted probability of joining (state left out)")
    ax.set_ylabel("Share that joined")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    inside = (curve["lower"] <= curve["observed"]) & (curve["observed"] <= curve["upper"])
    title_figure(
        figure, f"{inside.sum()} of {len(curve)} groups of states join as often as the model expects"
    )
    return figure


@mpl.rc_context(STYLE)
def plot_counts(checks: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot observed joiners by guarantee level and region beside the model's intervals."""
    rows = checks[checks["check"] == "posterior_predictive"]
    figure = Figure(figsize=(4.2 * len(labels), 3.4), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(labels), sharey=True))
    for ax, (case, label) in zip(axes, labels.items(), strict=True):
        part = rows[rows["case"] == case].iloc[::-1].reset_index(drop=True)
        ax.hlines(part.index, part["lower"], part["upper"], color=BLUE, lw=5, alpha=0.25,
                  label="90 % interval of simulated counts")  # fmt: skip
        ax.plot(part["value"], part.index, "o", color=BLUE, ms=4, label="observed")
        ax.set_yticks(part.index, [_name_group(item) for item in part["item"]])
        ax.set(title=label, xlabel="States that joined", xlim=(0, None))
    handles, texts = axes[-1].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    inside = (rows["lower"] <= rows["value"]) & (rows["value"] <= rows["upper"])
    title_figure(figure, f"{inside.sum()} of {len(rows)} counts of joiners lie inside the model's intervals")
    return figure


def _name_group(item: str) -> str:
    """Return the reader's name of a group; the table has ``level x`` and ``region x``."""
    kind, name = item.split(" ", 1)
    return level_name(name) if kind == "level" else name


@mpl.rc_context(STYLE)
def plot_permutations(checks: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot the effects of permuted guarantees, by who exchanged them, beside the real effect."""
    rows = checks[checks["check"] == "permuted_guarantee"]
    figure = Figure(figsize=(4.2 * len(labels), 2.4), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(labels), sharey=True, sharex=True))
    for ax, (case, label) in zip(axes, labels.items(), strict=True):
        part = rows[rows["case"] == case].iloc[::-1].reset_index(drop=True)
        ax.hlines(part.index, 100 * part["lower"], 100 * part["upper"], color=GREY, lw=5, alpha=0.5,
                  label="90 % interval of permuted guarantees")  # fmt: skip
        ax.plot(100 * part["reference"], part.index, "o", color=BLUE, ms=5, label="real guarantees")
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yticks(part.index, [AMONG[item] for item in part["item"]])
        ax.set(title=label, ylim=(-0.6, len(part) - 0.4), xlabel="Effect of a pact, percentage points")
    handles, texts = axes[-1].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    shown = rows[rows["case"].isin(labels)]
    none = shown["verdict"] == "no effect"
    title_figure(
        figure,
        "Guarantees that are exchanged among states have no effect in "
        f"{none.sum()} of {len(shown)} comparisons",
    )
    return figure


@mpl.rc_context(STYLE)
def plot_influence(
    influence: pd.DataFrame, quantity: str, names: dict[str, str], n_state: int = 15
) -> Figure:
    """Plot the pooled effect without each unit; of the states, those that move it most."""
    rows = influence[(influence["quantity"] == quantity) & (influence["case"] == "pooled")]
    kinds = [kind for kind in ("state", "region", "issue", "session") if (rows["kind"] == kind).any()]
    figure = Figure(figsize=(3.4 * len(kinds), 4.0), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(kinds), sharex=True))
    for ax, kind in zip(axes, kinds, strict=True):
        part = rows[rows["kind"] == kind]
        part = part.loc[part["shift"].abs().sort_values(ascending=False).index[:n_state]]
        order = part["unit"].astype(int) * -1 if kind == "session" else part["effect_without"]
        part = part.loc[order.sort_values().index].reset_index(drop=True)
        main = 100 * part["effect_main"].iloc[0]
        ax.axvline(main, color=GREY, lw=0.8, label="with all")
        ax.hlines(part.index, main, 100 * part["effect_without"], color=BLUE, lw=1)
        ax.plot(100 * part["effect_without"], part.index, "o", color=BLUE, ms=4, label="without it")
        confirmed = part["confirmed"].notna()
        ax.plot(100 * part["confirmed"][confirmed], part.index[confirmed], "x", color=ACCENT, ms=6,
                label="without it, by a refit")  # fmt: skip
        ax.set_yticks(part.index, [names.get(unit, unit) for unit in part["unit"]], fontsize=7)
        ax.set_title(KIND_NAMES[kind].format(len(part)))
        ax.set_xlabel("percentage points")
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    how = next(kind for kind in KINDS if quantity.endswith(kind)).replace("_", " ")
    sd = (rows["shift"] / rows["shift_in_sd"]).abs().median()
    title_figure(
        figure,
        f"Whatever is left out, the mean {how} effect of a pact over both coalitions stays between "
        f"{points(rows['effect_without'].min())} and {points(rows['effect_without'].max())} points "
        f"(posterior sd {points(sd)})",
    )
    return figure


@mpl.rc_context(STYLE)
def plot_confounding(surface: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot the effect in each case by the strengths of a hidden cause, with the case's measured causes."""
    figure = Figure(figsize=(4.8 * len(labels), 5.0), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(labels), sharey=True))
    of_grid = surface[surface["benchmark"] == ""]
    limit = 5 * np.ceil(20 * of_grid["effect"].abs().max())
    levels = np.arange(-limit, limit + 1, 5)
    for ax, (case, label) in zip(axes, labels.items(), strict=True):
        rows = surface[surface["case"] == case]
        grid = rows[rows["benchmark"] == ""]
        by = {
            name: grid.pivot(index="strength_joining", columns="strength_guarantee", values=name)
            for name in ("effect", "lower")
        }
        x, y = by["effect"].columns.values, by["effect"].index.values
        ax.grid(visible=False)
        field = ax.contourf(x, y, 100 * by["effect"].values, levels=levels, cmap="RdBu")
        for name, style in (("effect", "solid"), ("lower", "dashed")):
            if by[name].values.min() < 0 < by[name].values.max():
                ax.contour(x, y, by[name].values, levels=[0], colors="black", linestyles=style)
        _name_causes(ax, rows[(rows["benchmark"] != "") & (rows["benchmark_case"] == case)], x, y)
        ax.set(xlim=(0, x.max()), ylim=(0, y.max()), title=label)
        ax.set_xlabel("Hidden cause on having a pact, logits per sd")
    axes[0].set_ylabel("Hidden cause on joining, logits per sd")
    title_figure(figure, _say_causes(surface, labels))
    figure.colorbar(field, ax=axes, label="Remaining effect of a pact, percentage points", ticks=levels[::2])
    line = mpl.lines.Line2D
    figure.legend(
        handles=[
            line([], [], color="black", ls="solid", label="effect 0"),
            line([], [], color="black", ls="dashed", label="90 % interval reaches 0"),
            line([], [], color="black", ls="", marker="o", ms=4,
                 label="measured cause, and the effect if its like were hidden"),
        ],
        loc="outside lower center", ncols=3, frameon=False, fontsize=8,
    )  # fmt: skip
    return figure


def _name_causes(ax: Axes, rows: pd.DataFrame, x: np.ndarray, y: np.ndarray) -> None:
    """Mark measured causes on a surface that ends with ``x`` and ``y``. Names beside each other give way."""
    taken: list[tuple[float, float]] = []
    for row in rows.sort_values("strength_joining").itertuples():
        # A measured cause beyond the surface is drawn at its edge.
        place = min(row.strength_guarantee, x.max()), min(row.strength_joining, y.max())
        ax.plot(*place, "o", color="black", ms=4, clip_on=False)
        height = min(max(place[1] + 0.02 * y.max(), 0.04 * y.max()), 0.96 * y.max())
        for left, other in taken:
            if abs(left - place[0]) < NAME_WIDTH * x.max():
                height = max(height, other + NAME_HEIGHT * y.max())
        taken.append((place[0], height))
        right = place[0] > (1 - NAME_WIDTH) * x.max()
        text = f"{row.benchmark.replace('_', ' ').replace('gdp', 'GDP')}: {points(row.effect)}"
        ax.annotate(
            text, place, (place[0] + (-0.02 if right else 0.02) * x.max(), height), fontsize=7, va="center",
            ha="right" if right else "left", arrowprops={"arrowstyle": "-", "lw": 0.5, "shrinkB": 0},
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip


def _say_causes(surface: pd.DataFrame, labels: dict[str, str]) -> str:
    """Say what would be left of the effect beside a hidden cause as strong as the strongest measured one."""
    measured = surface[(surface["benchmark"] != "") & (surface["benchmark_case"] == surface["case"])]
    left = measured.groupby("case")["effect"].min()
    parts = [f"{points(left[case])} in {label}" for case, label in labels.items() if case in left]
    if not parts:
        return "What would be left of the effect beside a hidden cause"
    return f"Points left beside a hidden cause like the strongest measured one: {', '.join(parts)}"


@mpl.rc_context(STYLE)
def plot_tiers(tiers: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot the probability of each tier by guarantee level and case, over all states."""
    rows = tiers[(tiers["group"] == "all")]
    names = list(dict.fromkeys(rows["tier"]))
    levels = list(dict.fromkeys(rows["level"]))
    figure = Figure(figsize=(3.6 * len(labels), 3.4), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(labels), sharey=True))
    for ax, (case, label) in zip(axes, labels.items(), strict=True):
        for k, level in enumerate(levels):
            part = rows[(rows["case"] == case) & (rows["level"] == level)].set_index("tier").loc[names]
            height = np.arange(len(names)) + 0.22 * (k - (len(levels) - 1) / 2)
            plot_intervals(ax, height, part, level_colour(level), level_marker(level),
                           scale=100, label=level_name(level))  # fmt: skip
        ax.set_yticks(np.arange(len(names)), names)
        ax.set(title=label, xlim=(0, 100), xlabel="probability, % (mean and 90 % interval)")
    handles, texts = axes[-1].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    last = rows[rows["tier"] == names[-1]].set_index(["case", "level"])["mean"]
    parts = [
        f"{percent(last[case, levels[-1]])} with a {short_level(levels[-1])} and "
        f"{percent(last[case, levels[0]])} without in {label}"
        for case, label in labels.items()
    ]
    title_figure(figure, f"All else alike, the probability of {names[-1]} is {', '.join(parts)}")
    return figure
