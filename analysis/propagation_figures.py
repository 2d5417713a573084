"""Figures of how stage-1 uncertainty travels. They draw tables, they compute nothing."""

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import STYLE

WAY_COLOURS = {"plugin": "#7f7f7f", "draws": "#0072B2", "measurement": "#E69F00", "joint": "#009E73"}
WAY_MARKERS = {"plugin": "o", "draws": "D", "measurement": "s", "joint": "^"}
QUANTITY_NAMES = {
    "alignment_slope": "slope of alignment (logits per sd)",
    "ame": "direct effect of a pact (AME)",
}
OUTCOME_NAMES = {"linear": "stage 2 is right", "step": "stage 2 is wrong (a step)"}


def plot_study(table: pd.DataFrame) -> Figure:
    """Bias and coverage of each way against how badly positions are known.

    Parameters
    ----------
    table : pd.DataFrame
        From ``analysis.propagation_study.run_study``.

    Returns
    -------
    Figure
        Rows: bias, coverage of 90 % intervals; bars are two Monte Carlo standard errors.
    """
    columns = [
        (outcome, quantity)
        for outcome in OUTCOME_NAMES
        for quantity in QUANTITY_NAMES
        if len(table.query("outcome == @outcome and quantity == @quantity"))
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(columns), 5.2), layout="constrained")
        axes = figure.subplots(2, len(columns), sharex=True, squeeze=False)
        for (outcome, quantity), (above, below) in zip(columns, axes.T, strict=True):
            cell = table.query("outcome == @outcome and quantity == @quantity")
            for shift, (way, colour) in enumerate(WAY_COLOURS.items()):
                rows = cell[cell["method"] == way].sort_values("position_sd")
                # Side by side, or the bars would hide each other.
                x = rows["position_sd"] * (1 + 0.02 * (shift - 1.5))
                for ax, value, error in ((above, "bias", "bias_se"), (below, "coverage", "coverage_se")):
                    ax.errorbar(
                        x,
                        rows[value],
                        yerr=2 * rows[error],
                        color=colour,
                        marker=WAY_MARKERS[way],
                        ms=4,
                        lw=1.2,
                        label=way,
                    )
            above.axhline(0, color="black", lw=0.8)
            below.axhline(0.9, color="black", lw=0.8)
            above.set_title(f"{QUANTITY_NAMES[quantity]}\n{OUTCOME_NAMES[outcome]}", fontsize=9)
            below.set_ylim(min(0.4, table["coverage"].min() - 0.05), 1.0)
            below.set_xlabel("posterior sd of a position (sd of the states)")
        axes[0, 0].set_ylabel("bias")
        axes[1, 0].set_ylabel("coverage of 90 % intervals")
        axes[0, -1].legend(frameon=False)
    return figure
