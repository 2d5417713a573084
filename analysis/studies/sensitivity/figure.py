"""The specification curve: the effects of all variants in order, with their choices below."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import STYLE
from analysis.pipeline.robustness import CONVINCING, count_fits

MAIN_COLOUR, OTHER_COLOUR, FAILED_COLOUR = "#D55E00", "#0072B2", "#7f7f7f"


def plot_curve(total: pd.DataFrame, direct: pd.DataFrame, case_label: str) -> Figure:
    """Plot the effects of all variants from the lowest to the highest, with their choices marked below.

    Variants that cannot move the total effect stand at the right, in the order of their direct effects,
    without a total effect of their own. A variant with one change is marked on the axis of the change; one of
    a crossed run on every axis. Takes the total and the direct effects of ``pick_effect``, with failed
    variants, and the name of the case.
    """
    found = count_fits(total, "total", "pooled")
    known = total[(total["status"] == "ok") & (total["moves"] | (total["variant"] == "main"))]
    known = known.sort_values("mean", ignore_index=True)
    failed = total[total["status"] == "failed"]
    still = total[(total["status"] == "ok") & ~total["variant"].isin(known["variant"])]
    still = still.assign(at=still["variant"].map(direct.set_index("variant")["mean"])).sort_values("at")
    order = [*known["variant"], *still["variant"], *failed["variant"]]
    marks = mark_choices(pd.concat([known, still, failed]))
    place = np.arange(len(order))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(7.5, 0.075 * len(order)), 5.2 + 0.17 * len(marks)), layout="constrained")
        ratios = {"height_ratios": [2.2, 1.6, 0.35 + 0.115 * len(marks) * 1.4]}
        upper, middle, lower = figure.subplots(3, 1, sharex=True, gridspec_kw=ratios)
        main = known.index[known["variant"] == "main"]
        for ax, effects, title in ((upper, known, "Total effect"), (middle, direct, "Direct effect")):
            rows = effects.set_index("variant").reindex(order)
            colours = np.where(rows.index == "main", MAIN_COLOUR, OTHER_COLOUR)
            ax.vlines(place, 100 * rows["lower"], 100 * rows["upper"], color=colours, lw=0.9)
            ax.scatter(place, 100 * rows["mean"], c=colours, s=9, zorder=3)
            ax.axhline(0, color="black", lw=0.8)
            if len(main):
                ax.axhline(100 * rows["mean"].iloc[main[0]], color=MAIN_COLOUR, lw=0.8, ls=":")
            ax.set_ylabel(f"{title},\npercentage points")
            if len(known) < len(order):
                ax.axvspan(len(known) - 0.5, len(order) - 0.5, color="#f2f2f2", zorder=0)
        for height, has in enumerate(marks.values()):
            colours = np.where(place[has] < len(known), OTHER_COLOUR, FAILED_COLOUR)
            lower.scatter(place[has], np.full(has.sum(), height), marker="|", s=28, c=colours)
        if len(main):
            lower.axvline(main[0], color=MAIN_COLOUR, lw=0.8, ls=":")
        lower.set_yticks(range(len(marks)), marks, fontsize=7)
        lower.set_ylim(len(marks) - 0.4, -0.6)
        lower.set_xlim(-1, len(order))
        lower.set_xlabel(
            "variants in the order of their total effect; red: the main analysis; lines: 90 % intervals\n"
            f"grey: {len(still)} variants that cannot move the total effect, in the order of the direct one"
            + (f", and {len(failed)} that failed" if len(failed) else "")
            + f"; positive: with a probability above {CONVINCING}"
        )
        figure.suptitle(
            f"A guarantee's total effect on joining, {case_label}, is positive in {found.positive} of "
            f"{found.fits} distinct fits that can move it",
            fontsize=9.5,
            fontweight="bold",
        )
    return figure


def mark_choices(variants: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the rows of marks below the curve, by label: bool (variant,), whether the variant has a mark.

    Takes ``axis`` and ``choice`` of each variant, in the order of the curve. Rows are the axes, or in a
    crossed run the choices, axis by axis.
    """
    crossed = variants.loc[variants["axis"].str.contains("+", regex=False), "axis"]
    if crossed.empty:
        axes = [axis for axis in dict.fromkeys(variants["axis"]) if axis != "main"]
        return {axis: (variants["axis"] == axis).to_numpy() for axis in axes}
    marks = {}
    for number, axis in enumerate(crossed.iloc[0].split("+")):
        chosen = variants["choice"].str.split("+").str[number].where(variants["axis"] != "main", "main")
        marks |= {f"{axis}: {choice}": (chosen == choice).to_numpy() for choice in dict.fromkeys(chosen)}
    return marks
