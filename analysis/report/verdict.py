"""The answer for a reader with one minute: the effect, how sure it is, which choice matters most."""

from dataclasses import dataclass

import pandas as pd

from analysis.figures.style import level_name
from analysis.pipeline.robustness import measure_robustness, pick_effect, say_robustness
from analysis.posterior.words import (
    certainty,
    estimate,
    interval,
    number,
    percent,
    points,
    probability,
    take_headline,
)
from analysis.store.results import Results


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
    """The answer in one sentence, with a verb as strong as the posterior allows."""
    level, reference = highest_level(results), results.levels[0]
    total = select_effects(results.effects, f"ame_{level}_total")
    pooled = total.loc["pooled"]
    with_it, without = (
        select_effects(results.effects, f"probability_{name}_total").loc["pooled", "mean"]
        for name in (level, reference)
    )
    name = "formal US pact" if level == "pact" else f"US guarantee of the kind {level_name(level)}"
    sure = certainty(pooled["prob_positive"])
    direction = "raised" if pooled["mean"] > 0 else "lowered"
    verb = {
        "almost certain": direction,
        "very likely": f"very likely {direction}",
        "likely": f"probably {direction}",
        "uncertain": "cannot be shown to have changed",
    }[sure]
    effect = (
        f"by {number(abs(100 * pooled['mean']), 0)} percentage points"
        if sure != "uncertain"
        else f"(estimate {points(pooled['mean'])} percentage points)"
    )
    return (
        f"A {name} {verb} a state\N{RIGHT SINGLE QUOTATION MARK}s probability of joining {effect}: "
        f"from {percent(without)} without any guarantee to {percent(with_it)} with it."
    )


def effect_card(results: Results) -> Card:
    """The size of the effect."""
    total = select_effects(results.effects, f"ame_{highest_level(results)}_total")
    by_case = "; ".join(
        f"{label} {estimate(*total.loc[case, ['mean', 'lower', 'upper']], scale=100)}"
        for case, label in results.case_labels.items()
    )
    pooled = total.loc["pooled"]
    return Card(
        "What is the effect?",
        f"{number(100 * pooled['mean'], 0, sign=True)} points",
        f"90 % interval {interval(pooled['lower'], pooled['upper'], scale=100)}, both pooled. {by_case}.",
    )


def sure_card(results: Results) -> Card:
    """How sure the direction of the effect is."""
    level = highest_level(results)
    pooled = select_effects(results.effects, f"ame_{level}_total").loc["pooled"]
    prob = pooled["prob_positive"]
    sentences = [f"Positive with probability {probability(prob)}, if the model and its assumptions hold."]
    table = results.table("sensitivity.csv")
    if table is not None:
        sentences.append(say_robustness(measure_robustness(table)))
    direction = "positive" if pooled["mean"] > 0 else "negative"
    answer = certainty(prob)
    short = "Direction uncertain" if answer == "uncertain" else f"{answer.capitalize()} to be {direction}"
    return Card("How sure are we?", short, " ".join(sentences))


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
        f"{furthest['axis']}: {furthest['choice']}".replace("_", " ").capitalize(),
        f"It moves the effect from {points(main)} to {points(furthest['mean'])} points "
        f"({interval(furthest['lower'], furthest['upper'], scale=100)}), the largest shift among "
        f"{len(others)} distinct fits that can move it.",
    )
