"""What stands beside the headline: a second estimator that disagrees, and a prior that moves the number."""

import pandas as pd

from analysis.posterior.priors import GOOD_K, MUCH
from analysis.posterior.summaries import INTERVAL
from analysis.posterior.weighting import SURE, UNITS, find_disagreements
from analysis.posterior.words import estimate, number, points
from analysis.report.verdict import highest_level, select_effects
from analysis.store.results import Results


def list_caveats(results: Results) -> list[str]:
    """Sentences that belong beside the headline, from the tables of the same run, as far as it has them."""
    sentences = []
    for name, say in (("weighting.csv", say_estimators), ("prior_sensitivity.csv", say_prior)):
        # Tables of another run would say nothing about this one.
        if (results.folder / name).is_file():
            sentences += say(results, pd.read_csv(results.folder / name))
    return sentences


def say_estimators(results: Results, weighting: pd.DataFrame) -> list[str]:
    """Say where the second estimator and the model disagree, by the rule of ``find_disagreements``."""
    level = highest_level(results)
    found = find_disagreements(weighting, results.effects, level)
    by_weights, by_model = (
        table.set_index("case")[["mean", "lower", "upper"]]
        for table in (
            weighting[(weighting["quantity"] == f"att_{level}") & (weighting["unit"] == UNITS[0])],
            select_effects(results.effects, f"att_{level}_total").reset_index(),
        )
    )
    names = results.case_labels
    why = {
        "size": f"The weighted estimate lies outside the model's {INTERVAL:.0%} interval.",
        "direction": f"Only one of them is sure of a direction (probability above {number(SURE)}).",
    }
    sentences = []
    for case, name in names.items():
        if not (kind := found.get(case)):
            continue
        reasons = " ".join(text for word, text in why.items() if kind in (word, "both"))
        sentences.append(
            f"Two estimators disagree about {name}. For the states that have a guarantee, the model finds "
            f"{estimate(*by_model.loc[case], scale=100)} points, and weighting, which uses no part of "
            f"it, {estimate(*by_weights.loc[case], scale=100)}. {reasons}"
        )
    agreed = [name for case, name in names.items() if found.get(case) == ""]
    if agreed:
        sentences.append(
            "A second estimator (weighting), which uses no part of the model, agrees with it about "
            f"{' and '.join(agreed)}."
        )
    return sentences


def say_prior(results: Results, table: pd.DataFrame) -> list[str]:
    """Say whether another prior of the guarantee's effect moves the headline by much of its interval."""
    names = results.case_labels
    names |= {"pooled": {1: "the case", 2: "both pooled"}.get(len(names), "all pooled")}
    main = select_effects(results.effects, f"ame_{highest_level(results)}_total")["mean"]
    rows = table[table["case"].isin(names)]
    told = rows[rows["pareto_k"] <= GOOD_K]
    moved = told[told["moved"].abs() > MUCH]
    sentences = []
    if len(moved):
        parts = [
            f"{names[r.case]} from {points(main[r.case])} to {points(r.mean)} points "
            f"({number(abs(r.moved))} of its interval) with a prior {r.prior}"
            for r in moved.itertuples()
        ]
        sentences.append(
            f"The prior moves these numbers by more than a quarter of their interval: {'; '.join(parts)}."
        )
    elif len(told):
        widths = " or ".join(told["prior"].unique())
        sentences.append(
            f"A prior of the guarantee's effect {widths} moves no headline by more than a quarter of its "
            "interval."
        )
    sentences += [
        f"What a prior {prior} would say cannot be told from these draws; uv run sfl checks refits the model."
        for prior in dict.fromkeys(rows["prior"])
        if prior not in set(told["prior"])
    ]
    return sentences
