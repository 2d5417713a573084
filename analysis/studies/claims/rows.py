"""Rows of claims.csv: one counted or estimated number each."""

from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.summaries import summarize_draws

MAIN_CODING = "main"
CHANGE = "since 1946 less before"
"""``when`` of a change: mean of 1946-2018 minus mean of 1816-1945."""
COLUMNS = (
    *("claim", "quantity", "when", "group", "coding"),
    *("mean", "sd", "lower", "upper", "prob", "kind", "unit"),
)
"""``when``: a case or a year; ``coding``: the claim's coding; ``prob``: probability of being positive."""

ESTIMANDS = {
    "log_odds_pact_total": "logits",
    "ame_pact_total": "points",
    "att_pact_total": "points",
    "risk_ratio_pact_total": "ratio",
}
"""Effects of a pact on joining that are compared between the cases, with their units."""

Unit = Literal["probability", "points", "sd", "logits", "share", "states", "ratio"]
"""Points: a difference of probabilities, as a fraction of 1."""


def describe(claim: str, quantity: str, values: pd.Series, unit: Unit, **cell: str) -> pd.DataFrame:
    """Make rows of counted numbers, which have no interval and no probability.

    The values are indexed by ``when``. NaN means that there is nothing to count, and gives no row. ``cell``
    has ``group`` and ``coding`` where they are not the usual ones.
    """
    known = values.dropna()
    rows = pd.DataFrame({"when": known.index.astype(str), "mean": known.to_numpy(float)})
    return _label(rows, claim, quantity, "description", unit, **cell)


def _label(
    rows: pd.DataFrame,
    claim: str,
    quantity: str,
    kind: str,
    unit: str,
    *,
    group: str = "all",
    coding: str = MAIN_CODING,
) -> pd.DataFrame:
    keys = {"claim": claim, "quantity": quantity, "group": group, "coding": coding}
    return rows.assign(**keys, kind=kind, unit=unit).reindex(columns=COLUMNS)


def infer(claim: str, quantity: str, draws: xr.DataArray, unit: Unit, **cell: str) -> pd.DataFrame:
    """Make rows of a posterior: mean, sd, 90 % interval and the probability of being positive.

    The draws are (case, sample) or (sample,). Without cases, ``when`` is ``pooled``. ``cell`` as in
    ``describe``.
    """
    if "case" not in draws.dims:
        draws = draws.reset_coords(drop=True).expand_dims(case=["pooled"])
    plain = draws.transpose("case", "sample").reset_coords(drop=True)
    rows = summarize_draws(plain).rename(columns={"case": "when"})
    # A probability is always positive. Only a difference can have either sign.
    rows["prob"] = np.nan if unit == "probability" else (plain > 0).mean("sample").values
    return _label(rows, claim, quantity, "posterior", unit, **cell)


def find_row(rows: pd.DataFrame, quantity: str, when: str, group: str = "all") -> pd.Series | None:
    """Find the row of a quantity in the main coding; None if it was not computed."""
    found = rows[
        (rows["quantity"] == quantity)
        & (rows["when"] == when)
        & (rows["group"] == group)
        & (rows["coding"] == MAIN_CODING)
    ]
    return None if found.empty else found.iloc[0]


def tabulate(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put all rows into one table, in the order in which they were made."""
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    numbers = ["mean", "sd", "lower", "upper", "prob"]
    table[numbers] = table[numbers].astype(float)
    return table


def strongest_level(panel: xr.Dataset) -> str:
    """Return the highest guarantee level of a panel: the pact, in the main coding."""
    return panel["guarantee"].attrs["levels"][-1]
