"""Figures of counted numbers. Each title states the finding, from the numbers; the source stands below."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.studies.claims.rows import MAIN_CODING
from data.alliances.spec import ClaimsSpec
from data.spec import TIERS

ATOP_SOURCE = "Source: defence obligations, ATOP 5.1 (Leeds et al. 2002)"
GROUPS_NOTE = "Groups: share of world capabilities below 0.1 %, to 1 %, above."
ALLIANCE_SOURCE = f"{ATOP_SOURCE}; capabilities, Correlates of War NMC 7.0 (Singer 1987)."
SCOPES = {
    "us": ("with the US", "#0072B2", "-"),
    "other": ("all other", "#D55E00", "--"),
    "all": ("all", "black", ":"),
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
    broken = textwrap.fill(title, int(11.5 * width))
    figure.suptitle(broken, fontweight="bold", fontsize=10, x=0.01, ha="left")
    figure.supxlabel(textwrap.fill(source, int(20 * width)), fontsize=6.5, x=0.01, ha="left", color="#555555")
    return figure


def by_year(rows: pd.DataFrame, quantity: str, group: str) -> pd.Series:
    """Return a description by year, in the main coding."""
    chosen = rows[(rows["quantity"] == quantity) & (rows["group"] == group) & (rows["coding"] == MAIN_CODING)]
    return pd.Series(chosen["mean"].to_numpy(), chosen["when"].astype(int))


def say_move(series: pd.Series, years: int) -> str:
    """Say how a share changed between the means of its first and its last years."""
    first, last = series.iloc[:years].mean(), series.iloc[-years:].mean()
    begin, end = (f"{part.index[0]}-{part.index[-1]}" for part in (series.iloc[:years], series.iloc[-years:]))
    verb = "rose" if last > first else "fell"
    return f"{verb} from {100 * first:.0f} % ({begin}) to {100 * last:.0f} % ({end})"


def plot_asymmetry(rows: pd.DataFrame) -> Figure:
    """Draw the share of hegemonic alliances over time, by unit of counting, with and without the US."""
    states = by_year(rows, "hegemonic", "all states")
    figure = start_figure(9.5, 3.6)
    axes = figure.subplots(1, len(WEIGHTS), sharey=True)
    for ax, (weight, name) in zip(axes, WEIGHTS.items(), strict=True):
        for scope, (label, colour, style) in SCOPES.items():
            series = by_year(rows, "hegemonic", f"{scope} {weight}")
            ax.plot(series.index, 100 * series, style, color=colour, lw=1.6, label=label)
        ax.set_title(name, fontsize=9)
        ax.set_xlabel("Year")
    axes[0].set_ylim(0, 100)
    axes[0].set_ylabel("Hegemonic: stronger over\nweaker above ten to one, %")
    axes[-1].legend(title="Alliances", fontsize=7.5, title_fontsize=7.5)
    move = say_move(states, ClaimsSpec().epoch_years)
    title = f"Counting each state once, the share of hegemonic alliances {move}"
    return finish_figure(figure, title, ALLIANCE_SOURCE)


def plot_types(rows: pd.DataFrame) -> Figure:
    """Draw the types of alliance over time, each state counted once, with and without the US."""
    figure = start_figure(8, 3.6)
    axes = figure.subplots(1, 2, sharey=True)
    for ax, scope in zip(axes, ("us", "other"), strict=True):
        shares = [by_year(rows, kind, f"{scope} states") for kind in TYPE_COLOURS]
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
    """Draw degree centralisation and number of clients over time, by part of the world."""
    theatres = [t for t in THEATRE_COLOURS if len(by_year(rows, "centralisation", t))]
    last = {t: by_year(rows, "centralisation", t).iloc[-1] for t in theatres}
    figure = start_figure(9, 3.6)
    left, right = figure.subplots(1, 2)
    for theatre in theatres:
        for ax, quantity in ((left, "centralisation"), (right, "clients")):
            series = by_year(rows, quantity, theatre)
            ax.plot(series.index, series, color=THEATRE_COLOURS[theatre], lw=1.6, label=theatre)
    left.set_ylim(-0.03, 1.03)
    left.set_ylabel("Degree centralisation\n(1: a star, 0: equally many ties)")
    right.set_ylabel("States with a defence obligation\nwith the US")
    right.set_ylim(0)
    for ax in (left, right):
        ax.set_xlabel("Year")
    right.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    year = by_year(rows, "centralisation", "World").index[-1]
    title = (
        f"In {year} the network of the US was a star in Asia-Pacific ({last['Asia-Pacific']:.2f}) "
        f"and a clique in Europe ({last['Europe']:.2f})"
        if last["Asia-Pacific"] > 0.8 and last["Europe"] < 0.2
        else f"Centralisation of the US network in {year}: Asia-Pacific {last['Asia-Pacific']:.2f}, "
        f"Europe {last['Europe']:.2f}"
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
