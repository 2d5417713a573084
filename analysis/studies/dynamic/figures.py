"""Figures of the dynamic model: paths of states, the Assembly by session, the biggest moves."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import STYLE

POWERS = {"USA": "#0072B2", "GBR": "#56B4E9", "FRA": "#009E73", "RUS": "#D55E00", "CHN": "#E69F00"}
"""Permanent members of the Security Council; before 1971 China's seat was held from Taipei (TWN)."""
ALLIES = ("DEU", "JPN", "ISR", "TUR")
CHANGED_SIDES = ("POL", "HUN", "UKR", "YUG", "CUB")
REGIONAL = ("BRA", "ARG", "MEX", "EGY", "IRN", "IRQ", "SYR", "IND", "PAK", "IDN", "ZAF")
CHOSEN = (*ALLIES, *CHANGED_SIDES, *REGIONAL)
"""States with a panel of their own."""
DATES = {
    1956: "Suez, Hungary",
    1973: "October War",
    1989: "end of the Cold War",
    2003: "Iraq",
    2014: "Crimea",
}
LABEL = "Position (sd of state-sessions; up: where the US votes)"


def plot_path(ax, path: pd.DataFrame, colour: str, label: str = "") -> None:
    """Draw the mean as a line, the 90 % interval as a band; a gap of more than two sessions breaks both."""
    for _, part in path.groupby((path["session"].diff() > 2).cumsum()):
        ax.fill_between(part["year"], part["lower"], part["upper"], color=colour, alpha=0.25, lw=0)
        ax.plot(part["year"], part["mean"], color=colour, lw=1.3, label=label)
        label = ""


def plot_powers(positions: pd.DataFrame, names: dict[str, str]) -> Figure:
    """The great powers over time, in one panel.

    Takes the table of ``summarize_positions``, and the name of each state by iso3.
    """
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    ax = figure.subplots()
    for state, colour in POWERS.items():
        # A short record may lack some of them.
        if state in names:
            plot_path(ax, positions[positions["state"] == state], colour, names[state])
    _mark_dates(ax, positions)
    ax.set_ylabel(LABEL)
    figure.legend(loc="outside lower center", ncols=len(POWERS), frameon=False)
    figure.suptitle("The great powers in the General Assembly (mean and 90 % interval)", fontweight="bold")
    return figure


def _mark_dates(ax, positions: pd.DataFrame) -> None:
    for year, label in DATES.items():
        if positions["year"].min() <= year <= positions["year"].max():
            ax.axvline(year, color="#999999", lw=0.6, ls=":")
            place = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
            place |= {"xytext": (0, 2), "textcoords": "offset points"}
            ax.annotate(label, (year, 1), fontsize=6.5, color="#666666", **place)


def plot_chosen(positions: pd.DataFrame, names: dict[str, str]) -> Figure:
    """Chosen states, one panel each, over the middle half of all states; arguments as ``plot_powers``."""
    # A simulated or shortened record may have none of them. It shows its first twelve states.
    chosen = [state for state in CHOSEN if state in names] or list(names)[:12]
    band = positions.groupby("year")["mean"].quantile([0.25, 0.75]).unstack()
    figure = Figure(figsize=(9, 1.75 * -(-len(chosen) // 4) + 0.8), layout="constrained")
    axes = figure.subplots(-(-len(chosen) // 4), 4, sharex=True, sharey=True, squeeze=False).ravel()
    for ax, state in zip(axes, chosen, strict=False):
        ax.fill_between(band.index, band[0.25], band[0.75], color="#dddddd", lw=0)
        plot_path(ax, positions[positions["state"] == state], "#0072B2")
        ax.set_title(names[state], fontsize=8)
        ax.tick_params(labelsize=7)
    for ax in axes[len(chosen) :]:
        ax.set_visible(False)
    figure.supylabel(LABEL, fontsize=8)
    figure.suptitle(
        "Chosen states (mean and 90 % interval; grey: middle half of all states)", fontweight="bold"
    )
    return figure


def plot_assembly(positions: pd.DataFrame, names: dict[str, str]) -> Figure:
    """Distribution of all states' positions by session; arguments as ``plot_powers``."""
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    spread = positions.groupby("year")["mean"].quantile(levels).unstack()
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    ax = figure.subplots()
    ax.scatter(positions["year"], positions["mean"], s=1.2, color="#999999", lw=0, label="a state")
    ax.fill_between(
        spread.index, spread[0.05], spread[0.95], color="#0072B2", alpha=0.15, lw=0, label="5 to 95 %"
    )
    ax.fill_between(
        spread.index, spread[0.25], spread[0.75], color="#0072B2", alpha=0.3, lw=0, label="middle half"
    )
    ax.plot(spread.index, spread[0.5], color="#0072B2", lw=1.5, label="median")
    us = positions[positions["state"] == "USA"]
    ax.plot(us["year"], us["mean"], color="#D55E00", lw=1.2, label=names["USA"])
    ax.set_ylabel(LABEL)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle("The Assembly session by session (posterior means)", fontweight="bold")
    return figure


def plot_moves(moves: pd.DataFrame, names: dict[str, str], *, most: int = 25) -> Figure:
    """The largest moves that are certain, with their dates.

    Takes ``analysis.studies.dynamic.summary.summarize_moves``, names by iso3, and how many moves to show.
    """
    top = moves.head(most).iloc[::-1].reset_index(drop=True)
    figure = Figure(figsize=(7.5, 0.21 * len(top) + 1.1), layout="constrained")
    ax = figure.subplots()
    for row in top.itertuples():
        colour = "#0072B2" if row.mean > 0 else "#D55E00"
        ax.hlines(row.Index, row.lower, row.upper, color=colour, lw=1.2)
        ax.plot(row.mean, row.Index, "o", color=colour, ms=4)
    ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks(
        range(len(top)),
        [f"{names[row.state]}, {row.from_year} to {row.to_year}" for row in top.itertuples()],
        fontsize=7,
    )
    ax.set_xlabel("Move, sd of state-sessions (mean and 90 % interval)\nright: towards where the US votes")
    figure.suptitle("The biggest moves from one session to the next", fontweight="bold")
    return figure


def draw_figures(positions: pd.DataFrame, moves: pd.DataFrame, names: dict[str, str]) -> dict[str, Figure]:
    """Draw all figures of the dynamic model, by the name of their file; arguments as above."""
    with mpl.rc_context(STYLE):
        return {
            "dynamic_powers": plot_powers(positions, names),
            "dynamic_chosen": plot_chosen(positions, names),
            "dynamic_assembly": plot_assembly(positions, names),
            "dynamic_moves": plot_moves(moves, names),
        }
