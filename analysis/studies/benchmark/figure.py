"""The benchmark's figure: speed of the likelihood, effective draws a second, growth with votes."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import STYLE
from analysis.studies.benchmark.table import EXPONENT, MEDIAN_ESS, MIN_ESS, VALUE_AND_GRADIENT

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


def plot_ranges(ax: Axes, rows: pd.DataFrame, marker: str, names: list[str], *, filled: bool = True) -> None:
    """Medians as markers, ranges over repetitions as lines; what was not measured is said in words.

    Parameters
    ----------
    ax : Axes
    rows : pd.DataFrame
        ``method, median, lowest, highest, note`` of one quantity.
    marker : str
    names : list of str
        Methods from top to bottom.
    filled : bool
        Filled markers carry their number above, hollow ones below.
    """
    found = rows.set_index("method")
    for height, name in enumerate(reversed(names)):
        if name not in found.index:
            continue
        line = found.loc[[name]].iloc[-1]
        colour = OWN if name == "project" or name.startswith("fused") else OTHER
        if line["repetitions"] == 0:
            # Not the whole reason: that is in the table.
            said = line["note"].split(":")[0]
            ax.text(0.02, height, said, transform=ax.get_yaxis_transform(), va="center", fontsize=7)
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


def plot_growth(ax: Axes, growth: pd.DataFrame) -> None:
    """Milliseconds for value and gradient against cells, on logarithmic scales.

    Parameters
    ----------
    ax : Axes
    growth : pd.DataFrame
        Rows of the part "growth".
    """
    rows = growth[(growth["quantity"] == VALUE_AND_GRADIENT) & (growth["repetitions"] > 0)]
    shape = rows["size"].str.extract(r"(\d+) x (\d+)").astype(float)
    ax.plot(shape.prod(axis=1), rows["median"], "o", color=OWN, ms=5)
    exponent = growth.loc[growth["quantity"] == EXPONENT, "median"]
    if len(exponent):
        ax.set_title(f"{EXPONENT}: {exponent.iloc[0]:.2f}", fontsize=9)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("cells (states x items)")
    ax.set_ylabel("ms, value and gradient")


def plot_benchmark(table: pd.DataFrame) -> Figure:
    """All of the benchmark in one figure.

    Parameters
    ----------
    table : pd.DataFrame
        ``benchmark.csv``.

    Returns
    -------
    Figure
    """
    parts = {name: table[table["part"] == name] for name in ("likelihood", "sampler", "growth")}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12, 3.6), layout="constrained")
        axes = figure.subplots(1, 3, width_ratios=(1, 1.2, 0.9))
        rows = parts["likelihood"]
        rows = rows[rows["quantity"] == VALUE_AND_GRADIENT]
        plot_ranges(axes[0], rows, "o", list(rows["method"]))
        axes[0].set_title("Value and gradient of the likelihood", fontsize=9)
        axes[0].set_xlabel("ms (median of fastest calls, range over turns)")
        methods = list(dict.fromkeys(parts["sampler"]["method"]))
        for quantity, marker in ((MIN_ESS, "D"), (MEDIAN_ESS, "o")):
            rows = parts["sampler"][parts["sampler"]["quantity"] == quantity]
            plot_ranges(axes[1], rows, marker, methods, filled=quantity == MIN_ESS)
        axes[1].set_title("Effective draws of states' positions a second", fontsize=9)
        axes[1].set_xlabel("bulk ESS a second (diamond: minimum, circle: median state)")
        plot_growth(axes[2], parts["growth"])
    return figure
