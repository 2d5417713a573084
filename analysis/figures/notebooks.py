"""Figures of the notebooks, in the same style as those of a run. They compute nothing but intervals."""

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals
from analysis.figures.style import ACCENT, LEVEL_COLOURS, OTHER_COLOUR, STYLE
from analysis.posterior.summaries import ENDS

# Votes with the US have the blue of a pact, votes against it the orange of warnings.
RESPONSE_COLOURS = {
    "no": ACCENT,
    "against": ACCENT,
    "abstain": "#b0b0b0",
    "yes": LEVEL_COLOURS["pact"],
    "with": LEVEL_COLOURS["pact"],
    "absent": "#ececec",
}


def plot_responses(shares: dict[str, pd.DataFrame]) -> Figure:
    """Plot the share of each response and of absence by session, a panel for each case.

    Parameters
    ----------
    shares : dict of str to pd.DataFrame
        Tables from ``analysis.posterior.predictive.summarize_responses``, by label of the case.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.6), layout="constrained")
        axes = figure.subplots(1, len(shares), sharey=True, squeeze=False)[0]
        for ax, (label, table) in zip(axes, shares.items(), strict=True):
            below = np.zeros(len(table))
            for answer, share in table.items():
                ax.bar(table.index, 100 * share, bottom=below, color=RESPONSE_COLOURS[answer], label=answer)
                below = below + 100 * share.values
            ax.set_xticks(table.index)
            ax.set_title(f"Before {label}")
            ax.set_xlabel("session of the General Assembly")
            ax.grid(False)
        axes[0].set_ylabel("Share of votes that could be cast, %")
        axes[-1].legend(bbox_to_anchor=(1.02, 1), loc="upper left", frameon=False)
    return figure


def plot_prior(table: pd.DataFrame) -> Figure:
    """Plot prior predictive intervals of summary statistics of the assembly beside the observed values.

    Parameters
    ----------
    table : pd.DataFrame
        From ``analysis.posterior.predictive.compare_prior``.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.4), layout="constrained")
        ax = figure.subplots()
        y = np.arange(len(table))[::-1]
        plot_intervals(ax, y, table, OTHER_COLOUR, "o", label="prior, mean and 90 % interval")
        ax.plot(table["observed"], y, "x", color=ACCENT, ms=7, mew=2, label="observed")
        ax.set_yticks(y, table["figure"])
        ax.set_xlabel("Share (agreement: difference of shares)")
        ax.legend(bbox_to_anchor=(0, 1.02), loc="lower left", ncols=2, frameon=False)
    return figure


def plot_item_curves(curves: pd.DataFrame, columns: int = 3) -> Figure:
    """Plot the probability of each response by position, with its interval, a panel for each item.

    Parameters
    ----------
    curves : pd.DataFrame
        From ``analysis.posterior.predictive.summarize_item_curves``.
    columns : int
        Number of panels in a row.
    """
    items = list(dict.fromkeys(curves["item"]))
    rows = -(-len(items) // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.2 * columns, 2.5 * rows + 0.6), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for ax, item in zip(axes, items, strict=False):
            of_item = curves[curves["item"] == item]
            for response, curve in of_item.groupby("response", sort=False):
                curve, colour = curve.sort_values("position"), RESPONSE_COLOURS[response]
                ax.fill_between(
                    curve["position"], curve["lower"], curve["upper"], color=colour, alpha=0.3, lw=0
                )
                ax.plot(curve["position"], curve["mean"], color=colour, label=response)
            title = textwrap.shorten(of_item["title"].iloc[0], 85, placeholder=" ...")
            ax.set_title("\n".join(textwrap.wrap(title, 38)), fontsize=7.5)
        for ax in axes[len(items) :]:
            ax.set_visible(False)
        figure.supxlabel("Ideal point (standard deviations of states)", fontsize=9)
        figure.supylabel("Probability (mean and 90 % interval)", fontsize=9)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return figure


def plot_agreement(first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str], label: str) -> Figure:
    """Plot positions of the same states from two kinds of votes, with both intervals.

    Parameters
    ----------
    first, second : pd.DataFrame
        ``state, mean, lower, upper``.
    names : tuple of str
        Name of each kind of votes.
    label : str
        Name of the case.
    """
    both = first.merge(second, on="state", suffixes=("_x", "_y"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.2, 4.2), layout="constrained")
        ax = figure.subplots()
        lines = {"color": "#b0b0b0", "lw": 0.7, "zorder": 1}
        ax.hlines(both["mean_y"], both["lower_x"], both["upper_x"], **lines)
        ax.vlines(both["mean_x"], both["lower_y"], both["upper_y"], **lines)
        ax.plot(both["mean_x"], both["mean_y"], "o", ms=2.5, color=LEVEL_COLOURS["pact"])
        ax.set_xlabel(f"Ideal point from {names[0]} (sd of states)")
        ax.set_ylabel(f"Ideal point from {names[1]} (sd of states)")
        ax.set_title(f"{label}: {len(both)} states, means and 90 % intervals")
    return figure


def plot_curves(
    curves: dict[str, xr.Dataset], labels: dict[str, str], shown: tuple[str, ...] = ("difference",)
) -> Figure:
    """Plot effects or probabilities over values of a covariate: a row for each, a panel for each case.

    Parameters
    ----------
    curves : dict of str to xr.Dataset
        From ``analysis.effects``, each over one covariate, by the text of its axis.
    labels : dict of str to str
        Labels of the cases to show, by name.
    shown : tuple of str
        ``difference``, or ``without`` and ``given``. Lines are means, bands 90 % intervals.
    """
    names = {"difference": "effect", "without": "without a guarantee", "given": "with a guarantee"}
    colours = {"difference": ACCENT, "without": LEVEL_COLOURS["none"], "given": LEVEL_COLOURS["pact"]}
    with mpl.rc_context(STYLE):
        size = (3.6 * len(labels) + 0.8, 2.5 * len(curves) + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(curves), len(labels), sharey=True, squeeze=False)
        for axes, (text, curve) in zip(grid, curves.items(), strict=True):
            for ax, (case, label) in zip(axes, labels.items(), strict=True):
                of_case = 100 * curve[list(shown)].sel(case=case)
                [dim] = [name for name in of_case.dims if name not in ("chain", "draw")]
                for name in shown:
                    ends = of_case[name].quantile(ENDS, ("chain", "draw"))
                    mean = of_case[name].mean(("chain", "draw"))
                    ax.fill_between(curve[dim], *ends.values, color=colours[name], alpha=0.2, lw=0)
                    ax.plot(curve[dim], mean, color=colours[name], lw=1.5, label=names[name])
                ax.axhline(0, color="black", lw=0.8)
                ax.set_title(label)
                ax.set_xlabel(text)
            axes[0].set_ylabel("points" if shown == ("difference",) else "probability of joining, %")
        if len(shown) > 1:
            handles, texts = grid[0, 0].get_legend_handles_labels()
            figure.legend(handles, texts, loc="outside upper center", ncols=len(shown), frameon=False)
    return figure
