"""Robustness of an effect: how many distinct fits can move it, and in how many of them it is positive.

A variant counts for an effect only if it changes a fit that the effect is computed from. Whether it does is
known from the content of the fits (column ``fit`` of ``sensitivity.csv``), before any number is compared.
Every page that says how robust an effect is takes its numbers from ``measure_robustness``.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

CONVINCING = 0.95
"""A fit agrees if its probability of a positive effect is above this."""

EFFECTS = {
    "total": "ame_{}_total",
    "direct": "ame_{}_direct",
    "natural direct": "ame_{}_natural_direct",
    "indirect": "ame_{}_indirect",
    "mediated": "ame_{}_mediated",
    "interventional direct": "ame_{}_interventional_direct",
    "interventional indirect": "ame_{}_interventional_indirect",
    "total, states with a pact": "att_{}_total",
    "direct, states with a pact": "att_{}_direct",
    "alignment": "alignment_{}",
    "slope of alignment": "alignment_slope",
}
"""Effects by the name that pages use. The braces hold the level that stands for a pact in the variant.

A table may lack some. With several axes there are no interventional effects.
"""

POINTS = [name for name, quantity in EFFECTS.items() if quantity.startswith(("ame", "att"))]
"""Effects that are differences of probabilities. The others have units of their own."""


class Robustness(NamedTuple):
    """How robust an effect is in one case.

    Attributes
    ----------
    effect, case : str
        Name in ``EFFECTS``; a case, or ``pooled``.
    variants : int
        Number of variants besides the main analysis.
    cannot_move : int
        How many of them change no fit that the effect is computed from.
    fits : int
        Distinct fits, besides that of the main analysis, that the other variants give. A variant that failed
        counts as one.
    failed : int
        How many of these failed. They count as not positive.
    positive : int
        How many have a probability of a positive effect above ``CONVINCING``.
    share : float
        ``positive / fits``, 0 to 1; NaN if no variant can move the effect.
    main, lowest, highest : float
        Mean of the main analysis, and the ends of the range of means over it and the distinct fits; NaN if
        there is none.
    lowest_variant, highest_variant : str
        The variants at the ends.
    """

    effect: str
    case: str
    variants: int
    cannot_move: int
    fits: int
    failed: int
    positive: int
    share: float
    main: float
    lowest: float
    lowest_variant: str
    highest: float
    highest_variant: str


def pick_effect(table: pd.DataFrame, effect: str = "total", case: str = "pooled") -> pd.DataFrame:
    """Pick one of ``EFFECTS`` of each variant as ``pick_quantity`` does."""
    return pick_quantity(table, EFFECTS[effect], case)


def pick_quantity(table: pd.DataFrame, quantity: str, case: str) -> pd.DataFrame:
    """Pick one quantity of each variant, at the level that stands for a pact there.

    Parameters
    ----------
    table : pd.DataFrame
        ``sensitivity.csv``.
    quantity : str
        With braces in the place of the level: ``ame_{}_total``.
    case : str
        A case, or ``pooled``.

    Returns
    -------
    pd.DataFrame
        One row a variant, in the order of the table. ``fit``: what the effect is computed from. A failed
        variant has no numbers and counts as a fit of its own. Added is ``moves``: bool, the fit is not that
        of the main analysis.

    Raises
    ------
    ValueError
        If the table does not say which fits the numbers come from.
    """
    if lost := [name for name in ("fit", "pact_level") if name not in table]:
        raise ValueError(
            f"the table of variants has no column {lost[0]!r}: it was written by an older version. "
            "Run 'sfl sensitivity' again"
        )
    wanted = table["pact_level"].fillna("").map(quantity.format)
    chosen = (table["quantity"] == wanted) & (table["case"] == case)
    picked = table[chosen | (table["status"] == "failed")].reset_index(drop=True)
    order = {name: k for k, name in enumerate(dict.fromkeys(table["variant"]))}
    picked = picked.sort_values("variant", key=lambda names: names.map(order), ignore_index=True)
    fit = picked["fit"].where(picked["status"] != "failed", picked["variant"])
    is_main = picked["variant"] == "main"
    return picked.assign(fit=fit, moves=~is_main & ~fit.isin(fit[is_main]))


def measure_robustness(table: pd.DataFrame, effect: str = "total", case: str = "pooled") -> Robustness:
    """Count the distinct fits that can move an effect, and those in which it is positive.

    Takes what ``pick_effect`` takes.
    """
    return count_fits(pick_effect(table, effect, case), effect, case)


def count_fits(picked: pd.DataFrame, effect: str, case: str) -> Robustness:
    """Count as ``measure_robustness`` does, from some rows of ``pick_effect`` (all, or those of an axis)."""
    main = picked.loc[picked["variant"] == "main", "mean"]
    others = picked[picked["variant"] != "main"]
    fits = others[others["moves"]].drop_duplicates("fit")
    known = picked[(picked["status"] == "ok") & (picked["moves"] | (picked["variant"] == "main"))]
    ends = {"lowest": np.nan, "lowest_variant": "", "highest": np.nan, "highest_variant": ""}
    if len(known):
        low, high = known.loc[known["mean"].idxmin()], known.loc[known["mean"].idxmax()]
        ends = {"lowest": low["mean"], "lowest_variant": low["variant"]}
        ends |= {"highest": high["mean"], "highest_variant": high["variant"]}
    positive = int((fits["status"].eq("ok") & (fits["prob_positive"] > CONVINCING)).sum())
    return Robustness(
        effect=effect,
        case=case,
        variants=len(others),
        cannot_move=int((~others["moves"]).sum()),
        fits=len(fits),
        failed=int((fits["status"] == "failed").sum()),
        positive=positive,
        share=positive / len(fits) if len(fits) else np.nan,
        main=main.iloc[0] if len(main) else np.nan,
        **ends,
    )


def tabulate_robustness(table: pd.DataFrame) -> pd.DataFrame:
    """Return ``measure_robustness`` of every effect in the table, in every case and pooled: one row each."""
    cases = [case for case in table["case"].dropna().unique() if case != "difference"]
    found = [measure_robustness(table, effect, case) for effect in EFFECTS for case in cases]
    return pd.DataFrame([each for each in found if not np.isnan(each.main)], columns=Robustness._fields)


def name_case(case: str) -> str:
    """Say in which case an effect is: ``both coalitions`` or ``case iraq``."""
    return "both coalitions" if case == "pooled" else f"case {case}"


def say_robustness(found: Robustness) -> str:
    """Say in one sentence how robust an effect is. Every page that says so uses this sentence."""
    named = f"{found.effect} effect" if found.effect in POINTS else found.effect
    still = f"{found.cannot_move} of {found.variants} variants cannot move it"
    if not found.fits:
        return f"Pact, {named}, {name_case(found.case)}: {still}, and no fit can."
    sentence = (
        f"Pact, {named}, {name_case(found.case)}: positive with a probability above {CONVINCING} in "
        f"{found.positive} of {found.fits} distinct fits that can move it ({found.share:.0%}); {still}"
    )
    return sentence + (
        f"; {found.failed} of the fits failed and count as not positive." if found.failed else "."
    )
