"""Negative controls: guarantees permuted between states, which must have no effect."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.studies.checks.bench import BRIEF, open_bench
from analysis.studies.checks.rows import mean_and_ends, row, to_table
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.panel import Stage2Data

PERMUTATIONS = 200
WITHIN = {"within_case": "within cases", "within_region": "within regions"}
"""Among whom guarantees are exchanged; the words are part of the seed."""


def make_permuted(data: tuple[xr.Dataset, str], fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Refit with permuted guarantees; ``data``: panel, key of ``WITHIN``; ``fits``: stage 1, then nested."""
    panel, item = data
    bench = open_bench(panel, fits, variant, **run)
    observed = bench.data("total")
    real = bench.average_effect(stack(fits[-1]["guarantee"].dataset), observed).mean(0)
    seed = derive_seed(bench.seed, "permutation", WITHIN[item])
    permuted = permute_guarantees(observed, PERMUTATIONS, within_region=item == "within_region", seed=seed)
    effects, *_ = bench.fit_effects(permuted, BRIEF, item, bench.progress)
    return to_table(check_permutations(effects, real, bench.cases, item=item))


def permute_guarantees(data: Stage2Data, n: int, *, within_region: bool, seed: int) -> list[Stage2Data]:
    """Return ``n`` sets of data in which states have exchanged their guarantees.

    The guarantees of a state in all cases move together, because guarantees last. Only states that are in
    the same cases, and with ``within_region`` in the same region, exchange theirs: each case keeps its number
    of pacts.
    """
    rng = np.random.default_rng(seed)
    strata = ["".join(map(str, column)) for column in data.included.astype(int).T]
    if within_region:
        strata = [f"{s}/{r}" for s, r in zip(strata, data.region_idx, strict=True)]
    members = [np.flatnonzero(np.array(strata) == s) for s in sorted(set(strata))]
    permuted = []
    for _ in range(n):
        order = np.arange(len(strata))
        for who in members:
            order[who] = rng.permutation(who)
        permuted.append(data._replace(has_level=data.has_level[:, :, order]))
    return permuted


def check_permutations(effects: np.ndarray, real: np.ndarray, cases: list[str], *, item: str) -> list[dict]:
    """Return rows that compare the real effect with the effects of permuted guarantees.

    ``effects`` (permutation, case) and ``real`` (case,) are posterior means; the last case is pooled.
    """
    rows = []
    for c, case in enumerate(cases):
        values = effects[:, c]
        beyond = (1 + (values >= real[c]).sum()) / (1 + len(values))
        error = values.std(ddof=1) / np.sqrt(len(values))
        # The mean over permutations may differ from 0 by its Monte Carlo error, and by no more.
        verdict = "no effect" if abs(values.mean()) < 3.3 * error + 0.01 else "spurious effect"
        note = f"{len(values)} permutations: mean effect and 90 % interval; "
        note += f"reference: the real effect, which a share of {beyond:.3f} of the permuted effects reaches"
        numbers = mean_and_ends(values) | {"reference": real[c]}
        rows.append(row("permuted_guarantee", item, case, verdict=verdict, note=note, **numbers))
    return rows
