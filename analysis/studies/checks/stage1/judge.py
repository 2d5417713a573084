"""Rows of position_checks.csv: what was seen, what replicated votes are like, and a verdict."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import norm

from analysis.studies.checks.rows import row, to_table
from analysis.studies.checks.stage1.measure import (
    CONTRADICTIONS,
    CORRELATION,
    DIMENSIONS,
    REPEATS,
    SPREAD,
    SURPRISES,
)
from analysis.studies.checks.stage1.pairs import LATER, NEXT, NO_AREA, is_rollcalls
from analysis.studies.checks.votes_left_out import issues_of
from data.load import ISSUE_NAMES

ITEM_FIT, STATE_FIT, AREAS = "item_fit", "state_fit", "residual_areas"
UNPLACED = {
    ITEM_FIT: "resolutions that the model cannot place",
    STATE_FIT: "states that the model cannot place",
}
"""Statistics that count single items and states."""
DETAILS = (AREAS,)
"""Checks whose rows stand in position_checks.csv alone, beside those of single items and states."""

OUTSIDE = float(norm.ppf(1 - 0.001 / 2))
"""Standard deviations beyond which 1 in 1,000 replicates lies."""
AS_EXPECTED = "as the model expects"
MORE, LESS = "more than the model expects", "less than the model expects"
UNAVAILABLE = "cannot be had"
MISPLACED, CLOSER = "the model cannot place it", "closer than the model expects"

NOTES = {
    REPEATS: "repeated resolutions: answers of a state that differ from its last one",
    SPREAD: "residuals: the answer less what a draw expects",
    CORRELATION: "mean correlation of two residuals; no vote counts for more than any other",
    DIMENSIONS: "share of the variance of residuals",
    ITEM_FIT: "residuals summed by region, squared, over their expectation: do regions vote as placed?",
    STATE_FIT: "mean square of a state's residuals over its expectation",
}
RANGE = "; reference: replicated votes, their mean and the range that 999 of 1,000 keep to"
N_NAMED = 6
"""States and resolutions that are named at the ends of a dimension."""


def judge_positions(votes: xr.Dataset, found: xr.Dataset, case: str) -> pd.DataFrame:
    """Return all rows of a case, given its votes and the result of ``compare_votes``.

    The table has the columns of checks.csv. Rows of ``item_fit`` and ``state_fit`` other than the counts, and
    those of ``DETAILS``, are about single items, states and issue areas.
    """
    votes = votes.sel(item=found["item"].values, state=found["state"].values)
    rows = [_judge_statistic(found["statistic"].isel(name=k), case) for k in range(found.sizes["name"])]
    dimensions = describe_dimensions(votes, found["residual"].values)
    for each in rows:
        if each["check"] == DIMENSIONS:
            each["note"] += f"; {dimensions[each['item']][0]}"
    if not is_rollcalls(votes):
        rows += refuse_for_tallies(case)
    for check, dim, names in (
        (ITEM_FIT, "item", name_items(votes)),
        (STATE_FIT, "state", name_states(votes)),
    ):
        rows += _judge_units(found[check].transpose("side", "draw", dim), check, names, case)
    for dimension, (_, shares) in dimensions.items():
        for area, (share, expected) in shares.items():
            verdict = "more than its share" if share > expected else "less than its share"
            numbers = {"value": share, "reference": expected, "verdict": verdict}
            note = "share of the dimension; reference: share of the variance of all residuals"
            rows.append(row(AREAS, f"{dimension}: {ISSUE_NAMES.get(area, area)}", case, note=note, **numbers))
    return to_table(rows)


def refuse_for_tallies(case: str) -> list[dict]:
    """Return rows that say what tallies cannot show, and why."""
    note = "tallies count answers by issue area; they do not say which resolution got which answer"
    left_out = [(REPEATS, CONTRADICTIONS), (SPREAD, SURPRISES), (CORRELATION, NEXT), (CORRELATION, LATER)]
    return [row(check, what, case, verdict=UNAVAILABLE, note=note) for check, what in left_out]


def refuse_all(case: str, reason: str) -> pd.DataFrame:
    """Return the rows of a case whose fit has nothing to replicate votes from."""
    checks = {REPEATS: CONTRADICTIONS, CORRELATION: "correlations of residuals"}
    checks |= {DIMENSIONS: "dimensions of residuals", SPREAD: SURPRISES} | UNPLACED
    rows = [row(check, what, case, verdict=UNAVAILABLE, note=reason) for check, what in checks.items()]
    return to_table(rows)


def find_range(replicated: np.ndarray) -> dict[str, np.ndarray | float]:
    """Return mean and range of replicated statistics over the first axis.

    The range is that of a normal distribution, at 1 in 1,000, and reaches to the last replicate beyond it:
    counts and shares are not normal near 0.
    """
    mean, error = replicated.mean(0), OUTSIDE * replicated.std(0, ddof=1)
    lower, upper = np.minimum(mean - error, replicated.min(0)), np.maximum(mean + error, replicated.max(0))
    return {"reference": mean, "lower": lower, "upper": upper}


def _judge_statistic(values: xr.DataArray, case: str) -> dict:
    """Return the row of one statistic, (side, draw)."""
    seen, replicated = (values.sel(side=side).values for side in ("seen", "replicated"))
    check = str(values["check"].item())
    numbers = {"value": seen.mean()} | find_range(replicated)
    if check != CORRELATION:
        numbers["lower"] = max(numbers["lower"], 0.0)  # Counts, shares and squares end at 0.
    verdict = MORE if numbers["value"] > numbers["upper"] else LESS
    if numbers["lower"] <= numbers["value"] <= numbers["upper"]:
        verdict = AS_EXPECTED
    return row(check, str(values["what"].item()), case, verdict=verdict, note=NOTES[check] + RANGE, **numbers)


def _judge_units(fit: xr.DataArray, check: str, names: list[str], case: str) -> list[dict]:
    """Return a row for the number of units that the model cannot place, and one for each unit.

    ``fit`` is (side, draw, unit). Sums of squares are skew where few votes are open; their cube roots are
    nearly normal (Wilson and Hilferty 1931).
    """
    seen, replicated = (np.cbrt(fit.sel(side=side).values) for side in ("seen", "replicated"))
    mean, error = replicated.mean(0), OUTSIDE * replicated.std(0, ddof=1)
    beyond = {"seen": (seen > mean + error).sum(1), "replicated": (replicated > mean + error).sum(1)}
    counts = xr.DataArray(
        np.stack(list(beyond.values())).astype(float),
        dims=("side", "draw"),
        coords={"side": list(beyond), "check": check, "what": UNPLACED[check]},
    )
    value, ends = fit.sel(side="seen").values.mean(0), ((mean - error) ** 3, (mean + error) ** 3)
    rows = []
    for k, name in enumerate(names):
        placed = ends[0][k] <= value[k] <= ends[1][k]
        verdict = AS_EXPECTED if placed else MISPLACED if value[k] > ends[1][k] else CLOSER
        numbers = {"value": value[k], "lower": ends[0][k], "upper": ends[1][k], "reference": 1.0}
        rows.append(row(check, name, case, verdict=verdict, note=NOTES[check], **numbers))
    worst = sorted((r for r in rows if r["verdict"] == MISPLACED), key=lambda r: -r["value"] / r["upper"])
    named = "; ".join(r["item"] for r in worst[:N_NAMED])
    count = _judge_statistic(counts, case)
    count["note"] += f"; first: {named}" if named else ""
    return [count, *rows]


def describe_dimensions(
    votes: xr.Dataset, residual: np.ndarray
) -> dict[str, tuple[str, dict[str, tuple[float, float]]]]:
    """Say what lies at the ends of each residual dimension, and which issue areas make it up.

    ``residual`` is (item, state), the mean over draws. Returns by dimension a sentence and, by issue area,
    its share of the dimension and of all residual variance, 0 to 1; a roll call with several areas counts in
    each for an equal part.
    """
    left, _, right = np.linalg.svd(residual, full_matrices=False)
    areas, items, states = issues_of(votes), name_items(votes), name_states(votes)
    codes = sorted(set.union(*areas), key=lambda code: (code in NO_AREA, code))
    part = np.array([[(code in area) / len(area) for code in codes] for area in areas])
    overall = (residual**2).sum(1) @ part / (residual**2).sum()
    found = {}
    for k in range(min(3, len(right))):
        item, state = left[:, k], right[k]
        sentence = f"states: {_name_ends(state, states)}; resolutions: {_name_ends(item, items)}"
        shares = dict(zip(codes, zip(item**2 @ part, overall, strict=True), strict=True))
        found[f"dimension {k + 1}"] = (sentence, shares)
    return found


def _name_ends(loading: np.ndarray, names: list[str]) -> str:
    """Name the units with the largest loadings, those of either sign together."""
    largest = np.argsort(-np.abs(loading), kind="stable")[:N_NAMED]
    sides = ([names[k] for k in largest if loading[k] * loading[largest[0]] > 0],
             [names[k] for k in largest if loading[k] * loading[largest[0]] <= 0])  # fmt: skip
    return " against ".join(", ".join(side) for side in sides if side)


def name_items(votes: xr.Dataset) -> list[str]:
    """Return the title, session and number of each roll call; cells of the agenda have all in their title."""
    if "title" not in votes.coords:
        return [str(item) for item in votes["item"].values]
    titles = zip(votes["title"].values, votes["session"].values, votes["item"].values, strict=True)
    return [t if "session" in str(t) else f"{t}, session {s} ({k})" for t, s, k in titles]


def name_states(votes: xr.Dataset) -> list[str]:
    """Return the names of the states; their codes where there are none."""
    return [str(name) for name in votes["name" if "name" in votes.coords else "state"].values]
