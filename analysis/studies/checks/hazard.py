"""Time to joining: the effect of a guarantee on the hazard of each wave."""

import numpy as np
import xarray as xr

from analysis.posterior.joining import predict_joining, weigh_state_effects
from analysis.studies.checks.rows import row


def describe_hazard(posterior: xr.Dataset, waves: xr.Dataset) -> list[dict]:
    """Rows of checks.csv: change in the probability of joining in a wave, given not before.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample`` of the model of joining fitted to ``waves``.
    waves : xr.Dataset
        From ``data.panel.waves.prepare_waves``.

    Returns
    -------
    list of dict
        For each level and wave the average over the states at risk, with its 90 % interval.
    """
    weights = weigh_state_effects(posterior, waves)
    reference, *levels = waves["guarantee"].attrs["levels"]
    without = predict_joining(posterior, waves, reference, weights)
    rows = []
    for level in levels:
        change = (predict_joining(posterior, waves, level, weights) - without).mean("state")
        for wave in waves["case"].values:
            draws = change.sel(case=wave).values
            at_risk = waves["included"].sel(case=wave)
            joiners = waves["joined"].sel(case=wave).where(at_risk)
            held = (waves["guarantee"].sel(case=wave) == level) & at_risk
            lower, upper = np.quantile(draws, [0.05, 0.95])
            rows.append(
                row(
                    "time_to_joining",
                    f"hazard_{level}_total",
                    case=str(wave),
                    value=draws.mean(),
                    lower=lower,
                    upper=upper,
                    reference=0.0,
                    verdict="positive" if lower > 0 else "negative" if upper < 0 else "not told from 0",
                    note=f"{int(at_risk.sum())} at risk, {int(joiners.sum())} joined; with {level}: "
                    f"{int(held.sum())} at risk, {int(joiners.where(held).sum())} joined",
                )
            )
    return rows
