"""The page that a reviewer reads in a minute: a few sentences, a table and the figure."""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from analysis.figures.draw import save_figure
from analysis.pipeline.robustness import (
    CONVINCING,
    POINTS,
    count_fits,
    measure_robustness,
    pick_effect,
    say_robustness,
    tabulate_robustness,
)
from analysis.posterior.predictions.prior_effect import draw_effect_prior
from analysis.posterior.summaries import interval
from analysis.store.files import write_table, write_text
from analysis.studies.sensitivity.figure import plot_curve
from analysis.studies.sensitivity.summary import split_variance, summarize_axes
from analysis.variants.sampler import derive_seed
from analysis.variants.table import MAIN
from analysis.variants.variant import Variant
from data.load import load_panel

ENDS = ("lowest", "highest")
"""Columns with the names of the choices at both ends of a range."""


class Page(NamedTuple):
    """What the page says: its file name, its sentences, and its tables, as text.

    ``grid`` is about axes, ``effects`` about each effect, ``still`` about variants that cannot move an
    effect; the last two are empty for a crossed run.
    """

    name: str
    sentences: list[str]
    grid: pd.DataFrame
    effects: pd.DataFrame
    still: pd.DataFrame


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
        Folder for ``sensitivity.csv``, ``sensitivity_axes.csv``, ``robustness.csv``,
        ``specification_curve.png`` and ``.svg`` and ``sensitivity.md``. A crossed run writes ``crossed.csv``,
        ``crossed_variance.csv``, ``crossed_curve.*`` and ``crossed.md``.
    """
    crossed = any("+" in variant.axis for variant in variants)
    name, figure_name = ("crossed", "crossed_curve") if crossed else ("sensitivity", "specification_curve")
    by_kind = {kind: pick_effect(table, kind) for kind in ("total", "direct")}
    if crossed:
        moves, moves_name = split_variance(by_kind["total"]), "crossed_variance"
    else:
        moves, moves_name = summarize_axes(table), "sensitivity_axes"
        write_table(tabulate_robustness(table), output / "robustness.csv")
    write_table(table, output / f"{name}.csv")
    write_table(moves, output / f"{moves_name}.csv")
    prior = find_prior(next((variant for variant in variants if variant.axis == "main"), MAIN))
    save_figure(plot_curve(*by_kind.values(), "mean of both coalitions", prior), output / figure_name)
    grid = grid_of_variance(moves) if crossed else grid_of_axes(moves)
    effects = pd.DataFrame() if crossed else grid_of_effects(tabulate_robustness(table))
    still = pd.DataFrame() if crossed else list_unmoved(by_kind)
    page = Page(f"{name}.md", write_sentences(table, impossible), grid, effects, still)
    write_text(to_markdown(page, f"{figure_name}.png"), output / page.name)
    return page


def find_prior(main: Variant) -> tuple[float, float] | None:
    """Return the ends of the interval of the total effect, cases pooled, before the data; None if pooled."""
    if main.coalition.guarantee_pooling != "apart":
        return None
    seed = derive_seed(main.run.seed, "prior of the effect")
    draws = draw_effect_prior(load_panel(main.data), main.coalition, seed)
    lower, upper = interval(draws.sel(case="pooled").values)
    return float(lower), float(upper)


def write_sentences(table: pd.DataFrame, impossible: dict[str, str]) -> list[str]:
    """Say in how many distinct fits the effects are positive, how far the total ranges, and what failed."""
    cases = [case for case in table["case"].dropna().unique() if case != "difference"]
    sentences = [say_robustness(measure_robustness(table, "total", case)) for case in cases]
    sentences += [say_robustness(measure_robustness(table, "direct", case)) for case in cases]
    total = pick_effect(table)
    found = count_fits(total, "total", "pooled")
    if found.lowest_variant:
        sentences.append(
            f"The mean of the pooled total effect ranges from {100 * found.lowest:+.0f} points "
            f"({found.lowest_variant}) to {100 * found.highest:+.0f} ({found.highest_variant})."
        )
    main = total[(total["variant"] == "main") & (total["status"] == "ok")]
    if len(main):
        row = main.iloc[0]
        sentences.append(
            f"The main analysis has {100 * row['mean']:+.0f} points ({100 * row['lower']:+.0f} to "
            f"{100 * row['upper']:+.0f})."
        )
    failed = total[total["status"] == "failed"]
    if len(failed):
        sentences.append(
            f"{len(failed)} failed and count as not positive: "
            + "; ".join(f"{row.variant} ({_first_line(row.reason)})" for row in failed.itertuples())
            + "."
        )
    if impossible:
        sentences.append(f"{len(impossible)} combinations exclude each other and were not run.")
    return sentences


def list_unmoved(by_kind: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Name the variants that cannot move an effect, by axis; takes rows of ``pick_effect`` by effect."""
    rows = []
    for kind, picked in by_kind.items():
        still = picked[~picked["moves"] & (picked["variant"] != "main")]
        rows += [(kind, axis, ", ".join(part["choice"])) for axis, part in still.groupby("axis", sort=False)]
    return pd.DataFrame(rows, columns=["effect", "axis", "choices that cannot move it"])


def grid_of_effects(robustness: pd.DataFrame) -> pd.DataFrame:
    """Make the page's table of all effects from ``robustness.csv``, each case by itself, then pooled."""
    scale = robustness["effect"].map(lambda effect: 100 if effect in POINTS else 1)
    digits = scale.map({100: 0, 1: 2})
    ends = zip(robustness["lowest"] * scale, robustness["highest"] * scale, digits, strict=True)
    return pd.DataFrame(
        {
            "effect of a pact": robustness["effect"],
            "case": robustness["case"],
            "variants": robustness["variants"],
            "cannot move it": robustness["cannot_move"],
            "distinct fits": [_with_failed(*row) for row in robustness[["fits", "failed"]].to_numpy()],
            f"P(+) > {CONVINCING}": robustness["positive"],
            "share": [_share(share) for share in robustness["share"]],
            "range of means": [f"{low:+.{d}f} to {high:+.{d}f}" for low, high, d in ends],
        }
    )


def _with_failed(fits: int, failed: int) -> str:
    return f"{fits:.0f} ({failed:.0f} failed)" if failed else f"{fits:.0f}"


def _share(share: float) -> str:
    return "" if share != share else f"{share:.0%}"


def _first_line(reason: str) -> str:
    """Shorten a reason to fit into a sentence: a failure in a library may bring its whole stack."""
    return str(reason).strip().splitlines()[0][:120]


def grid_of_axes(moves: pd.DataFrame) -> pd.DataFrame:
    """Make the page's table from ``sensitivity_axes.csv``: both pooled effects, the widest range first.

    Cells are empty where no choice on the axis can move the effect.

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
            both["total_range"].fillna(0) >= both["direct_range"].fillna(0), both[f"direct_{end}_choice"]
        )
        for end in ENDS
    }
    return pd.DataFrame(
        {
            "axis": both.index,
            "variants": both["total_variants"].astype(int),
            "total effect": _ranges(both, "total"),
            f"fits with P(+) > {CONVINCING}": _positive(both, "total"),
            "direct effect": _ranges(both, "direct"),
            f"fits with P(+) > {CONVINCING}, direct": _positive(both, "direct"),
            **{end: ends[end].fillna("") for end in ENDS},
        }
    )


def _positive(both: pd.DataFrame, kind: str) -> list[str]:
    counts = both[[f"{kind}_positive", f"{kind}_fits"]].to_numpy()
    return [f"{positive:.0f} of {fits:.0f}" if fits else "" for positive, fits in counts]


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
    title, link = "# What moves the answer", f"![Every variant]({figure})"
    sentences = [f"- {sentence}" for sentence in page.sentences]
    parts = [title, "", *sentences, "", *_to_rows(page.grid), "", link, ""]
    if len(page.effects):
        parts += ["## Every effect", "", *_to_rows(page.effects), ""]
    if len(page.still):
        parts += ["## Variants that cannot move an effect", "", *_to_rows(page.still), ""]
    return "\n".join(parts)


def _to_rows(grid: pd.DataFrame) -> list[str]:
    """Return a table as lines of Markdown."""
    header = "| " + " | ".join(grid.columns) + " |"
    rule = "|" + " --- |" * len(grid.columns)
    return [header, rule, *("| " + " | ".join(map(str, row)) + " |" for row in grid.itertuples(index=False))]
