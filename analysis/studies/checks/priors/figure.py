"""Figure of the prior: what it holds possible, and what the data say under other priors."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.draw import title_figure
from analysis.figures.style import ACCENT, STYLE, level_colour

BLUE, GREY = level_colour("pact"), level_colour("none")


@mpl.rc_context(STYLE)
def plot_priors(checks: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Plot the prior's range of effects by its scale, and each case's effect under every prior.

    ``checks`` has the rows of ``analysis.studies.checks.priors.scale``; ``labels`` names the cases.
    """
    ranges, posterior = (checks[checks["check"] == name] for name in ("prior_range", "prior_scale"))
    order = list(dict.fromkeys(posterior["item"]))
    at = posterior.drop_duplicates("item").set_index("item")["reference"]
    order.sort(key=lambda name: (name.startswith("cases"), at[name], name))
    names = [_name(name, at[name]) for name in order]
    cases = [case for case in labels if (posterior["case"] == case).any()] + ["pooled"]
    figure = Figure(figsize=(3.2 * (len(cases) + 1), 3.8), layout="constrained")
    first, *rest = figure.subplots(1, len(cases) + 1, sharey=True)
    place = np.arange(len(order))[::-1]
    limit = ranges.set_index("item")["value"] * 100
    for what, width, label in (("95 %", 1.5, "95 % of the effects"), ("half", 6, "half of the effects")):
        ends = np.array([limit[f"{name}: {what}"] for name in order])
        first.hlines(place, -ends, ends, color=GREY, lw=width, label=label)
    first.set_yticks(place, names)
    first.set(title="Before the data, one coalition", xlabel="Percentage points")
    handles, texts = first.get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower left", ncols=2, frameon=False, fontsize=8)
    for ax, case in zip(rest, cases, strict=True):
        rows = posterior[posterior["case"] == case].set_index("item").loc[order]
        colours = [ACCENT if name == "main" else BLUE for name in order]
        ax.hlines(place, 100 * rows["lower"], 100 * rows["upper"], color=colours, lw=1.5)
        ax.scatter(100 * rows["value"], place, color=colours, s=18, zorder=3)
        ax.axvline(0, color=GREY, lw=0.8)
        ax.set(title=labels.get(case, "both pooled"), xlabel="Percentage points")
    pooled = posterior[posterior["case"] == "pooled"]["value"] * 100
    title_figure(
        figure,
        "Over these priors the pooled effect of a pact goes from "
        f"{pooled.min():.0f} to {pooled.max():.0f} points",
    )
    return figure


def _name(name: str, scale: float) -> str:
    return f"scale {scale:g} (main)" if name == "main" else name
