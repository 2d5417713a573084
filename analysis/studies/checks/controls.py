"""Negative controls: guarantees permuted between states or whole blocs, which must have no effect."""

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
LEVEL = 0.05
"""Share of permuted effects below which the real effect counts as beyond chance."""
AMONG = {"within_case": "within cases", "within_region": "within regions", "whole_blocs": "whole blocs"}
"""How guarantees are exchanged; the words are part of the seed."""


def make_permuted(data: tuple[xr.Dataset, str], fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Refit with permuted guarantees; ``data``: panel, key of ``AMONG``; ``fits``: stage 1, then nested."""
    panel, item = data
    bench = open_bench(panel, fits, variant, **run)
    observed = bench.data("total")
    real = bench.average_effect(stack(fits[-1]["guarantee"].dataset), observed).mean(0)
    seed = derive_seed(bench.seed, "permutation", AMONG[item])
    _, blocs = np.unique(panel["subregion"].values, return_inverse=True)
    permuted = permute_guarantees(observed, PERMUTATIONS, among=item, blocs=blocs, seed=seed)
    effects, *_ = bench.fit_effects(permuted, BRIEF, item, bench.progress)
    rows = check_permutations(effects, real, bench.cases, item=item)
    return to_table([*rows, *compare_with_chance(effects, real, bench.cases, item=item)])


def permute_guarantees(
    data: Stage2Data, n: int, *, among: str, blocs: np.ndarray, seed: int
) -> list[Stage2Data]:
    """Return ``n`` sets of data in which states, or whole blocs, have exchanged their guarantees.

    The guarantees of a state in all cases move together, because guarantees last. Only states that are in
    the same cases exchange theirs.

    Parameters
    ----------
    data : Stage2Data
    n : int
    among : str
        ``within_case``: any two states exchange; ``within_region``: states of the same region. Each case
        keeps its number of pacts. ``whole_blocs``: see ``exchange_blocs``.
    blocs : np.ndarray
        (state,), int: bloc of each state.
    seed : int
    """
    rng = np.random.default_rng(seed)
    strata = np.array(["".join(map(str, column)) for column in data.included.astype(int).T])
    if among == "within_region":
        strata = np.array([f"{s}/{r}" for s, r in zip(strata, data.region_idx, strict=True)])
    permuted = []
    for _ in range(n):
        order = np.arange(len(strata))
        for stratum in np.unique(strata):
            who = np.flatnonzero(strata == stratum)
            order[who] = exchange_blocs(who, blocs, rng) if among == "whole_blocs" else rng.permutation(who)
        permuted.append(data._replace(has_level=data.has_level[:, :, order]))
    return permuted


def exchange_blocs(who: np.ndarray, blocs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return whose guarantee each state takes if blocs exchange theirs.

    Every bloc takes the guarantees of one bloc, so that neighbours go on having the same. Blocs differ in
    size: a smaller bloc takes those of some states of the other, drawn at random, a larger one takes each as
    often as it goes, and some once more. The number of pacts therefore changes a little.

    Parameters
    ----------
    who : np.ndarray
        (place,), int: indices of the states.
    blocs : np.ndarray
        (state,), int: bloc of every state.
    rng : np.random.Generator

    Returns
    -------
    np.ndarray
        (place,), int: indices of states in ``who``.
    """
    names, donors = np.unique(blocs[who]), np.zeros_like(who)
    for name, other in zip(names, rng.permutation(names), strict=True):
        takes, gives = blocs[who] == name, who[blocs[who] == other]
        times, rest = divmod(takes.sum(), len(gives))
        given = np.concatenate([np.tile(gives, times), rng.choice(gives, rest, replace=False)])
        donors[takes] = rng.permutation(given)
    return donors


def check_permutations(effects: np.ndarray, real: np.ndarray, cases: list[str], *, item: str) -> list[dict]:
    """Return rows that say whether permuted guarantees have an effect.

    ``effects`` (permutation, case) and ``real`` (case,) are posterior means; the last case is pooled.
    """
    rows = []
    for c, case in enumerate(cases):
        values = effects[:, c]
        error = values.std(ddof=1) / np.sqrt(len(values))
        # The mean over permutations may differ from 0 by its Monte Carlo error, and by no more.
        verdict = "no effect" if abs(values.mean()) < 3.3 * error + 0.01 else "spurious effect"
        note = f"{len(values)} permutations: mean effect and 90 % interval; reference: the real effect"
        numbers = mean_and_ends(values) | {"reference": real[c]}
        rows.append(row("permuted_guarantee", item, case, verdict=verdict, note=note, **numbers))
    return rows


def compare_with_chance(effects: np.ndarray, real: np.ndarray, cases: list[str], *, item: str) -> list[dict]:
    """Return rows that say how often permuted guarantees have an effect as large as the real one.

    Takes what ``check_permutations`` takes. The share is that of effects at least as far from the mean of the
    permuted ones, in either direction.
    """
    rows = []
    for c, case in enumerate(cases):
        chance = mean_and_ends(effects[:, c])
        share = reach_effect(effects[:, c], real[c])
        verdict = "beyond chance" if share < LEVEL else "within chance"
        width = 100 * (chance["upper"] - chance["lower"])
        note = f"share of {len(effects)} permutations whose effect is as large as the real one, which is "
        note += f"{100 * real[c]:.0f} points; their 90 % interval is {width:.0f} points wide"
        numbers = {"value": share, "reference": LEVEL}
        rows.append(row("randomisation", item, case, verdict=verdict, note=note, **numbers))
    return rows


def reach_effect(permuted: np.ndarray, real: float) -> float:
    """Return the share of permuted effects as far from their mean as the real one, itself included."""
    far = np.abs(permuted - permuted.mean()) >= abs(real - permuted.mean())
    return (1 + far.sum()) / (1 + len(permuted))
