"""Climb to the modes of stage 1 from forty starts apart: how many end elsewhere, and how dense it is there.

Chains that agree show one mode only if another would have been found.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from analysis.studies.checks.rows import row, to_table
from analysis.variants.sampler import Progress, derive_seed
from analysis.variants.variant import Variant
from models.spec import IdealPointSpec

ROUNDS = 4
"""Ten starts each."""
CHECK = "starts"
ELSEWHERE, HEAVIEST = "starts that end elsewhere", "weight of the heaviest other mode"


def make_starts(
    votes: dict[str, xr.Dataset],
    fits: list,
    variant: Variant,
    *,
    progress: Progress | None = None,
    **run,
) -> pd.DataFrame:
    """Return starts.csv from the votes of each case; see ``search``."""
    tables = []
    for k, (case, counted) in enumerate(votes.items()):
        seed = derive_seed(variant.run.seed, "dispersed starts", case)
        part = (lambda share, k=k: progress((k + share) / len(votes))) if progress else None
        tables.append(search(counted, variant.ideal_point, seed, progress=part).assign(case=case))
    return pd.concat(tables, ignore_index=True)


def search(
    votes: xr.Dataset,
    spec: IdealPointSpec,
    seed: int,
    *,
    rounds: int = ROUNDS,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Climb from starts apart, and compare where each ends with the mode above the model's own start.

    Parameters
    ----------
    votes : xr.Dataset
        Votes of one case; see ``data.load.load_votes``.
    spec : IdealPointSpec
        Priors and choices.
    seed : int
        Seed of the starts.
    rounds : int
        Ten starts each, 2 to 40 standard deviations of the posterior away in every direction.
    progress : callable, optional
        Takes the share done, 0 to 1.

    Returns
    -------
    pd.DataFrame
        A row a start: ``start``; ``spread``, standard deviations; ``density``, log density where it ends,
        less that of the first mode; ``kind``, "the same", "another mode" or "no mode" (the climb did not end
        where the density is level, or the density overflowed: NaN); ``weight``, log of the mass about another
        mode less that of the first, by Laplace's approximation; ``correlation`` of the positions with those
        of the first mode, -1 to 1. Mirror images count as the same and have a correlation of -1.
    """
    # Imported here: a plan of the checks loads neither compiler nor sampler.
    from threadpoolctl import threadpool_limits

    from analysis.fitting.fit import list_saved
    from analysis.fitting.whitened import compile_whitened
    from models.coordinates.arrow import find_places
    from models.coordinates.precondition import flatten_start
    from models.ideal_point import OF_ITEMS, SAVED, build_ideal_point_model

    model = build_ideal_point_model(votes, spec)
    whitened = compile_whitened(model, list_saved(model, SAVED), find_places(model, OF_ITEMS))
    with threadpool_limits(limits=1):
        rows = []
        for done, found in enumerate(_climb(whitened, flatten_start(model)[1], seed, rounds), 1):
            rows.append({"start": done} | found)
            if progress:
                progress(done / (10 * rounds))
    return pd.DataFrame(rows)


def _climb(whitened, places: dict[str, slice], seed: int, rounds: int) -> Iterator[dict]:
    from analysis.fitting.modes import SAME, WALL, climb, climb_apart, describe_mode, is_level
    from models.coordinates.arrow import evaluate_parameters

    begin, lowest = whitened.begin, whitened.lowest
    evaluate = evaluate_parameters(whitened.compiled.logp_func, begin)
    position = places["position_part"]
    first = describe_mode(evaluate, begin, *climb(evaluate, begin.centre, lowest))
    for spread, end, height in climb_apart(evaluate, first, seed, rounds):
        kind, weight = "the same", 0.0
        if height <= -WALL:
            kind, weight, height = "no mode", np.nan, np.nan
        elif abs(height - first.height) > SAME:
            other = describe_mode(evaluate, begin, end, height)
            ended = bool((other.arrow.centre > lowest).all() and is_level(other, evaluate))
            kind, weight = ("another mode", other.weight - first.weight) if ended else ("no mode", np.nan)
        yield {
            "spread": spread,
            "density": height - first.height,
            "kind": kind,
            "weight": weight,
            "correlation": np.corrcoef(end[position], first.arrow.centre[position])[0, 1],
        }


def judge_starts(table: pd.DataFrame) -> pd.DataFrame:
    """Say for each case how many starts end elsewhere, and whether the other modes carry weight."""
    from analysis.fitting.modes import HEAVY

    rows = []
    for case, found in table.groupby("case", sort=False):
        others = found[found["kind"] == "another mode"]
        heaviest = others["weight"].max() if len(others) else -np.inf
        counts = found["kind"].value_counts()
        note = (
            f"{counts.get('the same', 0)} of {len(found)} end at the same mode or its mirror image, "
            f"{len(others)} at another, {counts.get('no mode', 0)} at no mode"
        )
        verdict = "one mode" if heaviest < -HEAVY else "several modes"
        rows.append(row(CHECK, ELSEWHERE, case, value=len(others), reference=len(found), note=note))
        if len(others):
            rows.append(row(CHECK, HEAVIEST, case, value=heaviest, reference=-HEAVY, verdict=verdict))
    return to_table(rows)
