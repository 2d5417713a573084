"""Fits of one compiled model with interactions to many worlds, and their effects by group."""

import numpy as np
import xarray as xr

from analysis.fitting.fit import SAVED_TOTAL, list_saved
from analysis.fitting.refits import refit, shape_refits
from analysis.posterior.draws import stack
from analysis.posterior.joining import (
    average_over_states,
    list_groups,
    predict_joining,
    weigh_state_effects,
)
from analysis.variants.sampler import SamplerSpec
from models.coalition import build_coalition_model
from models.panel import prepare_panel_data
from models.simulate.heterogeneity import (
    draw_parameters,
    draw_protected_panel,
    simulate_heterogeneous,
)
from models.spec import CoalitionSpec

SAMPLER = SamplerSpec(draws=300, tune=200, chains=2)


def simulate_worlds(n, seed, n_state=190, **parameters):
    """Return ``n`` panels with coalitions, and their true effects."""
    worlds = []
    for k in range(n):
        rng = np.random.default_rng([seed, k])
        panel = draw_protected_panel(n_state, rng)
        worlds.append(simulate_heterogeneous(panel, draw_parameters(panel, rng, **parameters), rng))
    return worlds


def fit_worlds(panels, spec: CoalitionSpec, *, seed):
    """Return the posterior of each panel, along ``sample``, with ``eta``."""
    data = [prepare_panel_data(panel) for panel in panels]
    model = build_coalition_model(data[0], spec)
    fitted = shape_refits(model, list_saved(model, SAVED_TOTAL), seed=seed)
    variations = [
        {"joined_observed": d.joined, "has_level": d.has_level, "covariates": d.covariates,
         "region_idx": d.region_idx, "subregion_idx": d.subregion_idx} for d in data
    ]  # fmt: skip
    if spec.geography == "region":
        variations = [{k: v for k, v in one.items() if k != "subregion_idx"} for one in variations]
    posterior = refit(fitted, variations, SAMPLER, seed=seed)["posterior"].dataset
    return [stack(posterior.isel(refit=k)) for k in range(len(panels))]


def average_by_group(posterior, panel):
    """Return ``ame`` and ``att`` of a pact, (case, group, sample)."""
    weights = weigh_state_effects(posterior, panel)
    without, given = (predict_joining(posterior, panel, level, weights) for level in ("none", "pact"))
    members = list_groups(panel)
    has = members & (panel["guarantee"] == "pact").reset_coords(drop=True)
    return xr.Dataset(
        {name: average_over_states(given - without, who) for name, who in (("ame", members), ("att", has))}
    )
