"""Time to joining: the effect of a guarantee on the probability of joining in each wave."""

import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.joining import predict_joining, weigh_state_effects
from analysis.studies.checks.rows import direction, mean_and_ends, row, to_table
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant

KEPT_DRAWS = 2000
"""At most this many draws enter the effects."""


def make_waves(waves: xr.Dataset, fits: list, variant: Variant, **run) -> xr.DataTree:
    """Fit the model of joining to waves in place of cases: a discrete-time hazard."""
    from analysis.fitting.fit import fit_total

    seed = derive_seed(variant.run.seed, "waves")
    return fit_total(waves, variant.coalition, variant.run.total, seed=seed, **run)


def make_hazard(waves: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return rows of checks.csv; ``fits`` is the fit of ``make_waves``."""
    return to_table(describe_hazard(stack(fits[0]["posterior"].dataset, KEPT_DRAWS), waves))


def describe_hazard(posterior: xr.Dataset, waves: xr.Dataset) -> list[dict]:
    """Return rows with the change in the probability of joining in a wave, for each level and wave.

    The change is averaged over the states at risk: those that had not joined before. Takes draws along
    ``sample`` of the model of joining fitted to ``waves``.
    """
    weights = weigh_state_effects(posterior, waves)
    reference, *levels = waves["guarantee"].attrs["levels"]
    without = predict_joining(posterior, waves, reference, weights)
    rows = []
    for level in levels:
        change = (predict_joining(posterior, waves, level, weights) - without).mean("state")
        for wave in waves["case"].values:
            numbers = mean_and_ends(change.sel(case=wave).values)
            at_risk = waves["included"].sel(case=wave)
            joiners = waves["joined"].sel(case=wave).where(at_risk)
            held = (waves["guarantee"].sel(case=wave) == level) & at_risk
            verdict = direction(numbers["lower"], numbers["upper"])
            note = f"{int(at_risk.sum())} at risk, {int(joiners.sum())} joined; with {level}: "
            note += f"{int(held.sum())} at risk, {int(joiners.where(held).sum())} joined"
            item, numbers["reference"] = f"hazard_{level}_total", 0.0
            rows.append(row("time_to_joining", item, str(wave), verdict=verdict, note=note, **numbers))
    return rows
