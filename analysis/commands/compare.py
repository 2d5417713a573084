"""What differs between two runs: choices, data, results, and whether that is more than noise."""

import json
import sys
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import pandas as pd
import typer
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from analysis.commands.app import app, console
from analysis.figures.style import STYLE
from analysis.store.explain import flatten
from analysis.store.files import RESULTS, ROOT

PUBLISHED = ROOT / "analysis" / "output" / "published"
"""Small files of the main run as published: effects.csv, ideal_points.csv, run.json, sensitivity.csv."""

REAL = 4.0
"""Monte Carlo standard errors above which a difference of means is called real: with some hundred rows, noise
alone passes 4 about once in a hundred comparisons of runs."""

IGNORED = ("started", "finished", "seconds", "keys", "convergence", "commit", "versions")


def find_run(name: str) -> Path:
    """Folder of a run by the name of its variant; ``published`` for what is committed.

    Raises
    ------
    ValueError
        If there is no such run, with those that there are.
    """
    folder = PUBLISHED if name == "published" else RESULTS / name
    if not (folder / "effects.csv").exists():
        there = sorted(p.parent.name for p in RESULTS.glob("[!.]*/effects.csv"))
        raise ValueError(f"no results of {name!r} in {folder}; there are: {', '.join(there) or 'none'}")
    return folder


def compare_records(first: Path, second: Path) -> list[str]:
    """What differs in specs, data, code and versions of two runs, one line each."""
    before, after = (
        flatten(json.loads((folder / "run.json").read_text(encoding="utf-8"))) for folder in (first, second)
    )
    lines = []
    for path in sorted(before.keys() | after.keys()):
        top = path.split(".")[0]
        if before.get(path) != after.get(path) and (top not in IGNORED or top in ("commit", "versions")):
            lines.append(f"{path}: {before.get(path, 'nothing')} -> {after.get(path, 'nothing')}")
    return lines


def compare_effects(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Two tables of effects side by side, and the difference in units of its Monte Carlo error.

    Parameters
    ----------
    first, second : pd.DataFrame
        ``effects.csv`` with ``mcse``.

    Returns
    -------
    pd.DataFrame
        ``quantity, case, group``; ``mean, lower, upper`` of each (``_a``, ``_b``); ``difference`` (b less a);
        ``error``: its Monte Carlo standard error, of runs with independent draws; ``z``: their ratio;
        ``verdict``: ``same`` (to the last digit), ``noise``, ``real``, or ``only a``, ``only b``.
    """
    key = ["quantity", "case", "group"]
    both = first.merge(second, on=key, how="outer", suffixes=("_a", "_b"), indicator=True, sort=False)
    both["difference"] = both["mean_b"] - both["mean_a"]
    both["error"] = np.hypot(both["mcse_a"], both["mcse_b"])
    both["z"] = both["difference"] / both["error"].where(both["error"] > 0)
    both["verdict"] = np.select(
        [
            both["_merge"] == "left_only",
            both["_merge"] == "right_only",
            both["difference"] == 0,
            abs(both["z"]) < REAL,
        ],
        ["only a", "only b", "same", "noise"],
        "real",
    )
    columns = [f"{name}_{run}" for run in "ab" for name in ("mean", "lower", "upper")]
    return both[[*key, *columns, "difference", "error", "z", "verdict"]]


def show_comparison(a: str, b: str, console: Console, output: Path | None = None) -> int:
    """Print and draw what differs between two runs.

    Returns
    -------
    int
        0 if all differences are noise, 1 if some are real, 2 if a run is not there.
    """
    try:
        first, second = find_run(a), find_run(b)
    except ValueError as error:
        console.print(f"[bold red]{error}[/bold red]", highlight=False)
        return 2
    lines = compare_records(first, second)
    console.print("What was run differs in:" if lines else "The same was run.", highlight=False)
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False)
    compared = compare_effects(*(pd.read_csv(folder / "effects.csv") for folder in (first, second)))
    console.print(tabulate(compared, a, b))
    counts = compared["verdict"].value_counts()
    console.print(
        f"{len(compared)} quantities: "
        + ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
        + f" (real: beyond {REAL:.0f} Monte Carlo errors).",
        highlight=False,
    )
    figure = plot_comparison(compared, a, b)
    output = output or RESULTS / f"compare-{a}-{b}.png"
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, dpi=200)
    console.print(f"Figure: {output}", highlight=False, soft_wrap=True)
    return int((~compared["verdict"].isin(["same", "noise"])).any())


def tabulate(compared: pd.DataFrame, a: str, b: str) -> Table:
    """Effects over all states of both runs, for the terminal."""
    table = Table(title=f"{a} and {b}: means and 90 % intervals")
    for column in ("quantity", "case", a, b, "difference", "in errors", ""):
        table.add_column(column, justify="left" if column in ("quantity", "case", "") else "right")
    rows = compared[(compared["group"] == "all") & compared["quantity"].str.match("ame_|alignment_")]
    for row in rows.itertuples():
        scale, digits = (100, 1) if row.quantity.startswith("ame") else (1, 2)

        def tell(mean, lower, upper, scale=scale, digits=digits):
            if mean != mean:
                return "-"
            return f"{scale * mean:.{digits}f} ({scale * lower:.{digits}f} to {scale * upper:.{digits}f})"

        table.add_row(
            row.quantity,
            row.case,
            tell(row.mean_a, row.lower_a, row.upper_a),
            tell(row.mean_b, row.lower_b, row.upper_b),
            "" if row.difference != row.difference else f"{scale * row.difference:+.{digits}f}",
            "" if row.z != row.z else f"{row.z:+.1f}",
            row.verdict,
        )
    return table


def plot_comparison(compared: pd.DataFrame, a: str, b: str) -> Figure:
    """Average marginal effects of both runs, one above the other."""
    rows = compared[(compared["group"] == "all") & compared["quantity"].str.match(r"ame_.*_(total|direct)$")]
    rows = rows[~rows["quantity"].str.contains("natural")].reset_index(drop=True)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 0.9 + 0.28 * len(rows)), layout="constrained")
        ax = figure.subplots()
        for run, name, colour, shift in (("a", a, "#D55E00", -0.14), ("b", b, "#0072B2", 0.14)):
            height = rows.index + shift
            ax.hlines(height, 100 * rows[f"lower_{run}"], 100 * rows[f"upper_{run}"], color=colour, lw=1.2)
            ax.plot(100 * rows[f"mean_{run}"], height, "o", color=colour, ms=3.5, label=name)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yticks(rows.index, rows["quantity"] + ", " + rows["case"], fontsize=7)
        ax.invert_yaxis()
        ax.set_xlabel("percentage points; means and 90 % intervals")
        ax.legend(loc="best", fontsize=8)
    return figure


@app.command(epilog="Example: [bold]sfl compare main guarantee-pact-only[/bold]")
def compare(
    first: Annotated[str, typer.Argument(help="A run, or [bold]published[/bold].")],
    second: Annotated[str, typer.Argument(help="Another run; otherwise the main one.")] = "main",
) -> None:
    """What differs between two runs, and whether it is noise; [bold]published[/bold] is what is committed."""
    sys.exit(show_comparison(first, second, console))
