"""Figures of the checks; they draw tables and compute nothing."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals
from analysis.figures.style import ACCENT, KINDS, STYLE, level_colour, level_marker, level_name
from analysis.studies.checks.controls import AMONG

KIND_NAMES = {
    "state": "State (the {} that move it most)",
    "region": "Region",
    "issue": "Votes of an issue area",
    "session": "Votes of a session",
}
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
    ax.set_title("Calibration", fontweight="bold")
    ax.legend(frameon=False, loc="upper left")
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
    figure.suptitle(
        f"{inside.sum()} of {len(rows)} counts of joiners lie inside the model's intervals",
        fontweight="bold",
    )
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
    figure.suptitle("Guarantees exchanged among states", fontweight="bold")
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
        ax.axvline(main, color=GREY, lw=0.8)
        ax.hlines(part.index, main, 100 * part["effect_without"], color=BLUE, lw=1)
        ax.plot(100 * part["effect_without"], part.index, "o", color=BLUE, ms=4, label="left out")
        confirmed = part["confirmed"].notna()
        ax.plot(100 * part["confirmed"][confirmed], part.index[confirmed], "x", color=ACCENT, ms=6,
                label="by a refit")  # fmt: skip
        ax.set_yticks(part.index, [names.get(unit, unit) for unit in part["unit"]], fontsize=7)
        ax.set_title(KIND_NAMES[kind].format(len(part)))
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside upper right", ncols=2, frameon=False, fontsize=8)
    how = next(kind for kind in KINDS if quantity.endswith(kind)).replace("_", " ")
    sd = 100 * (rows["shift"] / rows["shift_in_sd"]).abs().median()
    figure.supxlabel(
        f"Mean {how} effect of a pact over both cases when left out, percentage points "
        f"(line: with all; posterior sd {sd:.0f})"
    )
    least, most = 100 * rows["effect_without"].min(), 100 * rows["effect_without"].max()
    figure.suptitle(
        f"Whatever is left out, the {how} effect stays between {least:.0f} and {most:.0f} points",
        fontweight="bold",
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
        for row in rows[(rows["benchmark"] != "") & (rows["benchmark_case"] == case)].itertuples():
            # A measured cause beyond the surface is drawn at its edge.
            place = min(row.strength_guarantee, x.max()), min(row.strength_joining, y.max())
            ax.plot(*place, "o", color="black", ms=4, clip_on=False)
            text = f"{row.benchmark.replace('_', ' ')}: {100 * row.effect:.0f}"
            ax.annotate(text, place, xytext=(5, 4), textcoords="offset points", fontsize=7)
        ax.set(xlim=(0, x.max()), ylim=(0, y.max()), title=label)
        ax.set_xlabel("Hidden cause on having a pact, logits per sd")
    axes[0].set_ylabel("Hidden cause on joining, logits per sd")
    figure.suptitle("How strong a hidden cause would have to be", fontweight="bold")
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
        ax.set(title=label, xlim=(0, 100))
    axes[-1].legend(frameon=False, fontsize=7.5, loc="upper right")
    figure.supxlabel("Probability had all states that guarantee, % (mean and 90 % interval)")
    figure.suptitle("Tier of support by guarantee", fontweight="bold")
    return figure
