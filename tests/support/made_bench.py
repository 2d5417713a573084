"""Made data and draws of the model of joining, for tests of functions of draws."""

import numpy as np
import xarray as xr

from analysis.studies.checks.bench import Bench
from models.panel import centre_alignment
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

SPEC = CoalitionSpec()


def make_data(n_state=30, seed=2):
    """Return a panel with one state outside a case, centred positions, and the data of the direct effect."""
    panel, alignment, _ = simulate_panel(n_state=n_state, seed=seed)
    panel["included"][0, 2] = False
    panel["joined"][0, 2] = np.nan
    positions = centre_alignment(panel, alignment)
    return panel, positions, Bench(panel, positions, SPEC, seed=0).data("direct")


def make_draws(panel, n=5, seed=0):
    """Return draws along ``sample`` of all that the linear predictor and the state effects need."""
    rng = np.random.default_rng(seed)
    regions, subregions = (np.unique(panel[kind].values) for kind in ("region", "subregion"))
    return xr.Dataset(
        {
            "intercept": (("sample", "case"), rng.normal(-1, 0.3, size=(n, 2))),
            "covariate_slope": (("sample", "case", "covariate"), rng.normal(0, 0.5, size=(n, 2, 2))),
            "region_effect": (("sample", "case", "region"), rng.normal(0, 0.5, size=(n, 2, len(regions)))),
            "subregion_effect": (
                ("sample", "case", "subregion"), rng.normal(0, 0.5, size=(n, 2, len(subregions)))
            ),
            "guarantee_effect": (("sample", "case", "level"), rng.normal(1, 0.5, size=(n, 2, 2))),
            "alignment_slope": (("sample", "case"), rng.normal(0.8, 0.2, size=(n, 2))),
            "state_sd": ("sample", rng.uniform(0.5, 1.5, size=n)),
        },
        {"case": panel["case"].values, "level": ["rio", "pact"], "region": regions,
         "subregion": subregions,
         "covariate": panel["covariate"].values},
    )  # fmt: skip


def split_chains(flat):
    """Return draws along ``sample`` as four chains."""
    chain, draw = np.divmod(np.arange(flat.sizes["sample"]), flat.sizes["sample"] // 4)
    return (
        flat.assign_coords(chain=("sample", chain), draw=("sample", draw))
        .set_index(sample=("chain", "draw"))
        .unstack("sample")
        .transpose("chain", "draw", ...)
    )
