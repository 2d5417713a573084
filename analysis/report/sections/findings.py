"""What the checks found, in words: a question and an answer for each kind of check, and one figure."""

from collections.abc import Callable

import pandas as pd

from analysis.figures.style import quantity_name, short_level
from analysis.posterior.words import estimate, interval, number
from analysis.report.blocks import Chart, Facts
from analysis.report.charts import interval_chart

COUNTS = "posterior_predictive"
MODELS = {
    "region_only": "regions alone",
    "covariates": "covariates and regions",
    "guarantee": "covariates, regions and the guarantee",
    "alignment": "covariates, regions, the guarantee and alignment",
}


def list_findings(table: pd.DataFrame) -> list:
    """Return a list of findings from ``checks.csv``, and the chart of joiners where the table has them."""
    facts = []
    for check, rows in table.groupby("check", sort=False):
        if check in SILENT:
            continue
        question, say = SAID.get(check, (str(check).replace("_", " ").capitalize(), _say_verdicts))
        if text := say(rows):
            facts.append((question, text))
    counts = table[table["check"] == COUNTS]
    return [Facts(facts), *([_chart(counts)] if len(counts) else [])]


def _say_verdicts(rows: pd.DataFrame) -> str:
    """Count the verdicts. Those that are empty are no verdicts."""
    given = rows.loc[rows["verdict"].notna() & (rows["verdict"] != ""), "verdict"]
    parts = [f"{count} of {len(given)}: {verdict}" for verdict, count in given.value_counts().items()]
    return f"{'; '.join(parts)}." if parts else ""


def _say_beside(rows: pd.DataFrame) -> str:
    """Say a number beside the range that the model expects."""
    parts = [
        f"{r.case}: {number(r.value, 0)}, where the model expects {estimate(r.reference, r.lower, r.upper)}"
        for r in rows[rows["value"].notna()].itertuples()
    ]
    return f"{'; '.join(parts)}." if parts else ""


def _say_counts(rows: pd.DataFrame) -> str:
    outside = rows[rows["verdict"] != "inside"]
    named = f" Outside: {', '.join(outside['item'] + ' (' + outside['case'] + ')')}." if len(outside) else ""
    return (
        f"Yes for {len(rows) - len(outside)} of {len(rows)} groups of states by guarantee and region.{named}"
    )


def _say_comparison(rows: pd.DataFrame) -> str:
    named = rows.assign(item=rows["item"].map(lambda item: MODELS.get(item, item)))
    best = named[named["verdict"] == "best"]["item"]
    near = named[named["verdict"] == "near the best"]["item"]
    worse = named[named["verdict"] == "worse"]["item"]
    parts = [f"Best: {', '.join(best)}"]
    parts += [f"as good within the error: {'; '.join(near)}"] if len(near) else []
    parts += [f"worse: {'; '.join(worse)}"] if len(worse) else []
    return f"{'. '.join(part[:1].upper() + part[1:] for part in parts)}."


def _say_scaling(rows: pd.DataFrame) -> str:
    parts = rows["item"].str.partition(" by ")
    strong = list(dict.fromkeys(parts[2][rows["verdict"] == "strong"]))
    weak = [name for name in dict.fromkeys(parts[2]) if name not in (*strong, "likelihood")]
    told = f"The prior of the {' and of the '.join(strong)} matters" if strong else "No prior matters much"
    return f"{told}; those of {', '.join(weak)} do not." if weak else f"{told}."


def _say_permuted(rows: pd.DataFrame) -> str:
    none = (rows["verdict"] == "no effect").sum()
    largest = rows.loc[rows["value"].abs().idxmax()]
    return (
        f"It vanishes in {none} of {len(rows)} comparisons. The largest mean effect of exchanged "
        "guarantees is "
        f"{estimate(largest['value'], largest['lower'], largest['upper'], scale=100)} points, where the real "
        f"one is {number(100 * largest['reference'], 0)} ({largest['case']})."
    )


def _say_numbers(rows: pd.DataFrame) -> str:
    parts = []
    for row in rows.itertuples():
        quantity, _, rest = str(row.item).partition(", ")
        is_share = quantity.startswith(("ame", "hazard"))
        name = quantity_name(quantity) if not quantity.startswith("hazard") else _hazard(quantity, row.case)
        shown = estimate(
            row.value, row.lower, row.upper, scale=100 if is_share else 1, digits=0 if is_share else 2
        )
        unit = " points" if is_share else ""
        parts.append(f"{rest + ': ' if rest else ''}{name} {shown}{unit}, {row.verdict}")
    return f"{'; '.join(parts)}."


def _hazard(quantity: str, wave: str) -> str:
    return f"{short_level(quantity.split('_')[1])} in {wave}"


def _say_hidden(rows: pd.DataFrame) -> str:
    found = rows[rows["item"] == "e_value"]
    return "; ".join(
        f"{r.case}: one that makes both a pact and joining {number(r.value, 1)} times as likely explains the "
        f"estimate away; {number(r.lower, 1)} times as likely, the lower end of its interval"
        for r in found.itertuples()
    ) + ("." if len(found) else "")


def _say_prior(rows: pd.DataFrame) -> str:
    effect = rows[rows["item"].str.startswith("ame")]
    return " ".join(
        f"Before the data, the direct effect was taken to lie within {interval(r.lower, r.upper, scale=100)} "
        "points, centred at no effect."
        for r in effect.itertuples()
    )


def _say_missing(rows: pd.DataFrame) -> str:
    """Name what was not computed and why; the table has the measures of convergence."""
    notes = rows["note"].str.partition(":")[0]
    parts = [f"{item} ({note})" for item, note in zip(rows["item"], notes, strict=True)]
    return f"{'; '.join(parts)}."


SAID: dict[str, tuple[str, Callable[[pd.DataFrame], str]]] = {
    "prior_predictive": ("What did the model assume?", _say_prior),
    "comparison": ("Which model predicts a left-out state best?", _say_comparison),
    "calibration": ("Are its probabilities right?", _say_verdicts),
    COUNTS: ("Does it give the right number of joiners?", _say_counts),
    "power_scaling": ("Do priors drive the effect?", _say_scaling),
    "permuted_guarantee": ("Does the effect vanish if guarantees are exchanged?", _say_permuted),
    "issue_areas": ("Does it depend on the issue of the votes?", _say_numbers),
    "time_to_joining": ("When do states with a guarantee join?", _say_numbers),
    "confounding": ("How strong must a hidden cause be?", _say_hidden),
    "repeats": ("How many answers differ from the last one to the same text?", _say_beside),
    "residual_spread": ("Are votes as surprising as the model expects?", _say_verdicts),
    "residual_correlation": ("Do surprising votes go together?", _say_verdicts),
    "residual_dimensions": ("Do they have dimensions of their own?", _say_verdicts),
    "item_fit": ("How many resolutions can the model not place?", _say_beside),
    "state_fit": ("How many states can it not place?", _say_beside),
    "not_computed": ("What was not computed?", _say_missing),
    "weighting": ("Does the second estimator agree?", _say_verdicts),
}
"""Kinds of checks: the question that each answers, and how its rows are said."""
SILENT = ("randomisation", "psis_loo")
"""Checks that are said elsewhere, or only serve another one."""


def _name_group(item: str) -> str:
    """Name a group of states; the table has ``level x`` and ``region x``."""
    kind, _, name = item.partition(" ")
    return short_level(name) if kind == "level" else name


def _chart(rows: pd.DataFrame) -> Chart:
    frame = rows.assign(
        row=rows["case"] + ": " + rows["item"].map(_name_group),
        mean=rows["value"],
        colour="var(--level-pact)",
        shape="circle",
        tip_joined=[number(v, 0) for v in rows["value"]],
        tip_expected=[f"{number(r.reference, 0)} ({interval(r.lower, r.upper)})" for r in rows.itertuples()],
    )
    inside = (rows["verdict"] == "inside").sum()
    return Chart(
        "joiners",
        interval_chart(frame, "States that joined", zero=False, row_height=36),
        f"Joiners by guarantee and region: {inside} of {len(rows)} counts are as the model expects. The "
        "table has "
        "the numbers.",
        f"{inside} of {len(rows)} counts of joiners are as the model expects. Markers: how many states "
        "joined; "
        "lines: 90 % of what the model expects.",
    )
