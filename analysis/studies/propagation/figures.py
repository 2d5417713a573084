"""Figures that compare ways to propagate stage-1 uncertainty. They only draw tables."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.draw import plot_intervals, title_figure
from analysis.figures.style import ACCENT, STYLE
from analysis.posterior.words import points

WAY_COLOURS = {"plugin": "#7f7f7f", "draws": "#0072B2", "measurement": "#E69F00", "joint": "#009E73"}
WAY_MARKERS = {"plugin": "o", "draws": "D", "measurement": "s", "joint": "^"}
QUANTITY_NAMES = {
    "alignment_slope": "slope of alignment (logits per sd)",
    "ame": "direct effect of a pact (AME)",
}
OUTCOME_NAMES = {"linear": "stage 2 is right", "step": "stage 2 is wrong (a step)"}


def plot_study(table: pd.DataFrame, real: dict[str, float] | None = None) -> Figure:
    """Plot bias and coverage of each way against the uncertainty of positions.

    Takes the table of ``run_study``, and the median posterior sd of a position in the real data, by name of
    the case. The rows are bias and coverage of 90 % intervals; bars are two Monte Carlo standard errors.
    """
    real = real or {}
    columns = [
        (outcome, quantity)
        for outcome in OUTCOME_NAMES
        for quantity in QUANTITY_NAMES
        if len(table.query("outcome == @outcome and quantity == @quantity"))
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(columns), 5.2), layout="constrained")
        axes = figure.subplots(2, len(columns), sharex=True, squeeze=False)
        for (outcome, quantity), (above, below) in zip(columns, axes.T, strict=True):
            cell = table.query("outcome == @outcome and quantity == @quantity")
            for shift, (way, colour) in enumerate(WAY_COLOURS.items()):
                rows = cell[cell["method"] == way].sort_values("position_sd")
                # Shifted, so that the bars do not hide each other.
                x = rows["position_sd"] * (1 + 0.02 * (shift - 1.5))
                for ax, value, error in ((above, "bias", "bias_se"), (below, "coverage", "coverage_se")):
                    ax.errorbar(
                        x,
                        rows[value],
                        yerr=2 * rows[error],
                        color=colour,
                        marker=WAY_MARKERS[way],
                        ms=4,
                        lw=1.2,
                        label=way,
                    )
            for ax in (above, below):
                for sd in real.values():
                    ax.axvline(sd, color=ACCENT, lw=1.0, ls=":", zorder=0)
            above.axhline(0, color="black", lw=0.8)
            below.axhline(0.9, color="black", lw=0.8)
            above.set_title(f"{QUANTITY_NAMES[quantity]}\n{OUTCOME_NAMES[outcome]}", fontsize=9)
            below.set_ylim(min(0.4, table["coverage"].min() - 0.05), 1.0)
            below.set_xlabel("posterior sd of a position (sd of the states)")
        axes[0, 0].set_ylabel("bias")
        axes[1, 0].set_ylabel("coverage of 90 % intervals")
        handles, labels = axes[0, -1].get_legend_handles_labels()
        if real:
            handles.append(Line2D([], [], color=ACCENT, lw=1.0, ls=":"))
            labels.append("real data: " + ", ".join(f"{name} {sd:.2f}" for name, sd in real.items()))
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
        title_figure(figure, say_study(table, real))
    return figure


def say_study(table: pd.DataFrame, real: dict[str, float]) -> str:
    """Say how often each way covers the truth where the real data lie, or with the most certain positions."""
    rows = table.query("outcome == 'linear' and quantity == 'ame'")
    if rows.empty:
        return "Ways to carry the uncertainty of positions into stage 2"
    where = max(real.values()) if real else rows["position_sd"].min()
    nearest = (rows["position_sd"] - where).abs()
    coverage = 100 * rows.loc[nearest == nearest.min(), "coverage"]
    place = "Where the real data lie" if real else "With the most certain positions"
    return (
        f"{place}, 90 % intervals for the effect cover the truth in {coverage.min():.0f} to "
        f"{coverage.max():.0f} %, whatever the way"
    )


def plot_ways(table: pd.DataFrame) -> Figure:
    """Plot direct effect, indirect effect and slope of alignment under each way.

    Takes the table of ``tabulate_ways``. Shows means and 90 % intervals by case.
    """
    shown = {
        "ame_pact_direct": ("direct effect of a pact\n(percentage points)", 100),
        "ame_pact_indirect": ("indirect effect of a pact\n(percentage points)", 100),
        "alignment_slope": ("slope of alignment\n(logits per sd)", 1),
    }
    shown = {name: how for name, how in shown.items() if name in set(table["quantity"])}
    cases = [case for case in table["case"].unique() if case != "difference"]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.2 * len(shown), 3.4), layout="constrained")
        axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for ax, (quantity, (label, scale)) in zip(axes, shown.items(), strict=True):
            rows = table[table["quantity"] == quantity].set_index("case")
            for shift, (way, colour) in enumerate(WAY_COLOURS.items()):
                of_way = rows[rows["way"] == way].loc[cases]
                y = [-k - 0.15 * (shift - 1.5) for k in range(len(cases))]
                plot_intervals(ax, y, of_way, colour, WAY_MARKERS[way], scale, way)
            ax.axvline(0, color="black", lw=0.8)
            ax.set_title(label, fontsize=9)
        axes[0].set_yticks([-k for k in range(len(cases))], cases)
        handles, labels = axes[-1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
        title_figure(figure, say_ways(table))
    return figure


def say_ways(table: pd.DataFrame) -> str:
    """Say between which ends the pooled direct effect lies under all ways."""
    rows = table[(table["quantity"] == "ame_pact_direct") & (table["case"] == "pooled")]
    if rows.empty:
        return "Ways to carry the uncertainty of positions into stage 2"
    least, most = points(rows["mean"].min()), points(rows["mean"].max())
    return f"Whatever the way, the direct effect of a pact is {least} to {most} points over the coalitions"
