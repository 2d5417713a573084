"""What every figure shares: how intervals are drawn, and how a figure is saved."""

import textwrap
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import ACCENT, DPI, STYLE
from analysis.store.files import atomic_file

QUICK = "QUICK RUN, NOT A RESULT"
"""Mark on every figure of a quick run."""
PER_INCH = 10.5
"""Characters of a title, bold, in an inch of a figure."""


def title_figure(figure: Figure, title: str) -> None:
    """Put a title above a figure, broken into lines that are no wider than the figure."""
    width = int(PER_INCH * figure.get_figwidth())
    figure.suptitle("\n".join(textwrap.wrap(title, width, break_on_hyphens=False)), fontweight="bold")


def save_figure(figure: Figure, path: Path, *, quick: bool = False, dpi: int = DPI) -> None:
    """Save a figure as PNG and SVG. A file is replaced only when it is complete.

    Parameters
    ----------
    figure : Figure
    path : Path
        Folder and name, without suffix.
    quick : bool
        Mark the figure as one of a quick run.
    dpi : int
        Dots per inch of the PNG.
    """
    if quick:
        figure.text(0.005, 0.995, QUICK, va="top", color=ACCENT, fontsize=8)
    for suffix in ("png", "svg"):
        # Without the date, and with the salt of the style, equal figures give equal files.
        metadata = {"Date": None} if suffix == "svg" else None
        with atomic_file(path.with_name(f"{path.name}.{suffix}")) as file, mpl.rc_context(STYLE):
            figure.savefig(file, format=suffix, dpi=dpi, metadata=metadata)


def save_figures(folder: Path, figures: dict[str, Figure], *, quick: bool = False) -> None:
    """Save several figures, by name, into a folder."""
    for name, figure in figures.items():
        save_figure(figure, folder / name, quick=quick)


def plot_intervals(
    ax: Axes, y: pd.Series, summary: pd.DataFrame, colour: str, marker: str, scale: float = 1, label: str = ""
) -> None:
    """Plot means as markers and 90 % intervals as lines.

    Parameters
    ----------
    ax : Axes
    y : pd.Series or array
        Height of each row of ``summary``.
    summary : pd.DataFrame
        ``mean``, ``lower``, ``upper``.
    colour, marker, label : str
    scale : float
        Factor on all numbers, e.g. 100 for percentage points.
    """
    ax.hlines(y, scale * summary["lower"], scale * summary["upper"], color=colour, lw=1.2)
    ax.plot(scale * summary["mean"], y, marker, color=colour, ms=4, ls="", label=label)
