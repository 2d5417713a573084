"""Cards of the first screen: what was joined and for whom, alignment, and what would overturn the answer."""

import json

import numpy as np
import pandas as pd

from analysis.pipeline.robustness import measure_robustness
from analysis.posterior.joining import find_holders
from analysis.posterior.priors import GOOD_K
from analysis.posterior.weighting import UNITS
from analysis.posterior.words import certainty, estimate, number, points
from analysis.report.names import brief_outcome, outcome_name
from analysis.report.origin import describe_origin
from analysis.report.verdict import (
    NUMBERS,
    Card,
    effect_card,
    highest_level,
    list_doubted,
    path_card,
    select_effects,
)
from analysis.store.results import Results
from analysis.studies.checks.hidden.benchmarks import REGION
from analysis.studies.checks.hidden.words import find_strongest
from data.spec import DataSpec


def joined_card(results: Results) -> Card:
    """What counts as joining, how many joined, and over which states the effect is averaged."""
    spec = DataSpec.from_json(json.dumps(results.record["variant"]["data"]))
    level, shorts, parts = highest_level(results), [], []
    for case in spec.cases:
        of_case = results.panel.sel(case=case.name)
        joined = of_case["joined"].where(of_case["included"])
        counts = f"{int(joined.sum())} of {int(joined.count())}"
        shorts.append(f"{case.label}: {counts} states {brief_outcome(case.joined)}")
        has = (of_case["guarantee"] == level).values
        inside = joined.values[has & np.isfinite(joined.values)]
        parts.append(
            f"{case.label} means {outcome_name(case.joined)}; of the {len(inside)} states with a pact "
            f"{int(inside.sum())} did"
        )
    holders = find_holders(results.panel, level)
    compared = [f"{int(holders.sel(case=case.name).sum())} in {case.label}" for case in spec.cases]
    return Card(
        "What was joined, and by how many?",
        "; ".join(shorts),
        f"{'. '.join(parts)}. The effect is an average over the states of regions in which some states have "
        f"a pact and some have none (with a pact: {', '.join(compared)}). {effect_card(results).sentence}",
    )


def alignment_card(results: Results) -> Card | None:
    """How much nearer to the US states with a guarantee stand in the Assembly; None without one alignment."""
    path = path_card(results)
    if path is None:
        return None
    moved = select_effects(results.effects, f"alignment_{highest_level(results)}")
    shorts = []
    for case, label in results.case_labels.items():
        row = moved.loc[case]
        sure = certainty(row["prob_positive"])
        shorts.append(f"{label}: {estimate(*row[NUMBERS], digits=1)} sd nearer, {sure}"
                      if sure != "uncertain" and row["mean"] > 0
                      else f"{label}: {estimate(*row[NUMBERS], digits=1)} sd")  # fmt: skip
    through = path.answer[:1].lower() + path.answer[1:]
    return Card(
        "Do states with a pact stand nearer to the US in the General Assembly?",
        "; ".join(shorts),
        "The unit is the standard deviation of states. A path from the pact through alignment to joining is "
        f"{through}. {path.sentence}",
    )


def overturn_card(results: Results) -> Card:
    """What would overturn the answer in each coalition, from the checks that exist."""
    short: dict[str, list[str]] = {case: [] for case in results.case_labels}
    told = []
    for say in (_say_hidden, _say_estimators, _say_variants, _say_priors):
        threats, sentence = say(results)
        told.append(sentence)
        for case, threat in threats.items():
            short[case].append(threat)
    answer = "; ".join(
        f"{label}: {' or '.join(short[case]) or 'nothing that was tried'}"
        for case, label in results.case_labels.items()
    )
    return Card("What would overturn it?", answer, " ".join(filter(None, told)))


def _own_table(results: Results, name: str) -> pd.DataFrame | None:
    """Table that is about the run shown; None if there is none, or only one of another run."""
    return results.table(name) if describe_origin(results, (name,)).own else None


def _say_hidden(results: Results) -> tuple[dict[str, str], str]:
    """How strong a hidden cause would have to be."""
    table = _own_table(results, "confounding.csv")
    if table is None:
        return {}, "How strong a hidden cause would have to be is not computed (uv run sfl checks)."
    threats, sentences = {}, []
    for case, label in results.case_labels.items():
        if case not in set(table["case"]):
            continue
        found = find_strongest(table, case)
        name = (
            "all that differs between regions"
            if found.name == REGION
            else found.name.replace("_", " ").replace("gdp", "GDP")
        )
        if np.isfinite(found.doubtful):
            times = f"{number(found.doubtful, 1)} times as strong as {name}"
            threats[case] = f"a hidden cause {times}"
            sentences.append(
                f"{label}: a hidden cause {times}, the strongest measured one, makes it doubtful."
            )
        else:
            sentences.append(
                f"{label}: no hidden cause up to {number(found.limit, 1)} times as strong as {name} does."
            )
    return threats, " ".join(sentences)


def _say_estimators(results: Results) -> tuple[dict[str, str], str]:
    """Cases in which the second estimator finds no direction."""
    weighting = _own_table(results, "weighting.csv")
    doubted = list_doubted(results)
    if weighting is None or not doubted:
        return {}, ""
    rows = weighting[weighting["quantity"] == f"att_{highest_level(results)}"]
    rows = rows[rows["unit"] == UNITS[0]].set_index("case")
    told = "; ".join(
        f"{label} {estimate(*rows.loc[case, NUMBERS], scale=100)} points"
        for case, label in results.case_labels.items()
        if case in doubted
    )
    return (
        dict.fromkeys(doubted, "the second estimator, which finds no direction"),
        f"The second estimator (weighting), which uses no part of the model, finds {told}.",
    )


def _say_variants(results: Results) -> tuple[dict[str, str], str]:
    """Choices under which the effect is not found."""
    table = _own_table(results, "sensitivity.csv")
    if table is None:
        return {}, "Other choices are not computed for this analysis (uv run sfl sensitivity)."
    threats, sentences = {}, []
    for case, label in results.case_labels.items():
        found = measure_robustness(table, "total", case)
        lost = found.fits - found.positive
        if not found.fits:
            continue
        if lost:
            threats[case] = f"{lost} of {found.fits} other choices"
        sentences.append(
            f"{label}: not found in {lost} of {found.fits} fits with another choice (estimates from "
            f"{points(found.lowest)} to {points(found.highest)} points)."
        )
    return threats, " ".join(sentences)


def _say_priors(results: Results) -> tuple[dict[str, str], str]:
    """Priors that bring the interval to 0."""
    table = _own_table(results, "prior_sensitivity.csv")
    if table is None:
        return {}, ""
    rows = table[table["case"].isin(results.case_labels) & (table["pareto_k"] <= GOOD_K)]
    reached = rows[rows["lower"] <= 0].drop_duplicates("case").set_index("case")
    if len(rows) and reached.empty:
        return {}, "No other prior of the guarantee that was tried brings an interval to 0."
    threats = {case: f"a prior {row['prior']}" for case, row in reached.iterrows()}
    return threats, "; ".join(f"{results.case_labels[case]}: {t} brings the interval to 0." for case, t in
                              threats.items())  # fmt: skip
