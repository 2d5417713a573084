"""The page that a reviewer reads in a minute: table, figure, and what moves the answer."""

import textwrap
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.figures.style import DPI, STYLE
from analysis.store.files import atomic_file, write_table
from analysis.studies.sensitivity.figure import plot_curve
from analysis.studies.sensitivity.summary import CONVINCING, pick_effect, split_variance, summarize_axes
from analysis.variants.variant import Variant

ENDS = ("lowest", "highest")
"""Columns that name the choices at the ends of a range."""
WIDE = 135
"""Terminal columns from which those names fit beside the rest."""


def write_page(
    table: pd.DataFrame, variants: list[Variant], impossible: dict[str, str], output: Path, console: Console
) -> None:
    """Write the tables, the figure and the page, and print the page.

    Parameters
    ----------
    table : pd.DataFrame
        From ``analysis.studies.sensitivity.survey.collect``.
    variants : list of Variant
        Those in it.
    impossible : dict of str to str
        Combinations that exclude each other.
    output : Path
        Folder: ``sensitivity.csv``, ``sensitivity_axes.csv``, ``specification_curve.png`` and ``.svg``,
        ``sensitivity.md``; of a crossed run ``crossed.csv``, ``crossed_variance.csv``, ``crossed_curve.*``,
        ``crossed.md``.
    console : Console
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
    figure = plot_curve(total, direct, "both coalitions")
    for suffix in ("png", "svg"):
        with atomic_file(output / f"{figure_name}.{suffix}") as file, mpl.rc_context(STYLE):
            figure.savefig(file, format=suffix, dpi=DPI, metadata={"Date": None} if suffix == "svg" else None)
    sentences = tell_range(total, impossible)
    grid = grid_of_variance(moves) if crossed else grid_of_axes(moves)
    with atomic_file(output / f"{name}.md") as file:
        file.write_text(to_markdown(sentences, grid, f"{figure_name}.png"), encoding="utf-8")
    for sentence in sentences:
        console.print(sentence, highlight=False)
    console.print(to_table(grid, console.width, f"{name}.md"))


def tell_range(total: pd.DataFrame, impossible: dict[str, str]) -> list[str]:
    """The page's sentences: how many variants, how many agree, how far the answer goes, what failed."""
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
            f"The mean goes from {100 * low['mean']:+.0f} points ({low['variant']}) "
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
            f"{len(failed)} failed, and count as not agreeing: "
            + "; ".join(f"{row.variant} ({_first_line(row.reason)})" for row in failed.itertuples())
            + "."
        )
    if impossible:
        sentences.append(f"{len(impossible)} combinations exclude each other and were not run.")
    return sentences


def _first_line(reason: str) -> str:
    """Of a reason, what fits into a sentence: a failure in foreign code brings its whole stack."""
    return str(reason).strip().splitlines()[0][:120]


def grid_of_axes(moves: pd.DataFrame) -> pd.DataFrame:
    """What the page shows of ``sensitivity_axes.csv``: both effects, pooled, the widest axis first.

    The choices named are those at the ends of the effect that the axis moves more: choices on votes cannot
    move the total effect.
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
    """What the page shows of ``crossed_variance.csv``."""
    ordered = moves.sort_values("variance", ascending=False)
    return pd.DataFrame(
        {
            "source of variance": ordered["term"],
            "sd, points": [f"{100 * max(v, 0) ** 0.5:.1f}" for v in ordered["variance"]],
            "share": [f"{share:.1%}" for share in ordered["share"]],
        }
    )


def to_table(grid: pd.DataFrame, width: int, page: str) -> Table:
    """The page's table for a terminal of some width; a narrow one leaves the longest names to the page."""
    shown = grid if width >= WIDE else grid.drop(columns=list(ENDS), errors="ignore")
    caption = (
        f"The choices at the ends of the ranges: {page}" if len(shown.columns) < len(grid.columns) else None
    )
    table = Table(title="What moves the answer", caption=caption)
    for number, column in enumerate(shown.columns):
        # Headers are wrapped here, or Rich would wrap the cells too.
        longest = max(map(len, map(str, shown[column])), default=0)
        header = textwrap.fill(column, max(longest, 8), break_long_words=False)
        table.add_column(header, justify="right" if number else "left", min_width=longest)
    for row in shown.itertuples(index=False):
        table.add_row(*map(str, row))
    return table


def to_markdown(sentences: list[str], grid: pd.DataFrame, figure: str) -> str:
    """The page as Markdown."""
    header = "| " + " | ".join(grid.columns) + " |"
    rule = "|" + " --- |" * len(grid.columns)
    rows = ["| " + " | ".join(map(str, row)) + " |" for row in grid.itertuples(index=False)]
    return "\n".join(
        [
            "# What moves the answer",
            "",
            *sentences,
            "",
            header,
            rule,
            *rows,
            "",
            f"![Every variant]({figure})",
            "",
        ]
    )
