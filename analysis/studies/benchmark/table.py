"""Rows of the benchmark's table, and the bounds that they must meet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = [
    "part",
    "method",
    "size",
    "quantity",
    "unit",
    "median",
    "lowest",
    "highest",
    "repetitions",
    "note",
]


def row(
    part: str,
    method: str,
    quantity: str,
    unit: str = "",
    values: Sequence[float] | float = (),
    *,
    size: str = "",
    note: str = "",
) -> dict:
    """One line of the table: the median of repeated measurements and their range.

    Parameters
    ----------
    part : {"setup", "likelihood", "sampler"}
    method : str
        The implementation or sampler.
    quantity, unit : str
        What the values measure.
    values : sequence of float, or float
        One for each repetition. Empty if nothing was measured; ``note`` then says why.
    size : str
        States x items.
    note : str

    Returns
    -------
    dict
        With the keys ``COLUMNS``.
    """
    values = np.atleast_1d(np.asarray(values, dtype=float))
    figures = [np.median(values), values.min(), values.max()] if values.size else [np.nan] * 3
    return dict(zip(COLUMNS, [part, method, size, quantity, unit, *figures, values.size, note], strict=True))


@dataclass(frozen=True)
class Claim:
    """A bound on the median of one row of the table.

    Attributes
    ----------
    part, method, quantity : str
        Which row.
    bound : float
        In the row's unit.
    at_least : bool
        True for a lower bound, False for an upper bound.
    """

    part: str
    method: str
    quantity: str
    bound: float
    at_least: bool


VALUE_AND_GRADIENT = "value and gradient"
PER_CELL = "value and gradient, a cell"
FUSED_FASTER = "times slower than fused"
MIN_ESS = "minimum ESS a second"
MEDIAN_ESS = "median ESS a second"
MIN_ESS_RATIO = "times fewer minimum ESS a second than this project"
MEDIAN_ESS_RATIO = "times fewer median ESS a second than this project"
GATES_SECONDS = "4 x 1,000 draws through the gates, after compilation"

CLAIMS = (
    Claim("likelihood", "graph, numba", FUSED_FASTER, 30, True),
    Claim("likelihood", "fused, votes", PER_CELL, 2.5, False),
    Claim("likelihood", "fused, counts", PER_CELL, 6, False),
    Claim("sampler", "project", GATES_SECONDS, 40, False),
    Claim("sampler", "nutpie", MIN_ESS_RATIO, 20, True),
    Claim("sampler", "mcmcpack", MIN_ESS_RATIO, 500, True),
)


def check_claims(table: pd.DataFrame, claims: Sequence[Claim] = CLAIMS) -> pd.DataFrame:
    """Compare the table with the bounds.

    Returns
    -------
    pd.DataFrame
        One row a claim: ``method, quantity, unit, measured, bound, verdict`` (pass, FAIL, not measured).
    """
    rows = []
    for claim in claims:
        found = table[
            (table["part"] == claim.part)
            & (table["method"] == claim.method)
            & (table["quantity"] == claim.quantity)
        ]
        measured = found["median"].iloc[0] if len(found) else np.nan
        holds = measured >= claim.bound if claim.at_least else measured <= claim.bound
        verdict = "not measured" if np.isnan(measured) else "pass" if holds else "FAIL"
        bound = f"{'at least' if claim.at_least else 'at most'} {claim.bound:g}"
        unit = found["unit"].iloc[0] if len(found) else ""
        rows.append((claim.method, claim.quantity, unit, measured, bound, verdict))
    return pd.DataFrame(rows, columns=["method", "quantity", "unit", "measured", "bound", "verdict"])
