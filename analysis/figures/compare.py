"""Figure of two runs side by side."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals, title_figure
from analysis.figures.style import ACCENT, LEVEL_COLOURS, STYLE, quantity_name
from analysis.posterior.words import points, take_headline


def plot_comparison(compared: pd.DataFrame, a: str, b: str) -> Figure:
    """Plot the average marginal effects of two runs, from ``compare_effects``, one above the other."""
    rows = take_headline(compared[compared["quantity"].str.match(r"ame_.*_(total|direct)$")])
    rows = rows[~rows["quantity"].str.contains("natural")].reset_index(drop=True)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 1.3 + 0.28 * len(rows)), layout="constrained")
        ax = figure.subplots()
        for run, name, colour, shift in (("a", a, ACCENT, -0.14), ("b", b, LEVEL_COLOURS["pact"], 0.14)):
            of_run = rows[[f"{column}_{run}" for column in ("mean", "lower", "upper")]]
            of_run = of_run.set_axis(["mean", "lower", "upper"], axis="columns")
            plot_intervals(ax, rows.index + shift, of_run, colour, "o", 100, label=name)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yticks(rows.index, rows["quantity"].map(quantity_name) + ", " + rows["case"], fontsize=7)
        ax.invert_yaxis()
        ax.set_xlabel("percentage points; means and 90 % intervals")
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        title_figure(figure, _say_furthest(rows, a, b))
    return figure


def _say_furthest(rows: pd.DataFrame, a: str, b: str) -> str:
    """Say which effect differs most between two runs."""
    apart = rows["difference"].abs()
    if not apart.notna().any():
        return f"{a} and {b} have no effect in common"
    most = rows.loc[apart.idxmax()]
    return (
        f"{a} and {b} differ by at most {points(apart.max())} points "
        f"({quantity_name(most['quantity'])}, {most['case']})"
    )
