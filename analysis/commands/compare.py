"""``sfl compare``: what differs between two runs, and whether it is more than Monte Carlo noise."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from analysis.commands.app import app, bad_option_ends, console
from analysis.posterior.words import estimate, number, take_headline

if TYPE_CHECKING:
    import pandas as pd

REAL = 4.0
"""A difference of means above this many Monte Carlo standard errors is called real. With some hundred rows,
noise alone passes 4 in about one of a hundred comparisons of runs."""

IGNORED = ("started", "finished", "seconds", "keys", "convergence")
"""Parts of ``run.json`` that differ between any two runs."""


def find_run(name: str) -> Path:
    """Return the folder of a run by the name of its variant; ``published`` is the published one.

    ValueError if there is no such run; the message names the runs that exist.
    """
    from analysis.store.results import PUBLISHED, RESULTS

    folder = PUBLISHED if name == "published" else RESULTS / name
    if not (folder / "effects.csv").exists():
        known = sorted(path.parent.name for path in RESULTS.glob("[!.]*/effects.csv"))
        raise ValueError(f"no results of {name!r} in {folder}; existing runs: {', '.join(known) or 'none'}")
    return folder


def compare_records(first: Path, second: Path) -> list[str]:
    """Differences in specs, data, commit and versions between the folders of two runs, one line each."""
    from analysis.store.explain import list_changes

    lines = []
    records = (_open_texts(json.loads((f / "run.json").read_text(encoding="utf-8"))) for f in (first, second))
    for path, sentence in list_changes(*records):
        steps = path.split(".")
        if steps[0] in IGNORED:
            continue
        if "sha256" in steps:
            file = path.partition("sha256.")[2]
            lines.append(f"the file {file} of the {steps[0]}" if file else f"the files of the {steps[0]}")
        elif steps[-1] == "content":
            lines.append(f"the values of the {' of '.join(steps[:-1])}")
        else:
            lines.append(sentence)
    return list(dict.fromkeys(lines))


def _open_texts(record: object) -> object:
    """Read the JSON that attributes of data hold as text."""
    if isinstance(record, dict):
        return {key: _open_texts(value) for key, value in record.items()}
    if isinstance(record, str) and record[:1] in ("{", "["):
        try:
            return json.loads(record)
        except json.JSONDecodeError:
            return record
    return record


def compare_effects(first: "pd.DataFrame", second: "pd.DataFrame") -> "pd.DataFrame":
    """Put two tables of effects side by side, their difference in units of its Monte Carlo error.

    Returns
    -------
    pd.DataFrame
        ``quantity, case, group``; ``mean, lower, upper`` of each (``_a``, ``_b``); ``difference`` (b less a);
        ``error``: its Monte Carlo standard error if the runs have independent draws; ``z``: their ratio;
        ``verdict``: ``same`` (to the last digit), ``noise``, ``real``, or ``only a``, ``only b``.
    """
    import numpy as np

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


def show_comparison(a: str, b: str, console: Console) -> int:
    """Print and draw what differs between two runs. Return 1 if some differences are real, else 0."""
    import pandas as pd

    from analysis.figures.compare import plot_comparison
    from analysis.figures.draw import save_figure
    from analysis.store.results import RESULTS

    folders = find_run(a), find_run(b)
    lines = compare_records(*folders)
    console.print("The runs differ in:" if lines else "Both runs have the same settings.", highlight=False)
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    first, second = (pd.read_csv(folder / "effects.csv") for folder in folders)
    compared = compare_effects(first, second)
    show_effects(compared, a, b, console)
    counts = compared["verdict"].value_counts()
    console.print(
        f"{len(compared)} quantities: "
        + ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
        + f" (real: the difference exceeds {REAL:.0f} Monte Carlo standard errors).",
        highlight=False,
    )
    path = RESULTS / f"compare-{a}-{b}"
    quick = any("quick" in table and table["quick"].any() for table in (first, second))
    save_figure(plot_comparison(compared, a, b), path, quick=quick)
    console.print(f"Figure: {path}.png", highlight=False, markup=False, soft_wrap=True)
    return int((~compared["verdict"].isin(["same", "noise"])).any())


def show_effects(compared: "pd.DataFrame", a: str, b: str, console: Console) -> None:
    """Print the effects of both runs, a line a case under the whole name of each quantity."""
    line = "  {:<10} {:>21} {:>21} {:>7} {:>6} {}"
    rows = take_headline(compared[compared["quantity"].str.match("ame_|alignment_")])
    lines = ["Means and 90 % intervals; difference, and in Monte Carlo standard errors:"]
    lines.append(line.format("", _fit(a), _fit(b), "differs", "errors", ""))
    for quantity, of_quantity in rows.groupby("quantity", sort=False):
        lines.append(quantity)
        scale, digits = (100, 1) if quantity.startswith("ame") else (1, 2)
        for row in of_quantity.itertuples():
            first, second = (
                estimate(*numbers, scale=scale, digits=digits)
                for numbers in (
                    (row.mean_a, row.lower_a, row.upper_a),
                    (row.mean_b, row.lower_b, row.upper_b),
                )
            )
            moved = number(scale * row.difference, digits, sign=True), number(row.z, 1, sign=True)
            lines.append(line.format(row.case, first, second, *moved, row.verdict))
    for text in lines:
        console.print(text.rstrip(), highlight=False, markup=False, soft_wrap=True)


def _fit(name: str, width: int = 21) -> str:
    """Shorten the name of a run in its middle, where variants differ least."""
    return name if len(name) <= width else f"{name[: width // 2 - 1]}...{name[-(width // 2 - 2) :]}"


@app.command(epilog="Example: [bold]uv run sfl compare main guarantee-pact-only[/bold]")
def compare(
    first: Annotated[str, typer.Argument(help="Name of a run, or [bold]published[/bold].")],
    second: Annotated[str, typer.Argument(help="Name of another run.")] = "main",
) -> None:
    """Show what differs between two runs, and whether it is noise. The published run counts as one."""
    with bad_option_ends():
        for name in (first, second):
            find_run(name)
    sys.exit(show_comparison(first, second, console))
