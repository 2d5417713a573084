"""Figure of overlap: who could have had which guarantee."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from analysis.figures.draw import title_figure
from analysis.figures.style import STYLE, level_colour, level_marker, level_name, short_level

LEFT_OUT = 0.35
"""Opacity of regions without overlap."""


def plot_overlap(overlap: pd.DataFrame, panel: xr.Dataset) -> Figure:
    """Plot states by region and guarantee, and how likely those of overlapping regions were to have a pact.

    Parameters
    ----------
    overlap : pd.DataFrame
        ``overlap.csv``; see ``analysis.posterior.groups.overlap.describe_overlap``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``: labels of cases, and levels.
    """
    levels = panel["guarantee"].attrs["levels"]
    reference, highest, pact = levels[0], levels[-1], short_level(levels[-1])
    regions = sorted(overlap["region"].unique(), reverse=True)
    labels = dict(zip(panel["case"].values, panel["label"].values, strict=True))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10.5, 2.1 + 2.1 * len(labels)), layout="constrained")
        grid = figure.subplots(len(labels), 2, sharex="col", squeeze=False, width_ratios=(1.15, 1))
        for (bars, dots), (case, label) in zip(grid, labels.items(), strict=True):
            rows = overlap[overlap["case"] == case]
            counts = pd.crosstab(rows["region"], rows["level"]).reindex(
                index=regions, columns=levels, fill_value=0
            )
            inside = rows.groupby("region")["overlap"].any().reindex(regions)
            left = np.zeros(len(regions))
            for level in levels:
                for y, region in enumerate(regions):
                    number, alpha = counts.loc[region, level], 1.0 if inside[region] else LEFT_OUT
                    bars.barh(y, number, left=left[y], color=level_colour(level), alpha=alpha, height=0.7)
                    if number:
                        x = left[y] + number / 2
                        ink = "white" if inside[region] and level != "rio" else "black"
                        bars.text(x, y, str(number), ha="center", va="center", fontsize=7.5, color=ink)
                left += counts[level].to_numpy()
            names = [name if inside[name] else f"{name}\n(no comparison for {pact})" for name in regions]
            bars.set_yticks(range(len(regions)), names)
            bars.grid(visible=False, axis="y")
            bars.set_title(f"{label}: states", loc="left")
            chosen = rows[rows["propensity"].notna()]
            places = [name for name in regions if inside[name]]
            for y, region in enumerate(places):
                for level, shift in ((reference, -0.16), (highest, 0.16)):
                    part = chosen[(chosen["region"] == region) & (chosen["level"] == level)]
                    heights = np.full(len(part), y + shift)
                    dots.plot(
                        100 * part["propensity"], heights, level_marker(level), color=level_colour(level),
                        ms=4.5, alpha=0.6, mec="none",
                    )  # fmt: skip
            dots.set_yticks(range(len(places)), places)
            dots.set_ylim(-0.6, len(places) - 0.4)
            dots.set_xlim(-2, 102)
            dots.set_title(f"{label}: chance of {pact}", loc="left")
        grid[-1, 0].set_xlabel("states")
        grid[-1, 1].set_xlabel(f"probability of {pact} rather than none, %\n(given covariates and region)")
        handles = [
            mpl.lines.Line2D([], [], color=level_colour(level), marker=level_marker(level), ls="",
                             label=level_name(level)) for level in levels
        ]  # fmt: skip
        figure.legend(
            handles=handles, loc="outside lower center", ncols=len(levels), fontsize=8, frameon=False
        )
        open_regions = overlap.groupby("region")["overlap"].any()
        title_figure(
            figure,
            f"A {pact} can be compared with none in {open_regions.sum()} of {len(open_regions)} regions",
        )
    return figure
