"""Many acts of two great powers: verdicts, every act, and what would refute the answer."""

import pandas as pd

from analysis.report.blocks import Facts, Folded, Missing, Picture, Section, Text, plain_table
from analysis.report.pictures import embed_picture
from analysis.store.results import Results

TITLE = "Many acts, two great powers"
NAMES = {"USA": "United States", "RUS": "Soviet Union and Russia"}
REFUTED = (
    "Effects on ordinary votes as large as on acts; permuted pacts that do as well; aid, distance, "
    "neighbours or the other power's pact that leave nothing to the pact; states that gained a pact and "
    "vote as before; acts foretold no better with pacts than without (models/docs/acts.md, committed before "
    "the first fit)."
)


def say_figures(acts: pd.DataFrame, verdicts: pd.DataFrame) -> dict[str, str]:
    """Return the caption of each figure, the finding first."""
    above = (acts["shield_total_lower"] > 0).sum()
    less = verdicts[verdicts["quantity"].str.startswith("P(shield)")]
    found = " and ".join(f"{100 * row.mean:.0f} points ({NAMES[row.power]})" for row in less.itertuples())
    return {
        "acts_forest.png": f"On {above} of {len(acts)} acts protected states shield the power more often "
        "with a pact than without, with an interval above 0; one model of all acts, so not so many separate "
        "tests. The most unpopular act is on top.",
        "acts_beside_ordinary.png": f"Acts less ordinary votes: {found}. A pact's effect on acts beside its "
        "effect on ordinary votes of the same sessions that were as divided.",
    }


def build_acts(results: Results) -> Section:
    """Whether states under a pact shield a power's contested acts. The command ``acts`` wrote the tables."""
    acts, verdicts = results.table("acts.csv"), results.table("acts_verdicts.csv")
    if acts is None or verdicts is None:
        return Section("acts", TITLE, [Missing("acts.csv does not exist yet. To make it: uv run sfl acts")])
    blocks = [
        Text(
            f"The Assembly voted on {len(acts)} contested acts here. A state shields a power if it votes "
            "for it or abstains. What decides is a pact's effect on acts less its effect on ordinary votes."
        ),
        Facts([*(describe_verdict(row) for row in verdicts.itertuples()), ("What would refute it", REFUTED)]),
    ]
    for name, words in say_figures(acts, verdicts).items():
        path = results.find(name)
        if path is not None:
            blocks.append(Picture(embed_picture(path), words, words))
    tables = [plain_table(acts, "Acts", tall=True)]
    for name, caption in (
        ("acts_effects.csv", "Effects by power, kind and era"),
        ("acts_slopes.csv", "What a pact's effect is made of"),
        ("acts_predictions.csv", "Acts left out, foretold"),
        ("acts_permuted.csv", "Permuted pacts"),
        ("acts_variants.csv", "Variants"),
    ):
        table = results.table(name)
        if table is not None:
            tables.append(plain_table(table, caption, tall=True))
    return Section("acts", TITLE, [*blocks, Folded("The numbers", tables)], ("acts.csv",))


def describe_verdict(row: "pd.core.frame.Pandas") -> tuple[str, str]:
    """Say a deciding quantity in words: its name, and its value with the verdict."""
    points = "P(" in row.quantity
    scale, digits, unit = (100, 0, "points") if points else (1, 2, "logits per 0.2 of unpopularity")
    value, lower, upper = (f"{scale * x:.{digits}f}" for x in (row.mean, row.lower, row.upper))
    dealt = "" if pd.isna(row.permuted_below) else f" Above {row.permuted_below:.0%} of permuted pacts."
    return (
        f"{NAMES[row.power]}: {row.quantity}",
        f"{row.verdict}. {value} ({lower} to {upper}) {unit}; probability above 0: {row.prob_positive:.2f}."
        f"{dealt}",
    )
