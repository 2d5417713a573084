"""Picture of ranks: by how much the share of low ranks differs from that of uniform ranks."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.style import ACCENT, STYLE
from analysis.studies.calibration.ranks import BINS, LEVEL, find_band, list_counts


def plot_cumulative(counts: pd.DataFrame, judged: pd.DataFrame) -> Figure:
    """Plot the cumulative share of ranks less that of uniform ones, a line a quantity, a panel a part.

    Parameters
    ----------
    counts : pd.DataFrame
        From ``analysis.studies.calibration.ranks.count_ranks``.
    judged : pd.DataFrame
        From ``judge``. Quantities that fail are drawn in colour, the worst one is named.
    """
    parts = list(counts["part"].unique())
    worlds = int(judged["worlds"].iloc[0])
    share = np.arange(1, BINS) / BINS
    lower, upper = find_band(worlds, len(counts)) - share
    with mpl.rc_context(STYLE):
        rows = -(-len(parts) // 3)
        figure = Figure(figsize=(7.2, 2.3 * rows), layout="constrained")
        axes = figure.subplots(rows, 3, sharex=True, sharey=True, squeeze=False).ravel()
        for ax in axes[len(parts) :]:
            ax.set_visible(False)
        # Where nothing stands below, the panel itself has the labels.
        for ax in axes[max(0, len(parts) - 3) : len(parts)]:
            ax.tick_params(labelbottom=True)
        for ax, part in zip(axes, parts, strict=False):
            ax.fill_between(share, lower, upper, color="#e0e0e0", lw=0)
            of_part = (counts["part"] == part).to_numpy()
            failed = judged["p_all"].to_numpy()[of_part] < LEVEL
            lines = list_counts(counts[of_part]).cumsum(1)[:, :-1] / worlds - share
            for line in lines[~failed]:
                ax.plot(share, line, color="#7f7f7f", lw=0.5)
            for line in lines[failed]:
                ax.plot(share, line, color=ACCENT, lw=1.0)
            worst = judged[of_part].sort_values("p").iloc[0]
            title = f"{part} ({of_part.sum()})"
            ax.set_title(title + (f"\nworst: {worst['quantity']}" if failed.any() else ""), fontsize=8)
        figure.supxlabel("rank of the truth among draws of its posterior, 0 to 1", fontsize=9)
        figure.supylabel(f"cumulative share less uniform ({worlds} worlds)", fontsize=9)
    return figure
