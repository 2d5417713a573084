"""Are ranks uniform? A test of the whole distribution, and what it says in words."""

from functools import cache

import numpy as np
import pandas as pd
from scipy.stats import binom

BINS = 20
POSSIBLE = 100
"""Possible ranks."""
REFERENCES = 50_000
"""Simulated sets of uniform ranks with which the observed ones are compared."""
LEVEL = 0.05
"""A part fails if its smallest p, multiplied by the number of all quantities, is below this."""


def count_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """Count the ranks of each quantity in twentieths.

    Takes ``part, quantity, rank`` of all worlds. Returns ``part, quantity`` and the counts ``0`` to ``19``.
    """
    binned = ranks.assign(bin=ranks["rank"] * BINS // POSSIBLE)
    counts = binned.groupby(["part", "quantity", "bin"], sort=False).size().unstack("bin", fill_value=0)
    counts = counts.reindex(columns=range(BINS), fill_value=0)
    counts.columns = list(map(str, range(BINS)))
    return counts.reset_index()


def list_counts(table: pd.DataFrame) -> np.ndarray:
    """Return the counts (quantity, bin) of a table of ``count_ranks``."""
    return table[list(map(str, range(BINS)))].to_numpy()


def measure_distance(counts: np.ndarray, worlds: int) -> np.ndarray:
    """Measure how far ranks are from uniform: the smallest two-sided probability of a cumulative count.

    Parameters
    ----------
    counts : np.ndarray
        (set, bin), int.
    worlds : int
        Sum of each row.

    Returns
    -------
    np.ndarray
        (set,), 0 to 1; small is far. Saeilynoja, Buerkner and Vehtari (2022), doi:10.1007/s11222-022-10090-6.
    """
    share = np.arange(1, BINS) / BINS
    possible = np.arange(worlds + 1)[:, None]
    sides = np.minimum(binom.cdf(possible, worlds, share), binom.sf(possible - 1, worlds, share))
    reached = counts.cumsum(-1)[:, :-1]
    return 2 * sides[reached, np.arange(BINS - 1)].min(-1)


@cache
def draw_reference(worlds: int) -> np.ndarray:
    """Distances (set,) of simulated uniform ranks, sorted; the same for every call."""
    rng = np.random.default_rng(worlds)
    return np.sort(measure_distance(rng.multinomial(worlds, np.full(BINS, 1 / BINS), REFERENCES), worlds))


def judge(table: pd.DataFrame) -> pd.DataFrame:
    """Judge each quantity.

    Parameters
    ----------
    table : pd.DataFrame
        From ``count_ranks``.

    Returns
    -------
    pd.DataFrame
        ``part, quantity, worlds``; ``p`` that uniform ranks are so far from uniform; ``p_all``, multiplied by
        the number of quantities (Bonferroni); ``inside``: share of worlds in which the 90 % interval holds
        the truth; ``place``: mean rank, 0 to 1, above 0.5 if the posterior lies too low.
    """
    counts = list_counts(table)
    worlds = int(counts[0].sum())
    reference = draw_reference(worlds)
    distance = measure_distance(counts, worlds)
    # With the observed one among the references, no p is 0.
    p = (np.searchsorted(reference, distance, side="right") + 1) / (len(reference) + 1)
    return table[["part", "quantity"]].assign(
        worlds=worlds,
        p=p,
        p_all=np.minimum(1.0, p * len(table)),
        inside=counts[:, 1:-1].sum(1) / worlds,
        place=counts @ ((np.arange(BINS) + 0.5) / BINS) / worlds,
    )


def find_band(worlds: int, quantities: int) -> np.ndarray:
    """Lower and upper bound (2, bin - 1) of cumulative shares that all quantities together keep in 95 of 100.

    The bounds are those of the distance that one quantity keeps with probability 1 - 0.05 / quantities.
    """
    allowed = np.quantile(draw_reference(worlds), LEVEL / quantities)
    share = np.arange(1, BINS) / BINS
    return np.stack([binom.ppf(allowed / 2, worlds, share), binom.isf(allowed / 2, worlds, share)]) / worlds


def say(judged: pd.DataFrame) -> list[str]:
    """Say in words, for each part, whether ranks are uniform, and what is wrong with those that are not."""
    sentences = []
    for part, rows in judged.groupby("part", sort=False):
        failed = rows[rows["p_all"] < LEVEL].sort_values("p")
        verdict = "uniform" if failed.empty else f"not uniform for {len(failed)} of them"
        text = f"{part}: ranks of {len(rows)} quantities are {verdict} (smallest p {rows['p_all'].min():.2g})"
        text += f"; 90 % intervals hold the truth in {rows['inside'].mean():.0%} of cases."
        for row in failed.head(5).itertuples():
            text += f" {row.quantity}: {describe_fault(row.inside, row.place)}."
        sentences.append(text)
    return sentences


def describe_fault(inside: float, place: float) -> str:
    """Say what is wrong with a posterior whose ranks are not uniform."""
    width = (
        "too narrow" if inside < 0.88 else "too wide" if inside > 0.92 else "about as wide as they should be"
    )
    text = f"intervals are {width}, they hold the truth in {inside:.0%}"
    if abs(place - 0.5) > 0.05:
        text += f", and the posterior lies too {'low' if place > 0.5 else 'high'}"
    return text
