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

    ``values`` has one value for each repetition; if it is empty, ``note`` says why nothing was measured.
    ``size`` is states x items.
    """
    values = np.atleast_1d(np.asarray(values, dtype=float))
    figures = [np.median(values), values.min(), values.max()] if values.size else [np.nan] * 3
    return dict(zip(COLUMNS, [part, method, size, quantity, unit, *figures, values.size, note], strict=True))


@dataclass(frozen=True)
class Bound:
    """A bound on the median of one row of the table, in the row's unit: a lower or an upper one."""

    part: str
    method: str
    quantity: str
    limit: float
    at_least: bool


VALUE_AND_GRADIENT = "value and gradient"
PER_CELL = "value and gradient, a cell"
FUSED_FASTER = "times slower than fused"
MIN_ESS = "minimum ESS a second"
MEDIAN_ESS = "median ESS a second"
MIN_ESS_RATIO = "times fewer minimum ESS a second than this project"
MEDIAN_ESS_RATIO = "times fewer median ESS a second than this project"
PART = "before and after"
RATIO = "after / before"
GATES_SECONDS = "4 x 1,000 draws through the gates, after compilation"

BOUNDS = (
    Bound("likelihood", "graph, numba", FUSED_FASTER, 30, True),
    Bound("likelihood", "fused, votes", PER_CELL, 2.5, False),
    Bound("likelihood", "fused, counts", PER_CELL, 6, False),
    Bound("sampler", "project", GATES_SECONDS, 40, False),
    Bound("sampler", "nutpie", MIN_ESS_RATIO, 20, True),
    Bound("sampler", "mcmcpack", MIN_ESS_RATIO, 500, True),
)


def check_bounds(table: pd.DataFrame) -> pd.DataFrame:
    """Compare the table with the bounds.

    Returns
    -------
    pd.DataFrame
        One row a bound: ``method, quantity, unit, measured, bound, verdict`` (pass, FAIL, not measured).
    """
    rows = []
    for bound in BOUNDS:
        wanted = {"part": bound.part, "method": bound.method, "quantity": bound.quantity}
        found = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
        measured = found["median"].iloc[0] if len(found) else np.nan
        holds = measured >= bound.limit if bound.at_least else measured <= bound.limit
        verdict = "not measured" if np.isnan(measured) else "pass" if holds else "FAIL"
        limit = f"{'at least' if bound.at_least else 'at most'} {bound.limit:g}"
        unit = found["unit"].iloc[0] if len(found) else ""
        rows.append((bound.method, bound.quantity, unit, measured, limit, verdict))
    return pd.DataFrame(rows, columns=["method", "quantity", "unit", "measured", "bound", "verdict"])
