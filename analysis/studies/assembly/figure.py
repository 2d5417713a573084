"""Positions of an assembly's members as a figure."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals
from analysis.figures.style import STYLE

MOST = 120
"""Members that the figure names. Of more, every second, third, ... one is drawn."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7f7f7f")
"""Okabe and Ito (2008). Groups beyond these share the last."""
MARKERS = "oDs^v<>"


def plot_members(positions: pd.DataFrame) -> Figure:
    """Plot the members' positions with 90 % intervals, highest at the top, coloured by group.

    ``positions`` is the table of ``analysis.studies.assembly.run.summarize_members``.
    """
    every = -(-len(positions) // MOST)
    shown = positions.iloc[::-1].iloc[::every].reset_index(drop=True)
    groups = positions["group"].value_counts().index
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.3, 0.155 * len(shown) + 1.3), layout="constrained")
        ax = figure.subplots()
        for k, group in enumerate(groups):
            rows = shown[shown["group"] == group]
            style = min(k, len(COLOURS) - 1)
            plot_intervals(ax, rows.index, rows, COLOURS[style], MARKERS[style], label=group)
        ax.set_yticks(shown.index, shown["member"], fontsize=6.5)
        ax.set_ylim(-1, len(shown))
        ax.set_xlabel("Position (standard deviations of the members; mean and 90 % interval)")
        few = f"; every {every}. member" if every > 1 else ""
        top, bottom = positions.iloc[0]["member"], positions.iloc[-1]["member"]
        figure.suptitle(f"From {bottom} to {top}{few}", fontweight="bold")
        if len(groups) > 1:
            ax.legend(loc="lower right", framealpha=1, edgecolor="none", fontsize=7)
    return figure
