"""Figures of counted numbers. Each title states the finding, from the numbers; the source stands below."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.studies.claims.rows import MAIN_CODING, find_row
from data.alliances.spec import ClaimsSpec
from data.spec import TIERS

ATOP_SOURCE = "Source: defence obligations, ATOP 5.1 (Leeds et al. 2002)"
GROUPS_NOTE = "Groups: share of world capabilities below 0.1 %, to 1 %, above."
ALLIANCE_SOURCE = f"{ATOP_SOURCE}; capabilities, Correlates of War NMC 7.0 (Singer 1987)."
LINES = {
    "hegemonic": ("as they are", "#0072B2", "-"),
    "hegemonic_random": ("partners drawn at random", "#D55E00", "--"),
}
WEIGHTS = {
    "states": "each state once (strongest ally)",
    "alliances": "each alliance once",
    "pairs": "each pair of allies once",
}
TYPE_COLOURS = {"balanced": "#e6e6e6", "asymmetric": "#9ecae1", "hegemonic": "#08519c"}
THEATRE_COLOURS = {
    "World": "black",
    "Europe": "#0072B2",
    "Asia-Pacific": "#D55E00",
    "Americas": "#009E73",
    "Middle East": "#CC79A7",
}


def start_figure(width: float, height: float) -> Figure:
    """Start an empty figure, size in inches. The style is set where all figures are drawn."""
    return Figure(figsize=(width, height), layout="constrained")


def finish_figure(figure: Figure, title: str, source: str) -> Figure:
    """Put the finding above the figure and the source below it."""
    # The source fits about 20 characters on an inch, the title 11.5.
    width = figure.get_figwidth()
    broken = textwrap.fill(title.replace(" %", "\N{NO-BREAK SPACE}%"), int(11.5 * width))
    figure.suptitle(broken, fontweight="bold", fontsize=10, x=0.01, ha="left")
    figure.supxlabel(textwrap.fill(source, int(20 * width)), fontsize=6.5, x=0.01, ha="left", color="#555555")
    return figure


def by_year(rows: pd.DataFrame, quantity: str, group: str) -> pd.Series:
    """Return a description by year, in the main coding."""
    chosen = rows[(rows["quantity"] == quantity) & (rows["group"] == group) & (rows["coding"] == MAIN_CODING)]
    return pd.Series(chosen["mean"].to_numpy(), chosen["when"].astype(int))


def plot_asymmetry(rows: pd.DataFrame) -> Figure:
    """Draw the share of hegemonic alliances over time, and the share at random, by unit of counting."""
    spec = ClaimsSpec()
    figure = start_figure(9.5, 3.6)
    axes = figure.subplots(1, len(WEIGHTS), sharey=True)
    for ax, (weight, name) in zip(axes, WEIGHTS.items(), strict=True):
        for quantity, (label, colour, style) in LINES.items():
            series = by_year(rows, quantity, f"all {weight}")
            # Years without an alliance are gaps.
            series = series.reindex(range(series.index[0], series.index[-1] + 1))
            ax.plot(series.index, 100 * series, style, color=colour, lw=1.4, label=label)
        ax.axvline(spec.later[0] - 0.5, color="#7f7f7f", lw=0.8)
        ax.set_title(name, fontsize=9)
        ax.set_xlabel("Year")
    axes[0].set_ylim(0, 100)
    axes[0].set_ylabel("Hegemonic: stronger over\nweaker above ten to one, %")
    axes[0].legend(fontsize=7.5, loc="upper left")
    share = {
        name: 100 * find_row(rows, f"hegemonic_{name}", "mean", "all states")["mean"]
        for name in ("earlier", "later", "earlier_random", "later_random")
    }
    title = (
        f"Share of states whose alliance is hegemonic: {share['earlier']:.0f} % in "
        f"{spec.earlier[0]}-{spec.earlier[1]}, {share['later']:.0f} % since; with partners drawn at random "
        f"{share['earlier_random']:.0f} % and {share['later_random']:.0f} %"
    )
    return finish_figure(figure, title, f"Years without an alliance are gaps. {ALLIANCE_SOURCE}")


def plot_types(rows: pd.DataFrame) -> Figure:
    """Draw the types of alliance over time, each state counted once, with and without the US."""
    figure = start_figure(8, 3.6)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, scope in zip(axes, ("us", "other"), strict=True):
        since = slice(ClaimsSpec().later[0], None)
        shares = [by_year(rows, kind, f"{scope} states").loc[since] for kind in TYPE_COLOURS]
        ax.stackplot(
            shares[0].index, *(100 * s for s in shares), colors=TYPE_COLOURS.values(), labels=TYPE_COLOURS
        )
        ax.set_title("Allies of the US" if scope == "us" else "Allies of other states", fontsize=9)
        ax.set_xlabel("Year")
        ax.margins(0)
    axes[0].set_ylabel("States by their strongest ally, %")
    axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False, reverse=True)
    us, other = (by_year(rows, "hegemonic", f"{scope} states").iloc[-1] for scope in ("us", "other"))
    year = by_year(rows, "hegemonic", "us states").index[-1]
    title = f"In {year} the US was more than ten times as strong as {100 * us:.0f} % of its allies"
    limits = "Below 3 to 1 balanced, 3 to 10 asymmetric, above 10 hegemonic (Bremer 1992). "
    return finish_figure(
        figure,
        f"{title}; {100 * other:.0f} % of the allies of other states are in such an alliance",
        limits + ALLIANCE_SOURCE,
    )


def plot_accessions(accessions: pd.DataFrame) -> Figure:
    """Draw what each new ally (accessions.csv) added to the capabilities of the US and its allies."""
    share = 100 * accessions["added_share"]
    figure = start_figure(9, 3.8)
    left, right = figure.subplots(1, 2)
    left.vlines(accessions["year"], 0, share, color="#0072B2", lw=1)
    left.plot(accessions["year"], share, "o", color="#0072B2", ms=4)
    for row in accessions.nlargest(7, "added_share").itertuples():
        left.annotate(row.name, (row.year, 100 * row.added_share), (5, 0), textcoords="offset points",
                      fontsize=7.5, va="center")  # fmt: skip
    left.set_xlabel("Year of accession")
    left.set_ylabel("Share of the capabilities of the\nUS and its allies, itself included, %")
    left.set_ylim(0)
    by_year_of = accessions.groupby("year")
    without = by_year_of.apply(
        lambda part: part["balance_with"].iloc[0] - (part["balance_with"] - part["balance_without"]).sum(),
        include_groups=False,
    )
    with_them = by_year_of["balance_with"].first()
    right.vlines(without.index, without, with_them, color="#0072B2", lw=1.2)
    right.plot(without.index, without, "_", color="#0072B2", ms=7, label="without the year's new allies")
    right.plot(with_them.index, with_them, "o", color="#0072B2", ms=4, label="with them")
    right.axhline(1, color="black", lw=0.8)
    right.set_ylim(0)
    right.set_xlabel("Year of accession")
    right.set_ylabel("US and allies over the strongest\nstate outside, ratio of capabilities")
    right.legend(fontsize=7.5, loc="lower left")
    small = (accessions["added_share"] < 0.01).mean()
    title = (
        f"{100 * small:.0f} % of new US allies since 1946 added less than 1 % to the alliance's capabilities"
    )
    return finish_figure(figure, title, ALLIANCE_SOURCE)


def plot_star(rows: pd.DataFrame) -> Figure:
    """Draw the density among clients, and that at random, and their number, by part of the world."""
    theatres = [t for t in THEATRE_COLOURS if len(by_year(rows, "density", t))]
    figure = start_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for theatre in theatres:
        for ax, quantity, style in (
            (left, "density", "-"),
            (left, "density_random", ":"),
            (right, "clients", "-"),
        ):
            series = by_year(rows, quantity, theatre)
            label = theatre if quantity == "clients" else None
            ax.plot(series.index, 100 * series if ax is left else series, style,
                    color=THEATRE_COLOURS[theatre], lw=1.5, label=label)  # fmt: skip
    left.set_ylim(-3, 103)
    left.set_ylabel("Pairs of clients allied with each other, %\n(dotted: at random)")
    right.set_ylabel("States with a defence obligation\nwith the US")
    right.set_ylim(0)
    for ax in (left, right):
        ax.set_xlabel("Year")
    right.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    year = by_year(rows, "density", "World").index[-1]
    now = {
        (q, t): 100 * by_year(rows, q, t).iloc[-1]
        for q in ("density", "density_random")
        for t in ("World", "Asia-Pacific")
    }
    title = (
        f"In {year}, {now['density', 'World']:.0f} % of the pairs of US clients were allied with each other "
        f"({now['density_random', 'World']:.0f} % at random); in Asia-Pacific "
        f"{now['density', 'Asia-Pacific']:.0f} % ({now['density_random', 'Asia-Pacific']:.0f} %)"
    )
    return finish_figure(figure, title, f"{ATOP_SOURCE}.")


GIVEN = {
    "gives_political": "named or more",
    "gives_military": "soldiers or more",
    "gives_combat": "combat",
    "with_us": "votes with the US",
}
GOT = {"hosts_troops": "US troops", "aid_above_median": "aid above median"}


def plot_exchange(rows: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Draw what states gave and received, by capability and pact: counted, not estimated.

    Takes the rows of the claim ``goods`` and the labels of the cases.
    """
    groups, measures = ("small", "middle", "major"), GIVEN | GOT
    marks = {"pact": ("D", "#0072B2"), "no pact": ("o", "#7f7f7f")}
    cells = rows[rows["kind"] == "description"].set_index(["quantity", "when", "group"])["mean"]
    figure = start_figure(1.55 * len(measures) + 1.4, 1.6 * len(labels) + 1.3)
    axes = figure.subplots(len(labels), len(measures), sharex=True, sharey=True, squeeze=False)
    for ax, (measure, name) in zip(axes[0], measures.items(), strict=True):
        ax.set_title(f"{'gave' if measure in GIVEN else 'received'}: {name}", fontsize=8.5)
    for line, (case, label) in zip(axes, labels.items(), strict=True):
        for ax, measure in zip(line, measures, strict=True):
            for shift, (pact, (marker, colour)) in zip((0.12, -0.12), marks.items(), strict=True):
                values = [cells.get((measure, case, f"{group}, {pact}"), np.nan) for group in groups]
                y = np.arange(len(groups)) + shift
                ax.plot(100 * np.array(values), y, marker, color=colour, ms=5, label=pact)
            ax.set_yticks(range(len(groups)), groups)
            ax.set_ylim(-0.5, len(groups) - 0.5)
            ax.set_xlim(-4, 104)
        line[0].set_ylabel(label)
    for ax, measure in zip(axes[-1], measures, strict=True):
        ax.set_xlabel("% of votes" if measure == "with_us" else "% of states", fontsize=7.5)
    axes[0][-1].legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    first = next(iter(labels))
    shares = [100 * cells.get((f"gives_{TIERS[1]}", first, f"{g}, pact"), np.nan) for g in groups[:2]]
    title = (
        f"{labels[first]}: of the states with a pact, {shares[0]:.0f} % of the small "
        f"and {shares[1]:.0f} % of the middle ones gave their name or more"
    )
    source = (
        f"Counted, not estimated. {GROUPS_NOTE} Sources: White House and State Department lists, DMDC, "
        "ForeignAssistance.gov, UN votes (data/README.md)."
    )
    return finish_figure(figure, title, source)
