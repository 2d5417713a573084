"""The answer for a reader with one minute: the effect, how sure it is, which choice matters most."""

from dataclasses import dataclass

import pandas as pd

from analysis.figures.style import level_name
from analysis.pipeline.robustness import measure_robustness, pick_effect, say_robustness
from analysis.posterior.weighting import find_disagreements
from analysis.posterior.words import (
    SURE,
    certainty,
    estimate,
    interval,
    number,
    points,
    probability,
    take_headline,
)
from analysis.report.names import choice_name
from analysis.store.results import Results

NUMBERS = ["mean", "lower", "upper"]
DIFFERENCES = {
    "ame_{level}_total": "points over all states compared",
    "att_{level}_total": "points over the states that have it",
    "risk_ratio_{level}_total": "ratio of probabilities",
    "log_odds_{level}_total": "log odds",
    "ame_{level}_mediated": "points by the model with alignment",
}
"""Estimands on which the coalitions are compared. Two coalitions may differ on one and not on another."""


@dataclass(frozen=True)
class Card:
    """A question, its short answer, and an explanation."""

    question: str
    answer: str
    sentence: str


def select_effects(effects: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Rows of one quantity by case, over the states of regions that overlap; see ``take_headline``."""
    return take_headline(effects[effects["quantity"] == quantity]).set_index("case")


def highest_level(results: Results) -> str:
    """The strongest guarantee, which the question is about."""
    return results.levels[-1]


def verdict_sentence(results: Results) -> str:
    """The answer, coalition by coalition, each with a verb as strong as its posterior allows."""
    level = highest_level(results)
    total = select_effects(results.effects, f"ame_{level}_total")
    doubted = list_doubted(results)
    name = "formal US pact" if level == "pact" else f"US guarantee of the kind {level_name(level)}"
    parts = []
    for case, label in results.case_labels.items():
        row = total.loc[case]
        size = number(abs(100 * row["mean"]), 0)
        found = f"{_verb(row, doubted=case in doubted)} probability of joining"
        sure = certainty(row["prob_positive"]) != "uncertain"
        ends = [100 * row["lower"], 100 * row["upper"]]
        if sure and row["mean"] < 0:
            ends = sorted(map(abs, ends))
        how_much = f", by {size} percentage points ({interval(*ends)})"
        how_much = how_much if sure else f" (estimate {points(row['mean'])} points, {interval(*ends)})"
        parts.append(f"{label}: a {name} {found}{how_much}.")
    return " ".join(parts)


def list_doubted(results: Results) -> set[str]:
    """Cases in which the second estimator and the model do not agree on a direction; see ``list_caveats``."""
    path = results.folder / "weighting.csv"
    if not path.is_file():
        return set()
    found = find_disagreements(pd.read_csv(path), results.effects, highest_level(results))
    return {case for case, kind in found.items() if kind in ("direction", "both")}


def _verb(row: pd.Series, *, doubted: bool) -> str:
    """What a guarantee went with, as surely as its posterior says; no more than probable if it is doubted."""
    direction = f"went with a {'higher' if row['mean'] > 0 else 'lower'}"
    sure = certainty(row["prob_positive"])
    return {
        "almost certain": direction,
        "very likely": f"very likely {direction}",
        "likely": f"probably {direction}",
        "uncertain": "cannot be shown to have gone with a higher or a lower",
    }["likely" if doubted and sure != "uncertain" else sure]


def effect_card(results: Results) -> Card:
    """The size of the effect in each coalition, then over both."""
    level = highest_level(results)
    total = select_effects(results.effects, f"ame_{level}_total")
    cases = results.case_labels
    by_case = "; ".join(
        f"{label} {estimate(*total.loc[case, NUMBERS], scale=100)}" for case, label in cases.items()
    )
    pooled = estimate(*total.loc["pooled", NUMBERS], scale=100)
    return Card(
        "What is the effect?",
        " and ".join(number(100 * total.loc[case, "mean"], 0, sign=True) for case in cases) + " points",
        f"Mean and 90 % interval: {by_case}. Mean of the coalitions: {pooled}. {say_difference(results)}",
    )


def say_difference(results: Results) -> str:
    """Say for each estimand whether the first coalition's effect is above the second's."""
    level, names = highest_level(results), list(results.case_labels.values())
    told = {}
    for quantity, name in DIFFERENCES.items():
        rows = select_effects(results.effects, quantity.format(level=level))
        if "difference" in rows.index:
            told[name] = rows.loc["difference", "prob_positive"]
    if not told:
        return ""
    found = [name for name, prob in told.items() if max(prob, 1 - prob) > SURE]
    each = "; ".join(f"{name} {probability(prob)}" for name, prob in told.items())
    verdict = f"found for {', '.join(found)} only" if found else "open"
    verdict = "found for every measure" if len(found) == len(told) else verdict
    return (
        f"Whether a pact goes with more joining in {names[0]} than in {names[-1]} is {verdict} "
        f"(probability that it does: {each})."
    )


def sure_card(results: Results) -> Card:
    """How sure the direction of the effect is, in each coalition."""
    level = highest_level(results)
    total = select_effects(results.effects, f"ame_{level}_total")
    shorts, probs, doubted = [], [], list_doubted(results)
    for case, label in results.case_labels.items():
        row = total.loc[case]
        answer = certainty(row["prob_positive"])
        direction = "positive" if row["mean"] > 0 else "negative"
        shorts.append(
            f"{label}: " + ("direction uncertain" if answer == "uncertain" else f"{answer} {direction}")
        )
        if case in doubted and answer != "uncertain":
            shorts[-1] += " by the model only"
        probs.append(f"{probability(row['prob_positive'])} ({label})")
    sentences = [f"Positive with probability {', '.join(probs)}, if the model and its assumptions hold."]
    table = results.table("sensitivity.csv")
    if table is not None:
        sentences.append(say_robustness(measure_robustness(table)))
    return Card("How sure are we?", "; ".join(shorts), " ".join(sentences))


def path_card(results: Results) -> Card | None:
    """Whether the effect runs through alignment, in each coalition; None without a single alignment."""
    level = highest_level(results)
    rows = select_effects(results.effects, f"ame_{level}_indirect")
    moved = select_effects(results.effects, f"alignment_{level}")
    if moved.empty:
        return None
    found = {
        case: rows.loc[case, "prob_positive"] > SURE and moved.loc[case, "prob_positive"] > SURE
        for case in results.case_labels
    }
    named = {
        True: [label for case, label in results.case_labels.items() if found[case]],
        False: [label for case, label in results.case_labels.items() if not found[case]],
    }
    words = {True: "found for", False: "not found for"}
    answer = "; ".join(f"{words[is_found]} {', '.join(names)}" for is_found, names in named.items() if names)
    parts = [
        f"{label}: alignment {estimate(*moved.loc[case, NUMBERS], digits=2)} sd, joining through it "
        f"{estimate(*rows.loc[case, NUMBERS], scale=100)} points "
        f"(above 0 with probability {probability(rows.loc[case, 'prob_positive'])})"
        for case, label in results.case_labels.items()
    ]
    return Card("Does it run through the Assembly?", answer[:1].upper() + answer[1:], ". ".join(parts) + ".")


def pooled_variants(results: Results) -> pd.DataFrame | None:
    """The pooled total effect under every variant that has a result; None if no variant has one.

    The column ``moves`` says which of them can move it; see ``analysis.pipeline.robustness.pick_effect``.
    """
    table = results.table("sensitivity.csv")
    if table is None:
        return None
    rows = pick_effect(table)
    rows = rows[rows["mean"].notna()]
    return rows if len(rows) else None


def choice_card(results: Results) -> Card:
    """The variant that moves the effect furthest from the main analysis."""
    question = "Which choice matters most?"
    variants = pooled_variants(results)
    others = None if variants is None else variants[variants["moves"]].drop_duplicates("fit")
    if others is None or others.empty:
        return Card(question, "Not computed yet", results.how_to_make("sensitivity.csv"))
    main = select_effects(results.effects, f"ame_{highest_level(results)}_total").loc["pooled", "mean"]
    furthest = others.loc[(others["mean"] - main).abs().idxmax()]
    return Card(
        question,
        choice_name(furthest["axis"], furthest["choice"]),
        f"It moves the effect from {points(main)} to {points(furthest['mean'])} points "
        f"({interval(furthest['lower'], furthest['upper'], scale=100)}), the largest shift among "
        f"{len(others)} distinct fits that can move it.",
    )
