"""Figures of the checks; they draw tables and compute nothing."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import STYLE, plot_intervals
from analysis.palette import ACCENT, level_colour, level_marker, level_name

BLUE, GREY = level_colour("pact"), level_colour("none")


def plot_calibration(curve: pd.DataFrame) -> Figure:
    """Observed against expected share of joiners, each state predicted without itself."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 4.0), layout="constrained")
        ax = figure.subplots()
        ax.plot([0, 1], [0, 1], color=GREY, lw=0.8)
        ax.vlines(curve["expected"], curve["lower"], curve["upper"], color=BLUE, lw=5, alpha=0.25,
                  label="90 % interval if calibrated")  # fmt: skip
        ax.plot(curve["expected"], curve["observed"], "o", color=BLUE, label="observed")
        ax.set(
            xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="Predicted probability of joining (state left out)"
        )
        ax.set_ylabel("Share that joined")
        ax.set_title("Calibration", fontweight="bold")
        ax.legend(frameon=False, loc="upper left")
    return figure


def plot_counts(checks: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Joiners by guarantee level and region: observed, and the interval that the model gives."""
    rows = checks[checks["check"] == "posterior_predictive"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2 * len(labels), 3.4), layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, len(labels), sharey=True))
        for ax, (case, label) in zip(axes, labels.items(), strict=True):
            part = rows[rows["case"] == case].iloc[::-1].reset_index(drop=True)
            ax.hlines(part.index, part["lower"], part["upper"], color=BLUE, lw=5, alpha=0.25,
                      label="90 % interval of replicated counts")  # fmt: skip
            ax.plot(part["value"], part.index, "o", color=BLUE, ms=4, label="observed")
            ax.set_yticks(part.index, part["item"])
            ax.set(title=label, xlabel="Joiners", xlim=(0, None))
        handles, texts = axes[-1].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        figure.suptitle("Posterior predictive counts", fontweight="bold")
    return figure


def plot_influence(
    influence: pd.DataFrame, quantity: str, names: dict[str, str], n_state: int = 15
) -> Figure:
    """The pooled effect without each unit; of the states those that move it by most."""
    rows = influence[(influence["quantity"] == quantity) & (influence["case"] == "pooled")]
    kinds = [kind for kind in ("state", "region", "issue", "session") if (rows["kind"] == kind).any()]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(kinds), 4.0), layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, len(kinds), sharex=True))
        for ax, kind in zip(axes, kinds, strict=True):
            part = rows[rows["kind"] == kind]
            part = part.loc[part["shift"].abs().sort_values(ascending=False).index[:n_state]]
            part = part.sort_values("effect_without").reset_index(drop=True)
            main = 100 * part["effect_main"].iloc[0]
            ax.axvline(main, color=GREY, lw=0.8)
            ax.hlines(part.index, main, 100 * part["effect_without"], color=BLUE, lw=1)
            ax.plot(100 * part["effect_without"], part.index, "o", color=BLUE, ms=4, label="left out")
            confirmed = part["confirmed"].notna()
            ax.plot(100 * part["confirmed"][confirmed], part.index[confirmed], "x", color=ACCENT, ms=6,
                    label="by a true refit")  # fmt: skip
            ax.set_yticks(part.index, [names.get(unit, unit) for unit in part["unit"]], fontsize=7)
            ax.set_title(f"{kind} (the {len(part)} that move it most)" if kind == "state" else kind)
            if kind == "state":
                ax.legend(frameon=False, fontsize=7, loc="lower right")
        figure.supxlabel("Effect of a pact over both cases when left out, percentage points (line: with all)")
        figure.suptitle(f"Influence on {quantity}", fontweight="bold")
    return figure


def plot_confounding(surface: pd.DataFrame) -> Figure:
    """Pooled effect by the strengths of a hidden cause, with measured covariates for comparison."""
    rows = surface[surface["case"] == "pooled"]
    grid = rows[rows["benchmark"] == ""]
    by = {
        name: grid.pivot(index="strength_joining", columns="strength_guarantee", values=name)
        for name in ("effect", "lower")
    }
    x, y = by["effect"].columns.values, by["effect"].index.values
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 4.4), layout="constrained")
        ax = figure.subplots()
        ax.grid(visible=False)
        limit = 100 * np.abs(by["effect"].values).max()
        field = ax.contourf(
            x, y, 100 * by["effect"].values, levels=np.linspace(-limit, limit, 21), cmap="RdBu"
        )
        for name, style in (("effect", "solid"), ("lower", "dashed")):
            if by[name].values.min() < 0 < by[name].values.max():
                ax.contour(x, y, by[name].values, levels=[0], colors="black", linestyles=style)
        for row in rows[rows["benchmark"] != ""].itertuples():
            ax.plot(row.strength_guarantee, abs(row.strength_joining), "o", color="black", ms=5)
            name = row.benchmark.replace("_", " ") + (" (opposite signs)" if row.strength_joining < 0 else "")
            place = row.strength_guarantee, abs(row.strength_joining)
            text = f"{name}: {100 * row.effect:.0f}"
            ax.annotate(text, place, xytext=(6, 5), textcoords="offset points", fontsize=8)
        ax.set(xlim=(0, x.max()), ylim=(0, y.max()))
        ax.set_xlabel("Hidden cause on having a pact, logits per sd")
        ax.set_ylabel("Hidden cause on joining, logits per sd")
        ax.set_title("How strong a hidden cause would have to be", fontweight="bold")
        figure.colorbar(field, label="Effect of a pact left, percentage points")
        solid = mpl.lines.Line2D([], [], color="black", label="effect gone")
        dashed = mpl.lines.Line2D([], [], color="black", ls="--", label="90 % interval reaches 0")
        ax.legend(handles=[solid, dashed], loc="upper right", fontsize=8)
    return figure


def plot_tiers(tiers: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Probability of each tier by guarantee level, all states, per case."""
    rows = tiers[(tiers["group"] == "all")]
    names = list(dict.fromkeys(rows["tier"]))
    levels = list(dict.fromkeys(rows["level"]))
    with mpl.rc_context(STYLE):
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
