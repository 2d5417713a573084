"""The effect on joining before the data: what the priors alone say of it."""

import numpy as np
import xarray as xr

from analysis.posterior.joining import (
    ALL,
    OVERLAP,
    average_over_states,
    guarantee_on_states,
    list_groups,
)
from analysis.posterior.schema.joining import predict_anew
from analysis.posterior.schema.prior import draw_joining_prior
from models.panel import prepare_panel_data
from models.spec import CoalitionSpec

DRAWS = 1000


def draw_effect_prior(panel: xr.Dataset, spec: CoalitionSpec, seed: int, draws: int = DRAWS) -> xr.DataArray:
    """Draw the total effect of the highest level on joining from the prior.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``. Who joined is not used.
    spec : CoalitionSpec
        Priors; levels apart.
    seed : int
    draws : int

    Returns
    -------
    xr.DataArray
        (case, sample), -1 to 1: averages over the states of regions with comparison; the last case is
        ``pooled``.
    """
    # The module of the model loads a compiler, which whoever only explains a run needs not wait for.
    from models.coalition import compute_eta

    data = prepare_panel_data(panel, spec.missing)
    drawn = draw_joining_prior(data, spec, np.random.default_rng(seed), alignment=False, draws=draws)
    bare = drawn.assign(eta=compute_eta(drawn, data, None))
    level = str(data.level[-1])
    eta = bare["eta"].transpose("sample", "case", "state")
    added = guarantee_on_states(bare, panel).sel(level=level, drop=True)
    given = (eta + added).transpose("sample", "case", "state")
    contrast = predict_anew(drawn, given.values, spec.link) - predict_anew(drawn, eta.values, spec.link)
    groups = list_groups(panel, level)
    group = OVERLAP if OVERLAP in groups["group"].values else ALL
    labelled = xr.DataArray(contrast, {"case": data.case, "state": data.state}, ("sample", "case", "state"))
    return average_over_states(labelled, groups.sel(group=[group])).isel(group=0, drop=True)
