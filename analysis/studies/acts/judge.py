"""The verdict on each deciding quantity. Its rules (models/docs/acts.md) were written before any fit."""

import numpy as np
import pandas as pd

from analysis.studies.acts.variants import OTHER_QUESTION, WITHIN

SURE = 0.95
MOST_FALSE = 0.1
AGREEING = 0.8
"""Share of the variants that must agree with the main analysis."""

OPPOSED = 0.9
"""Probability from which a within-state effect of the other sign is told beside the verdict."""


def judge(
    deciding: pd.DataFrame, permuted: pd.DataFrame | None, variants: pd.DataFrame | None
) -> pd.DataFrame:
    """Judge the deciding quantities.

    Parameters
    ----------
    deciding : pd.DataFrame
        ``quantity, power, mean, lower, upper, prob_positive`` and ``on_acts``: the effect on acts alone.
    permuted : pd.DataFrame or None
        From ``analysis.studies.acts.refits.fit_permuted``.
    variants : pd.DataFrame or None
        ``variant, quantity, power, prob_positive, on_acts_prob``; see ``analysis.studies.acts.sensitivity``.

    Returns
    -------
    pd.DataFrame
        With ``sure``, ``agreeing`` (share of the variants with the same sure sign), ``permuted_below`` (share
        of permuted pacts with a smaller effect on acts) and ``verdict``: supported, contradicted, fragile or
        open. Beside it stand permuted pacts that do as well, and a within-state effect of the other sign.
    """
    error = np.minimum(deciding["prob_positive"], 1 - deciding["prob_positive"]).sort_values()
    sure = ((error < 1 - SURE) & (error.cumsum() <= MOST_FALSE)).reindex(deciding.index)
    rows = []
    for at, row in deciding.iterrows():
        up = row["prob_positive"] > 0.5
        agreeing, within = np.nan, pd.Series(dtype=float)
        if variants is not None and len(variants):
            same = variants[(variants["quantity"] == row["quantity"]) & (variants["power"] == row["power"])]
            within = same.loc[same["variant"] == WITHIN, "on_acts_prob"]
            same = same[~same["variant"].isin(OTHER_QUESTION)]
            agreeing = float(((same["prob_positive"] if up else 1 - same["prob_positive"]) > SURE).mean())
        below, is_slope = np.nan, "slope" in row["quantity"]
        if permuted is not None:
            column = "unpopular" if is_slope else "shield"
            dealt = permuted.loc[permuted["power"] == row["power"], column]
            below = float((dealt < row["on_acts"]).mean())
        verdict = "open"
        if sure[at]:
            verdict = "supported" if up else "contradicted"
            if agreeing < AGREEING:
                verdict = "fragile"
            elif np.isnan(agreeing):
                verdict += " (main analysis only)"
        if verdict.startswith("supported") and not is_slope and below < SURE:
            verdict += "; permuted pacts do as well"
        if not is_slope and len(within) and (1 - within.iloc[0] if up else within.iloc[0]) > OPPOSED:
            verdict += "; within states the other sign"
        rows.append((bool(sure[at]), agreeing, below, verdict))
    further = pd.DataFrame(
        rows, columns=["sure", "agreeing", "permuted_below", "verdict"], index=deciding.index
    )
    return pd.concat([deciding, further], axis=1)
