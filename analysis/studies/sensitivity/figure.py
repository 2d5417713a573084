"""The specification curve: the effects of all variants that can move them, with their choices below."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.draw import title_figure
from analysis.figures.style import STYLE
from analysis.pipeline.robustness import CONVINCING, count_fits

MAIN_COLOUR, OTHER_COLOUR, PRIOR_COLOUR = "#D55E00", "#0072B2", "#e3e3e3"


def plot_curve(
    total: pd.DataFrame,
    direct: pd.DataFrame,
    case_label: str,
    prior: tuple[float, float] | None = None,
) -> Figure:
    """Plot the effects from the lowest to the highest, each above the choices of its variants.

    The total effect stands left, the direct effect right. Each has only the variants that can move it, and
    the main analysis. A variant with one change is marked on the axis of the change; one of a crossed run on
    every axis.

    Parameters
    ----------
    total, direct : pd.DataFrame
        From ``analysis.pipeline.robustness.pick_effect``, with failed variants.
    case_label : str
        Name of the case.
    prior : tuple of float, optional
        Ends of the interval of the total effect before the data, of the main analysis.
    """
    found = count_fits(total, "total", "pooled")
    shown = [take_movers(effects) for effects in (total, direct)]
    marks = [mark_choices(rows) for rows in shown]
    heights = 0.4 + 0.16 * max(map(len, marks))
    with mpl.rc_context(STYLE):
        widths = [max(25, len(rows)) for rows in shown]
        figure = Figure(figsize=(max(9.0, 0.065 * sum(widths) + 3), 4.6 + heights), layout="constrained")
        grid = figure.subplots(
            2, 2, sharex="col", height_ratios=(2.6, heights), width_ratios=widths, squeeze=False
        )
        for column, (rows, of_rows) in enumerate(zip(shown, marks, strict=True)):
            upper, lower = grid[:, column]
            if prior and column == 0:
                upper.axhspan(100 * prior[0], 100 * prior[1], color=PRIOR_COLOUR, lw=0, zorder=0)
                upper.text(
                    0.01, 100 * prior[0] + 1, "prior of the main analysis, 90 %", fontsize=7, va="bottom",
                    transform=upper.get_yaxis_transform(),
                )  # fmt: skip
            _plot_effects(upper, rows)
            upper.set_title("Total effect" if column == 0 else "Direct effect (alignment held fixed)")
            _plot_marks(lower, rows, of_rows)
        grid[0, 0].set_ylabel("percentage points, means and 90 % intervals")
        left_out = [len(effects) - len(rows) for effects, rows in zip((total, direct), shown, strict=True)]
        figure.supxlabel(
            "variants in the order of the effect; orange: the main analysis. Left out, because they cannot "
            f"move the effect or failed: {left_out[0]} and {left_out[1]}.\n"
            f"Positive: with a probability above {CONVINCING}.",
            fontsize=8,
        )
        title_figure(
            figure,
            f"A guarantee's total effect on joining, {case_label}, is positive in {found.positive} of "
            f"{found.fits} distinct fits that can move it",
        )
    return figure


def take_movers(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the variants that can move an effect, and the main analysis, from the lowest to the highest."""
    chosen = (effects["status"] == "ok") & (effects["moves"] | (effects["variant"] == "main"))
    return effects[chosen].sort_values("mean", ignore_index=True)


def _plot_effects(ax: Axes, rows: pd.DataFrame) -> None:
    colours = np.where(rows["variant"] == "main", MAIN_COLOUR, OTHER_COLOUR)
    place = np.arange(len(rows))
    ax.vlines(place, 100 * rows["lower"], 100 * rows["upper"], color=colours, lw=0.9)
    ax.scatter(place, 100 * rows["mean"], c=colours, s=9, zorder=3)
    ax.axhline(0, color="black", lw=0.8)
    for mean in 100 * rows.loc[rows["variant"] == "main", "mean"]:
        ax.axhline(mean, color=MAIN_COLOUR, lw=0.8, ls=":")


def _plot_marks(ax: Axes, rows: pd.DataFrame, marks: dict[str, np.ndarray]) -> None:
    place = np.arange(len(rows))
    for height, has in enumerate(marks.values()):
        ax.scatter(place[has], np.full(has.sum(), height), marker="|", s=28, c=OTHER_COLOUR)
    for at in np.flatnonzero(rows["variant"] == "main"):
        ax.axvline(at, color=MAIN_COLOUR, lw=0.8, ls=":")
    ax.set_yticks(range(len(marks)), marks, fontsize=7)
    ax.set_ylim(len(marks) - 0.4, -0.6)
    ax.set_xlim(-1, len(rows))
    ax.set_xticks([])


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
