"""Figure of two runs side by side."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals
from analysis.figures.style import ACCENT, LEVEL_COLOURS, STYLE
from analysis.posterior.words import take_headline


def plot_comparison(compared: pd.DataFrame, a: str, b: str) -> Figure:
    """Plot the average marginal effects of two runs, from ``compare_effects``, one above the other."""
    rows = take_headline(compared[compared["quantity"].str.match(r"ame_.*_(total|direct)$")])
    rows = rows[~rows["quantity"].str.contains("natural")].reset_index(drop=True)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 0.9 + 0.28 * len(rows)), layout="constrained")
        ax = figure.subplots()
        for run, name, colour, shift in (("a", a, ACCENT, -0.14), ("b", b, LEVEL_COLOURS["pact"], 0.14)):
            of_run = rows[[f"{column}_{run}" for column in ("mean", "lower", "upper")]]
            of_run = of_run.set_axis(["mean", "lower", "upper"], axis="columns")
            plot_intervals(ax, rows.index + shift, of_run, colour, "o", 100, label=name)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yticks(rows.index, rows["quantity"] + ", " + rows["case"], fontsize=7)
        ax.invert_yaxis()
        ax.set_xlabel("percentage points; means and 90 % intervals")
        ax.legend(loc="best", fontsize=8)
    return figure
