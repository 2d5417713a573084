"""Influence: how far the effect moves when a state or a region is left out."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.answers import log_likelihood_by_state, state_contrasts
from analysis.posterior.draws import stack
from analysis.posterior.joining import average_contrasts
from analysis.studies.checks.bench import EFFECTS, EXACT, leave_out, open_bench
from analysis.variants.variant import Variant

GOOD_K = 0.7
"""Pareto k up to which importance weights are trusted (Vehtari et al. 2024)."""


def make_influence(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Leave out each state and each region; ``fits``: stage 1, then the nested models.

    States are left out by importance weights. Refits replace weights that are unreliable, and confirm those
    of the most influential states. Regions are left out by refits.
    """
    bench, tables = open_bench(panel, fits, variant, **run), []
    nobody = np.zeros(panel.sizes["state"], dtype=bool)
    answered = panel["included"].values.any(0)
    states = {str(s): panel["state"].values == s for s in panel["state"].values[answered]}
    regions = {str(r): panel["region"].values == r for r in np.unique(panel["region"].values)}
    for k, (effect, model) in enumerate(EFFECTS.items()):
        data, posterior = bench.data(effect), stack(fits[-1][model].dataset)
        contrasts = bench.compare(state_contrasts(posterior, data, bench.top))
        likelihood = log_likelihood_by_state(posterior, data)
        main, sd = average_without(contrasts, nobody), average_contrasts(contrasts).std(0)
        without, pareto_k = effect_without_units(contrasts, likelihood, states)
        bad = sorted(unit for unit, value in pareto_k.items() if value > GOOD_K)
        top = [unit for unit in most_influential(without, main) if unit not in bad]
        left_out = [states[unit] for unit in (*bad, *top)] + list(regions.values())
        fitted = [leave_out(data, who) for who in left_out]
        found, *_ = bench.fit_effects(fitted, EXACT, f"left out, {effect}", bench.part(k, len(EFFECTS)))
        refits = dict(zip([*bad, *top, *regions], found, strict=True))
        labels = {"quantity": bench.quantity(effect), "cases": bench.cases, "main": main, "sd": sd}
        for unit, by_weights in without.items():
            parts = {"pareto_k": pareto_k[unit], "method": "refit" if unit in bad else "weights"}
            if unit in top:
                parts["confirmed"] = refits[unit]
            moved = refits[unit] if unit in bad else by_weights
            tables.append(tabulate_shift("state", unit, moved, **labels, **parts))
        tables += [tabulate_shift("region", unit, refits[unit], **labels) for unit in regions]
    return pd.concat(tables, ignore_index=True)


def average_without(contrasts: np.ndarray, out: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the mean effect over draws and over the states that stay: (case,), the last case pooled.

    ``contrasts`` are (sample, case, state), NaN where a state is not in a case; ``out`` (state,), bool, says
    who is left out; ``weights`` are (sample,), by default equal.
    """
    by_state = np.average(contrasts, axis=0, weights=weights)[:, ~out]
    by_case = np.nanmean(by_state, axis=1)
    return np.append(by_case, by_case.mean())


def effect_without_units(
    contrasts: np.ndarray, log_likelihood: np.ndarray, units: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the effect without each unit, by importance weights, and the Pareto k of the weights.

    ``contrasts`` are (sample, case, state), ``log_likelihood`` is (sample, state), and ``units`` hold the
    states of each unit, (state,) bool. Effects are (case,), the last case pooled. The weights are
    Pareto-smoothed; they are reliable where Pareto k is at most ``GOOD_K``.
    """
    from arviz_stats.base import array_stats

    effects, ks = {}, {}
    for unit, out in units.items():
        log_weights, pareto_k = array_stats.psislw(log_likelihood[:, out].sum(1))
        weights = np.exp(log_weights - log_weights.max())
        effects[unit] = average_without(contrasts, out, weights / weights.sum())
        ks[unit] = float(pareto_k)
    return effects, ks


def tabulate_shift(
    kind: str,
    unit: str,
    effect: np.ndarray,
    *,
    quantity: str,
    cases: list[str],
    main: np.ndarray,
    sd: np.ndarray,
    method: str = "refit",
    pareto_k: float = np.nan,
    confirmed: np.ndarray | float = np.nan,
) -> pd.DataFrame:
    """Return rows of influence.csv for one unit: the effect by case with all data and without the unit.

    ``main``, ``sd``, ``effect`` and ``confirmed`` are arrays (case,). ``confirmed`` is the effect by a refit,
    where ``effect`` comes from weights.
    """
    shift = effect - main
    effects = {"effect_main": main, "effect_without": effect, "shift": shift, "shift_in_sd": shift / sd}
    of_method = {"method": method, "pareto_k": pareto_k, "confirmed": confirmed}
    return pd.DataFrame(
        {"kind": kind, "unit": unit, "quantity": quantity, "case": cases} | effects | of_method
    )


def most_influential(without: dict[str, np.ndarray], main: np.ndarray, n: int = 5) -> list[str]:
    """Return the units whose absence moves the pooled effect most."""
    return sorted(without, key=lambda unit: -abs(without[unit][-1] - main[-1]))[:n]
