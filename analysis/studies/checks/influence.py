"""How far the final effect moves when a state, a region, an issue area or a session is left out."""

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats

COLUMNS = [
    "kind",
    "unit",
    "quantity",
    "case",
    "effect_main",
    "effect_without",
    "shift",
    "shift_in_sd",
    "method",
    "pareto_k",
    "confirmed",
]
GOOD_K = 0.7
"""Pareto k up to which importance weights are trusted (Vehtari et al. 2024)."""


def weigh_without(log_likelihood: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights that turn draws given all answers into draws given the rest.

    Parameters
    ----------
    log_likelihood : np.ndarray
        (sample,): of what is left out.

    Returns
    -------
    weights : np.ndarray
        (sample,), Pareto-smoothed, sum 1.
    pareto_k : float
    """
    log_weights, pareto_k = array_stats.psislw(log_likelihood)
    weights = np.exp(log_weights - log_weights.max())
    return weights / weights.sum(), float(pareto_k)


def average_without(contrasts: np.ndarray, out: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean effect over draws and over the states that stay.

    Parameters
    ----------
    contrasts : np.ndarray
        (sample, case, state), NaN where a state is not in a case.
    out : np.ndarray
        (state,), bool: who is left out.
    weights : np.ndarray, optional
        (sample,); equal ones by default.

    Returns
    -------
    np.ndarray
        (case,), the last one pooled.
    """
    by_state = np.average(contrasts, axis=0, weights=weights)[:, ~out]
    by_case = np.nanmean(by_state, axis=1)
    return np.append(by_case, by_case.mean())


def effect_without_units(
    contrasts: np.ndarray, log_likelihood: np.ndarray, units: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Effect without each unit, by importance weights.

    Parameters
    ----------
    contrasts : np.ndarray
        (sample, case, state).
    log_likelihood : np.ndarray
        (sample, state).
    units : dict of str to np.ndarray
        (state,), bool: the states of each unit.

    Returns
    -------
    effects : dict of str to np.ndarray
        (case,), the last one pooled; right only where ``pareto_k`` allows.
    pareto_k : dict of str to float
    """
    effects, ks = {}, {}
    for unit, out in units.items():
        weights, ks[unit] = weigh_without(log_likelihood[:, out].sum(1))
        effects[unit] = average_without(contrasts, out, weights)
    return effects, ks


def tabulate_influence(
    kind: str,
    quantity: str,
    cases: list[str],
    main: np.ndarray,
    sd: np.ndarray,
    without: dict[str, np.ndarray],
    pareto_k: dict[str, float],
    refitted: set[str],
    confirmed: dict[str, np.ndarray],
) -> pd.DataFrame:
    """Rows of influence.csv.

    Parameters
    ----------
    kind : str
        ``state``, ``region``, ``issue`` or ``session``.
    quantity : str
        Name of the effect.
    cases : list of str
        Names of the cases, ``pooled`` last.
    main, sd : np.ndarray
        (case,): mean and posterior standard deviation of the effect with all data.
    without : dict of str to np.ndarray
        (case,): effect without each unit.
    pareto_k : dict of str to float
        Of units that were weighed.
    refitted : set of str
        Units whose ``without`` comes from a refit.
    confirmed : dict of str to np.ndarray
        (case,): effect without a weighed unit by a true refit.
    """
    rows = []
    for unit, effect in without.items():
        for c, case in enumerate(cases):
            shift = effect[c] - main[c]
            check = confirmed[unit][c] if unit in confirmed else np.nan
            method = "refit" if unit in refitted else "weights"
            rows.append(
                (
                    kind,
                    unit,
                    quantity,
                    case,
                    main[c],
                    effect[c],
                    shift,
                    shift / sd[c],
                    method,
                    pareto_k.get(unit, np.nan),
                    check,
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def most_influential(without: dict[str, np.ndarray], main: np.ndarray, n: int = 5) -> list[str]:
    """Units that move the pooled effect by most."""
    return sorted(without, key=lambda unit: -abs(without[unit][-1] - main[-1]))[:n]
