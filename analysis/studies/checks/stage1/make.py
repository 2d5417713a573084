"""Make the checks of stage 1: replicate the votes of each window and judge them."""

import pandas as pd

from analysis.posterior.replication import ITEMS
from analysis.studies.checks.stage1.judge import (
    DETAILS,
    ITEM_FIT,
    STATE_FIT,
    UNPLACED,
    judge_positions,
    refuse_all,
)
from analysis.studies.checks.stage1.measure import compare_votes
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant

REPLICATES = 400
"""Enough for a standard deviation with an error of 4 percent, in seconds."""


def make_position_checks(data: tuple, fits: list, variant: Variant, *, progress=None, **run) -> pd.DataFrame:
    """Return position_checks.csv.

    ``data`` are the votes by case and the memberships from ``data.load.load_blocs``; ``fits`` those of stage
    1, in the order of the cases.
    """
    votes, blocs = data
    tables = []
    for k, ((case, counted), fit) in enumerate(zip(votes.items(), fits, strict=True)):
        part = (lambda share, k=k: progress((k + share) / len(fits))) if progress else None
        posterior = fit["posterior"].dataset
        lacking = [name for name in ITEMS if name not in posterior]
        if lacking:
            why = f"the positions came without {' and '.join(lacking)} of the resolutions"
            tables.append(refuse_all(case, why))
            continue
        seed = derive_seed(variant.run.seed, "replicated votes", case)
        found = compare_votes(counted, posterior, blocs, draws=REPLICATES, seed=seed, progress=part)
        tables.append(judge_positions(counted, found, case))
    return pd.concat(tables, ignore_index=True)


def keep_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that stand in checks.csv too: all but those of single items, states and areas."""
    fits = table["check"].isin((ITEM_FIT, STATE_FIT))
    whole = table["item"].isin(UNPLACED.values())
    return table[~table["check"].isin(DETAILS) & (~fits | whole)].reset_index(drop=True)
