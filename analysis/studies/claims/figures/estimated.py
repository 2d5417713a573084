"""Figures of the claims' estimates: means and 90 % intervals, with titles made from the numbers."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.draw import plot_intervals
from analysis.posterior.joining import ALL, OVERLAP
from analysis.studies.claims.figures.counted import GROUPS_NOTE, finish_figure, start_figure
from analysis.studies.claims.judge import SURE
from analysis.studies.claims.others import find_others
from analysis.studies.claims.rows import find_row

MODEL_SOURCE = "Estimated (models/docs): posterior mean and 90 % interval. Data: data/README.md."
BLUE, GREY, RED = "#0072B2", "#7f7f7f", "#D55E00"
FORMS = {
    "troops": "US troops, no treaty",
    "access": "access agreement",
    "designation": "designation (MNNA)",
    "ally_of_client": "ally of a client only",
    "rio": "Rio Treaty",
    "pact": "pact",
}


def select(rows: pd.DataFrame, quantities: list[str], when: str, group: str = "all") -> pd.DataFrame:
    """Select rows of some quantities in the main coding, in their order; missing ones are left out."""
    found = [find_row(rows, quantity, when, group) for quantity in quantities]
    return pd.DataFrame([row for row in found if row is not None])


def say_sure(prob: float, more: str, less: str, unclear: str) -> str:
    """Choose a clause of a title: the difference is surely positive, surely negative, or uncertain."""
    return more if prob > SURE else less if prob < 1 - SURE else unclear


def say_members(panel: xr.Dataset, levels: list[str]) -> str:
    """Name the states that have some levels of a graded panel in its last case."""
    last = panel.isel(case=-1)
    parts = []
    for level in levels:
        names = [str(name) for name in last["name"].values[last["guarantee"].values == level]]
        if names:
            parts.append(f"{FORMS[level]}: {', '.join(names)}")
    return f"{last['label'].item()}: " + "; ".join(parts) + "."


def draw_intervals(
    ax: Axes, table: pd.DataFrame, names: list[str], colours: list[str], scale: float, label: str
) -> None:
    """Draw one interval per row, the first at the top, and a line at 0."""
    for place, (row, colour) in enumerate(zip(table.itertuples(), colours, strict=True)):
        one = pd.DataFrame([{"mean": row.mean, "lower": row.lower, "upper": row.upper}])
        plot_intervals(ax, [len(table) - 1 - place], one, colour, "o", scale)
    ax.set_yticks(range(len(table)), names[::-1])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.axvline(0, color="black", lw=0.8)
    ax.set_xlabel(label)


def plot_tiers(rows: pd.DataFrame) -> Figure:
    """Draw names and soldiers by capability, with a pact and without, and the change of a pact's effect."""
    groups = ("small", "middle", "major")
    tiers = {"political": "name or soldiers", "military": "soldiers"}
    figure = start_figure(10.5, 3.3)
    *axes, last = figure.subplots(1, len(tiers) + 1, width_ratios=(1, 1, 1.2))
    for ax, (tier, name) in zip(axes, tiers.items(), strict=True):
        for shift, level, colour, marker in ((0.13, "pact", BLUE, "D"), (-0.13, "none", GREY, "o")):
            table = pd.DataFrame(
                [find_row(rows, f"at_least_{tier}", "pooled", f"{group}, {level}") for group in groups]
            )
            plot_intervals(ax, np.arange(len(groups)) + shift, table, colour, marker, 100,
                           label=f"{'all' if level == 'pact' else 'none'} with a pact")  # fmt: skip
        ax.set_title(name, fontsize=9)
        ax.set_yticks(range(len(groups)), [f"{group} states" for group in groups])
        ax.set_xlim(0, 100)
        ax.set_xlabel("Probability, %")
    axes[0].legend(fontsize=7.5, loc="lower right")
    changes = {
        "capability_change_political": "on the name",
        "capability_change_military": "on soldiers,\ngiven the name",
        "capability_change_military_less_political": "difference",
    }
    table = select(rows, list(changes), "pooled")
    draw_intervals(
        last, table, list(changes.values()), [BLUE, BLUE, "black"], 1, "Logits per sd of capability"
    )
    last.set_title("a pact's effect by capability", fontsize=9)
    row = find_row(rows, "capability_change_military", "pooled")
    small = find_row(rows, "adds_political", "pooled", "small")
    words = ("grows with capability", "falls with capability", "does not surely change with capability")
    title = (
        f"A pact adds {100 * small['mean']:.0f} points to small states' probability of being named; "
        f"its effect on sending soldiers, given the name, {say_sure(row['prob'], *words)}"
    )
    source = f"Both coalitions, each with the same weight. {GROUPS_NOTE} {MODEL_SOURCE}"
    return finish_figure(figure, title, source)


def plot_unpopular(rows: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Draw the effect of a pact on joining each coalition, and on alignment by whether the US is alone."""
    figure = start_figure(9, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    cases = [*labels, "difference"]
    table = pd.concat([select(rows, ["log_odds_pact_total"], case, OVERLAP) for case in cases])
    draw_intervals(left, table, [*labels.values(), "difference"], [BLUE, BLUE, "black"], 1,
                   "Effect of a pact on joining, log odds")  # fmt: skip
    quantities = {
        "alignment_pact_alone": "US nearly alone",
        "alignment_pact_others": "all other resolutions",
        "alignment_pact_alone_less_others": "difference",
    }
    table = pd.concat([select(rows, list(quantities), case) for case in (*labels, "pooled")])
    if len(table):
        windows = [*labels.values(), "both windows"]
        names = [f"{w}: {q}" for w in windows for q in quantities.values()]
        draw_intervals(right, table, names, [BLUE, GREY, "black"] * len(windows), 1,
                       "Effect of a pact on alignment, sd of states")  # fmt: skip
        right.tick_params(axis="y", labelsize=7.5)
    else:
        right.text(0.5, 0.5, "Not computed: needs roll calls", ha="center", transform=right.transAxes)
        right.set_axis_off()
    a = find_row(rows, "log_odds_pact_total", "difference", OVERLAP)
    b = find_row(rows, "alignment_pact_alone_less_others", "pooled")
    words = [say_sure(r["prob"], "larger", "smaller", "not clearly larger") for r in (a, b) if r is not None]
    title = f"A pact's effect on joining is {words[0]} in Iraq than against ISIS"
    if len(words) > 1:
        title += f";\non alignment it is {words[1]} where the US is nearly alone"
    return finish_figure(figure, title, MODEL_SOURCE)


def plot_levels(
    rows: pd.DataFrame, levels: list[str], other: str, title: tuple[str, str, str], members: str
) -> Figure:
    """Draw effects of several kinds of tie on joining and alignment, and a pact's effect minus another.

    Takes the rows of one claim; the kinds of tie, in the order of the figure; what a pact is compared with,
    ``informal`` or a level; the titles if the difference is surely positive, surely negative, or uncertain;
    and the names of the states that have the rarer levels.
    """
    figure = start_figure(9, 0.32 * len(levels) + 2.0)
    axes = figure.subplots(1, 2, sharey=True)
    kinds = (
        ("ame", "", OVERLAP, 100, "Effect on joining, points (both coalitions)"),
        ("alignment", "alignment_", ALL, 1, "Effect on alignment, sd of states (both windows)"),
    )
    for ax, (kind, prefix, group, scale, label) in zip(axes, kinds, strict=True):
        there = [level for level in levels if find_row(rows, f"{kind}_{level}", "pooled", group) is not None]
        quantities = [*(f"{kind}_{level}" for level in there), f"{prefix}pact_less_{other}"]
        table = select(rows, quantities, "pooled", group)
        names = [*(FORMS[level] for level in there), f"pact minus {FORMS.get(other, other)}"]
        colours = [BLUE if level in ("pact", "rio") else RED for level in there] + ["black"]
        draw_intervals(ax, table, names, colours, scale, label)
    sure = find_row(rows, f"pact_less_{other}", "pooled", OVERLAP)["prob"]
    source = f"{members} All compared with no tie. {MODEL_SOURCE}"
    return finish_figure(figure, say_sure(sure, *title), source)


def plot_codings(rows: pd.DataFrame, others: pd.DataFrame, judged: pd.DataFrame) -> Figure:
    """Draw each deciding effect in the main coding, and in all other codings and variants."""
    decided = judged[(judged["kind"] == "posterior") & judged["mean"].notna()]
    figure = start_figure(9, 0.55 * len(decided) + 1.6)
    ax = figure.subplots()
    for place, entry in enumerate(decided.itertuples()):
        y = len(decided) - 1 - place
        row = find_row(rows[rows["claim"] == entry.claim], entry.quantity, entry.when, entry.group)
        same = find_others(others, entry)
        ax.plot(same["mean"] / row["sd"], np.full(len(same), y), "|", color=GREY, ms=12)
        scaled = pd.DataFrame([{k: row[k] / row["sd"] for k in ("mean", "lower", "upper")}])
        plot_intervals(ax, [y], scaled, BLUE, "o")
    ax.set_yticks(
        range(len(decided)), [f"{e.claim}: {e.words}" for e in decided.itertuples()][::-1], fontsize=7
    )
    ax.axvline(0, color="black", lw=0.8)
    ax.set_xlabel("In posterior standard deviations of the main analysis")
    held = decided["agreeing"].dropna()
    sure = int((decided["sure"].eq(True) & (decided["prob"] > SURE)).sum())
    title = (
        f"In the main coding {sure} of {len(decided)} deciding effects, judged together, are surely above 0"
    )
    note = "Blue: main coding; grey marks: other codings and variants. " if len(held) else ""
    return finish_figure(figure, title, note + MODEL_SOURCE)
