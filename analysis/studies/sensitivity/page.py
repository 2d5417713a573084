"""The page that a reviewer reads in a minute: a few sentences, a table and the figure."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from analysis.figures.draw import save_figure
from analysis.store.files import write_table, write_text
from analysis.studies.sensitivity.figure import plot_curve
from analysis.studies.sensitivity.summary import CONVINCING, pick_effect, split_variance, summarize_axes
from analysis.variants.variant import Variant

ENDS = ("lowest", "highest")
"""Columns with the names of the choices at both ends of a range."""


class Page(NamedTuple):
    """What the page says: its file name, its sentences, and its table, as text."""

    name: str
    sentences: list[str]
    grid: pd.DataFrame


def write_page(
    table: pd.DataFrame, variants: list[Variant], impossible: dict[str, str], output: Path
) -> Page:
    """Write the tables, the figure and the page.

    Parameters
    ----------
    table : pd.DataFrame
        From ``analysis.studies.sensitivity.survey.collect``.
    variants : list of Variant
        The variants in the table.
    impossible : dict of str to str
        Combinations of choices that exclude each other, with the reason.
    output : Path
        Folder for ``sensitivity.csv``, ``sensitivity_axes.csv``, ``specification_curve.png`` and ``.svg`` and
        ``sensitivity.md``. A crossed run writes ``crossed.csv``, ``crossed_variance.csv``,
        ``crossed_curve.*`` and ``crossed.md``.
    """
    crossed = any("+" in variant.axis for variant in variants)
    name, figure_name = ("crossed", "crossed_curve") if crossed else ("sensitivity", "specification_curve")
    total, direct = (pick_effect(table, kind) for kind in ("total", "direct"))
    if crossed:
        moves, moves_name = split_variance(total), "crossed_variance"
    else:
        moves, moves_name = summarize_axes(table), "sensitivity_axes"
    write_table(table, output / f"{name}.csv")
    write_table(moves, output / f"{moves_name}.csv")
    save_figure(plot_curve(total, direct, "both coalitions"), output / figure_name)
    grid = grid_of_variance(moves) if crossed else grid_of_axes(moves)
    page = Page(f"{name}.md", write_sentences(total, impossible), grid)
    write_text(to_markdown(page, f"{figure_name}.png"), output / page.name)
    return page


def write_sentences(total: pd.DataFrame, impossible: dict[str, str]) -> list[str]:
    """Say how many variants there are and agree, how far the answer ranges, and what failed."""
    known = total[total["status"] == "ok"]
    failed = total[total["status"] == "failed"]
    agree = (known["prob_positive"] > CONVINCING).sum()
    sentences = [
        f"{len(total)} variants: in {agree} of them ({agree / len(total):.0%}) a guarantee's total effect on "
        f"joining is positive with a probability above {CONVINCING}."
    ]
    if len(known):
        low, high = known.loc[known["mean"].idxmin()], known.loc[known["mean"].idxmax()]
        sentences.append(
            f"The mean ranges from {100 * low['mean']:+.0f} points ({low['variant']}) "
            f"to {100 * high['mean']:+.0f} ({high['variant']})."
        )
    main = known[known["variant"] == "main"]
    if len(main):
        row = main.iloc[0]
        sentences.append(
            f"The main analysis has {100 * row['mean']:+.0f} points ({100 * row['lower']:+.0f} to "
            f"{100 * row['upper']:+.0f})."
        )
    if len(failed):
        sentences.append(
            f"{len(failed)} failed and count as not agreeing: "
            + "; ".join(f"{row.variant} ({_first_line(row.reason)})" for row in failed.itertuples())
            + "."
        )
    if impossible:
        sentences.append(f"{len(impossible)} combinations exclude each other and were not run.")
    return sentences


def _first_line(reason: str) -> str:
    """Shorten a reason to fit into a sentence: a failure in a library may bring its whole stack."""
    return str(reason).strip().splitlines()[0][:120]


def grid_of_axes(moves: pd.DataFrame) -> pd.DataFrame:
    """Make the page's table from ``sensitivity_axes.csv``: both pooled effects, the widest range first.

    The named choices are those at the ends of the effect that the axis moves more, because choices on votes
    cannot move the total effect.
    """
    wide = []
    for kind in ("total", "direct"):
        part = moves[(moves["effect"] == kind) & (moves["case"] == "pooled")].set_index("axis")
        wide.append(part.add_prefix(f"{kind}_"))
    both = pd.concat(wide, axis=1)
    both["range"] = both[["total_range", "direct_range"]].max(axis=1)
    both = both.sort_values("range", ascending=False)
    ends = {
        end: both[f"total_{end}_choice"].where(
            both["total_range"] >= both["direct_range"], both[f"direct_{end}_choice"]
        )
        for end in ENDS
    }
    return pd.DataFrame(
        {
            "axis": both.index,
            "variants (failed)": [
                f"{n:.0f} ({f:.0f})" if f else f"{n:.0f}"
                for n, f in zip(both["total_variants"], both["total_failed"], strict=True)
            ],
            "total effect": _ranges(both, "total"),
            **{end: ends[end].fillna("") for end in ENDS},
            f"P(+) > {CONVINCING}": [f"{share:.0%}" for share in both["total_share_positive"]],
            "direct effect": _ranges(both, "direct"),
            f"P(+) > {CONVINCING}, direct": [f"{share:.0%}" for share in both["direct_share_positive"]],
        }
    )


def _ranges(both: pd.DataFrame, kind: str) -> list[str]:
    pairs = zip(both[f"{kind}_lowest"], both[f"{kind}_highest"], strict=True)
    return ["" if low != low else f"{100 * low:+.0f} to {100 * high:+.0f}" for low, high in pairs]


def grid_of_variance(moves: pd.DataFrame) -> pd.DataFrame:
    """Make the page's table from ``crossed_variance.csv``."""
    ordered = moves.sort_values("variance", ascending=False)
    return pd.DataFrame(
        {
            "source of variance": ordered["term"],
            "sd, points": [f"{100 * max(v, 0) ** 0.5:.1f}" for v in ordered["variance"]],
            "share": [f"{share:.1%}" for share in ordered["share"]],
        }
    )


def to_markdown(page: Page, figure: str) -> str:
    """Return the page as Markdown, with a link to the figure's file."""
    header = "| " + " | ".join(page.grid.columns) + " |"
    rule = "|" + " --- |" * len(page.grid.columns)
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in page.grid.itertuples(index=False)]
    title, link = "# What moves the answer", f"![Every variant]({figure})"
    return "\n".join([title, "", *page.sentences, "", header, rule, *rows, "", link, ""])
