"""Negative controls: guarantees dealt out by chance, which must have no effect."""

import numpy as np

from analysis.posterior.summaries import INTERVAL
from analysis.studies.checks.rows import row


def permute_guarantees(
    data: dict[str, np.ndarray], n: int, *, within_region: bool, seed: int
) -> list[dict[str, np.ndarray]]:
    """Data in which states have exchanged their guarantees.

    A state's guarantees in all cases move together: what lasts goes on lasting. Only states that are in
    the same cases exchange, so that each case keeps its number of pacts.

    Parameters
    ----------
    data : dict of str to np.ndarray
        From ``analysis.studies.checks.bench.Stage2.data``.
    n : int
        Number of permutations.
    within_region : bool
        Whether states exchange with their own region only.
    seed : int
        Seed of the permutations.
    """
    rng = np.random.default_rng(seed)
    strata = ["".join(map(str, column)) for column in data["included"].astype(int).T]
    if within_region:
        strata = [f"{s}/{r}" for s, r in zip(strata, data["region_idx"], strict=True)]
    members = [np.flatnonzero(np.array(strata) == s) for s in sorted(set(strata))]
    permuted = []
    for _ in range(n):
        order = np.arange(len(strata))
        for who in members:
            order[who] = rng.permutation(who)
        permuted.append(data | {"has_level": data["has_level"][:, :, order]})
    return permuted


def check_permutations(effects: np.ndarray, real: np.ndarray, cases: list[str], *, item: str) -> list[dict]:
    """Where the real effect lies among those of permuted guarantees.

    Parameters
    ----------
    effects : np.ndarray
        (permutation, case): posterior mean effect, ``pooled`` last.
    real : np.ndarray
        (case,): posterior mean effect of the real guarantees.
    cases : list of str
        Names of the cases, ``pooled`` last.
    item : str
        How they were permuted.
    """
    rows = []
    for c, case in enumerate(cases):
        values = effects[:, c]
        lower, upper = np.quantile(values, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        beyond = (1 + (values >= real[c]).sum()) / (1 + len(values))
        error = values.std(ddof=1) / np.sqrt(len(values))
        # Nothing but chance: the mean over permutations may miss 0 by its own error, no more.
        clean = abs(values.mean()) < 3.3 * error + 0.01
        rows.append(
            row(
                "permuted_guarantee",
                item,
                case=case,
                value=values.mean(),
                lower=lower,
                upper=upper,
                reference=real[c],
                verdict="no effect" if clean else "an effect of nothing",
                note=f"{len(values)} permutations; interval of permuted effects; reference: the real effect, "
                f"reached by a share of {beyond:.3f}",
            )
        )
    return rows
