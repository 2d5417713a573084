"""Tiers of support: what a guarantee changes beyond joining or not."""

import pandas as pd
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.tiers import compute_tiers, summarize_tiers
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.spec import TierSpec

KEPT_DRAWS = 2000
"""At most this many draws enter the probabilities."""


def make_tier_fit(panel: xr.Dataset, fits: list, variant: Variant, **run) -> xr.DataTree:
    """Fit the cumulative model of the tier of support."""
    from analysis.fitting.fit import fit_tiers

    spec, seed = TierSpec(predictor=variant.coalition), derive_seed(variant.run.seed, "tiers")
    return fit_tiers(panel, spec, variant.run.total, seed=seed, **run)


def make_tiers(panel: xr.Dataset, fits: list, variant: Variant, **run) -> pd.DataFrame:
    """Return the table tiers.csv; ``fits`` is the fit of ``make_tier_fit``."""
    posterior = stack(fits[0]["posterior"].dataset, KEPT_DRAWS)
    return summarize_tiers(compute_tiers(posterior, panel, panel["capability_group"]))
