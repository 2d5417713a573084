"""The specification curve: every variant's effect in order, and below it what was chosen."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.palette import STYLE
from analysis.sensitivity_summary import CONVINCING

MAIN_COLOUR, OTHER_COLOUR, FAILED_COLOUR = "#D55E00", "#0072B2", "#7f7f7f"


def plot_curve(total: pd.DataFrame, direct: pd.DataFrame, case_label: str) -> Figure:
    """Effects of all variants from the lowest to the highest, with the axis of each marked below.

    Parameters
    ----------
    total, direct : pd.DataFrame
        From ``analysis.sensitivity_summary.pick_effect``, failed variants included.
    case_label : str
        What the effects are of, for the title.

    Returns
    -------
    Figure
    """
    known = total[total["status"] == "ok"].sort_values("mean", ignore_index=True)
    failed = total[total["status"] == "failed"]
    order = [*known["variant"], *failed["variant"]]
    parts = pd.concat([known, failed])["axis"].str.split("+")
    axes = [axis for axis in dict.fromkeys(a for part in parts for a in part) if axis != "main"]
    agree = (known["prob_positive"] > CONVINCING).sum()
    place = np.arange(len(order))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(7.5, 0.075 * len(order)), 5.2 + 0.17 * len(axes)), layout="constrained")
        ratios = {"height_ratios": [2.2, 1.6, 0.35 + 0.115 * len(axes) * 1.4]}
        upper, middle, lower = figure.subplots(3, 1, sharex=True, gridspec_kw=ratios)
        main = known.index[known["variant"] == "main"]
        for ax, effects, title in ((upper, known, "Total effect"), (middle, direct, "Direct effect")):
            rows = effects.set_index("variant").reindex(known["variant"])
            colours = np.where(rows.index == "main", MAIN_COLOUR, OTHER_COLOUR)
            ax.vlines(place[: len(rows)], 100 * rows["lower"], 100 * rows["upper"], color=colours, lw=0.9)
            ax.scatter(place[: len(rows)], 100 * rows["mean"], c=colours, s=9, zorder=3)
            ax.axhline(0, color="black", lw=0.8)
            if len(main):
                ax.axhline(100 * rows["mean"].iloc[main[0]], color=MAIN_COLOUR, lw=0.8, ls=":")
            ax.set_ylabel(f"{title},\npercentage points")
            if len(failed):
                ax.axvspan(len(known) - 0.5, len(order) - 0.5, color="#f2f2f2", zorder=0)
        for height, axis in enumerate(axes):
            has = np.array([axis in part for part in parts])
            colours = np.where(place[has] < len(known), OTHER_COLOUR, FAILED_COLOUR)
            lower.scatter(place[has], np.full(has.sum(), height), marker="|", s=28, c=colours)
        if len(main):
            lower.axvline(main[0], color=MAIN_COLOUR, lw=0.8, ls=":")
        lower.set_yticks(range(len(axes)), axes, fontsize=7)
        lower.set_ylim(len(axes) - 0.4, -0.6)
        lower.set_xlim(-1, len(order))
        lower.set_xlabel(
            f"{len(order)} variants in the order of their total effect; red: the main analysis; lines: 90 % "
            f"intervals\npositive: with a probability above {CONVINCING}"
            + (f"; grey: {len(failed)} that failed" if len(failed) else "")
        )
        figure.suptitle(
            f"A guarantee's total effect on joining, {case_label}, is positive in {agree} of {len(order)} "
            "variants",
            fontsize=9.5,
            fontweight="bold",
        )
    return figure
