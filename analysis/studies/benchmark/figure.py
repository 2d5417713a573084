"""The benchmark's figure: speed of the likelihood, and effective draws a second."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import STYLE
from analysis.studies.benchmark.table import MEDIAN_ESS, MIN_ESS, PART, RATIO, VALUE_AND_GRADIENT

OWN, OTHER = "#0072B2", "#7f7f7f"
NAMES = {
    "project": "this project",
    "nutpie": "graph, nutpie",
    "pymc": "graph, PyMC NUTS",
    "numpyro": "graph, NumPyro",
    "mcmcpack": "MCMCpack (probit)",
    "rstan": "rstan, our coordinates",
    "rstan_plain": "rstan, textbook form",
}


def _plot_ranges(ax: Axes, rows: pd.DataFrame, marker: str, names: list[str], *, filled: bool = True) -> None:
    """Draw medians as markers and ranges over repetitions as lines, with methods from top to bottom.

    Filled markers have their number above, hollow ones below. A missing measurement is a short note.
    """
    found = rows.set_index("method")
    for height, name in enumerate(reversed(names)):
        if name not in found.index:
            continue
        line = found.loc[[name]].iloc[-1]
        colour = OWN if name == "project" or name.startswith("fused") else OTHER
        if line["repetitions"] == 0:
            # The table has the whole reason.
            reason = line["note"].split(":")[0]
            ax.text(0.02, height, reason, transform=ax.get_yaxis_transform(), va="center", fontsize=7)
            continue
        ax.hlines(height, line["lowest"], line["highest"], color=colour, lw=1.2)
        face = colour if filled else "white"
        ax.plot(line["median"], height, marker, color=colour, ms=5, mfc=face)
        ax.annotate(
            f"{line['median']:.3g}",
            (line["median"], height),
            xytext=(0, 5 if filled else -5),
            textcoords="offset points",
            ha="center",
            va="bottom" if filled else "top",
            fontsize=7,
        )
    ax.set_yticks(range(len(names)), [NAMES.get(name, name) for name in reversed(names)])
    ax.set_ylim(-0.6, len(names) - 0.3)
    ax.set_xscale("log")
    ax.margins(x=0.2)


def plot_benchmark(table: pd.DataFrame) -> Figure:
    """Draw the whole benchmark (``benchmark.csv``) in one figure."""
    parts = {name: table[table["part"] == name] for name in ("likelihood", "sampler")}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 3.6), layout="constrained")
        axes = figure.subplots(1, 2, width_ratios=(1, 1.2))
        rows = parts["likelihood"]
        rows = rows[rows["quantity"] == VALUE_AND_GRADIENT]
        _plot_ranges(axes[0], rows, "o", list(rows["method"]))
        axes[0].set_title("Value and gradient of the likelihood", fontsize=9)
        axes[0].set_xlabel("ms (median of fastest calls, range over turns)")
        methods = list(dict.fromkeys(parts["sampler"]["method"]))
        for quantity, marker in ((MIN_ESS, "D"), (MEDIAN_ESS, "o")):
            rows = parts["sampler"][parts["sampler"]["quantity"] == quantity]
            _plot_ranges(axes[1], rows, marker, methods, filled=quantity == MIN_ESS)
        axes[1].set_title("Effective draws of positions a second", fontsize=9)
        axes[1].set_xlabel("bulk ESS a second (diamond: minimum, circle: median state)")
    return figure


def plot_against(table: pd.DataFrame) -> Figure:
    """Draw the ratios of time after to time before (``benchmark_against.csv``), one line a job."""
    rows = table[(table["part"] == PART) & table["quantity"].str.endswith(RATIO)]
    quantities = [name for name in dict.fromkeys(rows["quantity"]) if not name.startswith("peak memory")]
    jobs = list(dict.fromkeys(rows["method"]))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 1.2 + 0.4 * max(1, len(jobs))), layout="constrained")
        axes = figure.subplots(1, max(1, len(quantities)), sharey=True, squeeze=False)[0]
        for ax, quantity in zip(axes, quantities, strict=False):
            _plot_ranges(ax, rows[rows["quantity"] == quantity], "o", jobs)
            ax.axvline(1, color=OTHER, lw=0.8, ls="--")
            # The axis begins at 0, so that half the way to the line is half the time.
            ax.set_xscale("linear")
            ax.set_xlim(left=0)
            ax.set_title(quantity, fontsize=9)
            ax.set_xlabel("median of pairs, and their range")
    return figure
