"""In worlds without its effect, no deciding posterior is beyond 0.95 more often than one time in ten.

The worlds differ from state to state by wealth, capability, region and a trait of their own, so that
probabilities differ too. The quantity that decided ``goods`` before fails here.
"""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit
from support.laplace import Laplace

from analysis.fitting import convergence
from analysis.posterior.joining import guarantee_on_states, pool_cases
from analysis.posterior.tiers import compute_tiers
from analysis.studies.claims.estimate import (
    compute_changes,
    compute_level_effects,
    draw_alignment_effects,
)
from analysis.studies.claims.judge import SURE
from analysis.variants.table import MAIN
from data.load import load_panel
from data.spec import DataSpec
from models.coalition import build_coalition_model
from models.gibbs import clustered
from models.panel import add_capability, centre_alignment, prepare_panel_data, prepare_tiers
from models.simulate.static import standardise
from models.simulate.tiers import simulate_steps
from models.spec import CoalitionSpec, TierSpec
from models.tier import build_tier_model

N_WORLD = 60
MOST = 0.1
SD = {"region": 0.6, "subregion": 0.3, "state": 0.6, "guarantee_effect": 0.3, "guarantee_capability": 0.15}
SAVED = ("eta", "guarantee_effect", "guarantee_capability", "threshold", "state_sd")


def fit_worlds(model, worlds, saved):
    """Approximate the posteriors of one model for many worlds, which are its data by name."""
    there = [name for name in saved if name in model.named_vars]
    laplace = Laplace(model, SD, there)
    return [laplace.fit(world, 400, seed) for seed, world in enumerate(worlds)]


def share_sure(draws):
    """Share of worlds in which P(> 0) is above 0.95; ``draws`` has one array of draws for each world."""
    return float(np.mean([(d > 0).mean() > SURE for d in draws]))


def stage2_arrays(panel):
    data = prepare_panel_data(panel)
    names = ("has_level", "covariates", "region_idx", "subregion_idx", "included")
    return {name: getattr(data, name) for name in names} | {"joined_observed": data.joined}


def support_arrays(panel, odds):
    """Return what changes between worlds in the data of a model of tiers."""
    wider = add_capability(panel)
    tier, _ = prepare_tiers(panel)
    arrays = stage2_arrays(wider)
    included = arrays["included"]
    if odds == "sequential":
        level = np.array([1, 2])[:, None, None]
        del arrays["joined_observed"], arrays["included"]
        return arrays | {
            "went_on_observed": (tier >= level) * included,
            "at_risk": (tier >= level - 1) * included,
        }
    del arrays["joined_observed"]
    column = list(map(str, wider["covariate"].values)).index("capability")
    dose = arrays["has_level"] * arrays["covariates"][..., column]
    return arrays | {"tier_observed": tier, "level_capability": dose}


def group_thirds(panel):
    power = panel["characteristics"].isel(characteristic=0, drop=True)
    low, high = np.quantile(power, [1 / 3, 2 / 3])
    groups = xr.where(power > low, xr.where(power > high, "major", "middle"), "small")
    return groups.assign_attrs(levels=["small", "middle", "major"])


def fit_support(odds, panels):
    spec = TierSpec(odds=odds, capability_interaction=True)
    model = build_tier_model(panels[0], spec)
    worlds = [support_arrays(panel, odds) for panel in panels]
    return fit_worlds(model, worlds, SAVED)


@pytest.mark.slow
def test_goods_are_not_told_apart_where_a_pact_does_the_same_for_all():
    panels = [simulate_steps(seed=seed) for seed in range(N_WORLD)]
    found = [compute_changes(posterior, "pact") for posterior in fit_support("sequential", panels)]
    for name in ("military", "military_less_political"):
        draws = [changes[name].sel(case="pooled") for changes in found]
        assert share_sure(draws) <= MOST, name
        # The mean over worlds has a standard error of about 0.07.
        assert abs(np.mean([d.mean() for d in draws])) < 0.25, name
    # Points added to soldiers, middle less small, with one effect on both steps: what decided before.
    old, panels = [], panels[:15]
    for panel, posterior in zip(panels, fit_support("proportional", panels), strict=True):
        tiers = compute_tiers(posterior, panel, group_thirds(panel)).sel(case="pooled", tier="military")
        adds = tiers.sel(level="pact") - tiers.sel(level="none")
        old.append(adds.sel(group="middle") - adds.sel(group="small"))
    assert share_sure(old) > 3 * MOST


@pytest.mark.slow
def test_goods_are_told_apart_where_they_differ():
    """Small states' pacts buy names, strong states' pacts soldiers."""
    panels = [simulate_steps(changes=(-0.3, 0.6), seed=seed) for seed in range(20)]
    truth = {"political": -0.3, "military": 0.6, "military_less_political": 0.9}
    found = [compute_changes(posterior, "pact") for posterior in fit_support("sequential", panels)]
    for name, value in truth.items():
        draws = [changes[name].sel(case="pooled") for changes in found]
        # The prior, with few states, draws towards 0.
        assert 0.3 < np.mean([d.mean() for d in draws]) / value < 1.1, name
        covered = [d.quantile(0.05) < value < d.quantile(0.95) for d in draws]
        assert np.mean(covered) >= 0.8, name


LEVELS = ("none", "ally_of_client", "pact")


def simulate_joining(effect, seed, shift=(-2.6, 0.2)):
    """Simulate who joins in two cases of different popularity; ``effect`` (case, level), logits."""
    panel = simulate_steps(seed=seed)
    rng = np.random.default_rng((seed, 2))
    guarantee = panel["guarantee"].values.astype("<U14")
    guarantee[:, (guarantee[0] == "none") & (rng.random(panel.sizes["state"]) < 0.15)] = "ally_of_client"
    guarantee[guarantee == "rio"] = "none"
    wealth = standardise(panel["covariates_transformed"].values[..., 0])
    names = sorted(set(panel["region"].values))
    index = [names.index(name) for name in panel["region"].values]
    eta = np.array(shift)[:, None] + 0.6 * wealth + rng.normal(0, 0.6, (2, len(names)))[:, index]
    eta = eta + rng.normal(0, 0.5, panel.sizes["state"])
    for number, level in enumerate(LEVELS[1:]):
        eta = eta + np.array([row[number] for row in effect])[:, None] * (guarantee == level)
    joined = (rng.random(eta.shape) < expit(eta)).astype(float)
    dims = ("case", "state")
    return panel.assign(guarantee=(dims, guarantee, {"levels": list(LEVELS)}), joined=(dims, joined))


def fit_joining(panels):
    model = build_coalition_model(prepare_panel_data(panels[0]), CoalitionSpec(heterogeneity="none"))
    return fit_worlds(model, [stage2_arrays(panel) for panel in panels], SAVED)


@pytest.mark.slow
def test_equal_effects_are_not_told_apart_in_log_odds_but_are_in_points():
    """A pact with the hub and an alliance with its client do the same, in a popular and an unpopular case."""
    panels = [simulate_joining([[1.5, 1.5], [1.5, 1.5]], seed) for seed in range(N_WORLD)]
    hub, odds, points = [], [], []
    for panel, posterior in zip(panels, fit_joining(panels), strict=True):
        effects = compute_level_effects(posterior, panel)
        hub.append((effects.sel(level="pact") - effects.sel(level="ally_of_client")).sel(case="pooled"))
        pact = guarantee_on_states(posterior, panel).sel(level="pact")
        odds.append(pact.sel(case="isis", drop=True) - pact.sel(case="iraq", drop=True))
        points.append(effects.sel(level="pact", case="iraq") - effects.sel(level="pact", case="isis"))
    assert share_sure(hub) <= MOST
    assert share_sure(odds) <= MOST
    assert share_sure([-d for d in odds]) <= MOST
    # Differences in points depend on how many join anyway.
    assert max(share_sure(points), share_sure([-d for d in points])) > MOST


@pytest.mark.slow
def test_a_pact_without_effect_is_not_found():
    panels = [simulate_joining([[0.0, 0.0], [0.0, 0.0]], seed) for seed in range(N_WORLD)]
    found = [
        compute_level_effects(posterior, panel).sel(level="pact", case="pooled")
        for panel, posterior in zip(panels, fit_joining(panels), strict=True)
    ]
    assert share_sure(found) <= MOST


@pytest.mark.slow
def test_alignment_is_not_told_apart_where_a_pact_does_the_same(monkeypatch):
    """Residuals agree within states and subregions, and between the two sets of resolutions."""
    for name, value in {"WARM_UP": 60, "ENOUGH": 600, "SWEEPS": (4, 4)}.items():
        monkeypatch.setattr(clustered, name, value)
    monkeypatch.setattr(convergence, "check_chains", lambda *given, **named: None)
    panel = load_panel(DataSpec())
    data = prepare_panel_data(panel)
    has_pact = panel["guarantee"].values == "pact"

    def simulate(rest, rng):
        own = rest + 0.3 * rng.standard_t(4, rest.shape) + 0.8 * has_pact
        return centre_alignment(panel, as_positions(panel, own + rng.normal(0, 0.05, (80, *own.shape))))

    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rest = 0.4 * data.covariates[..., 0] + rng.normal(0, 0.3, 22)[data.subregion_idx]
        rest = rest + 0.4 * rng.standard_t(4, rest.shape[-1])
        effects = [
            draw_alignment_effects(panel, simulate(rest, rng), MAIN, name).sel(level="pact")
            for name in ("alone", "others")
        ]
        found.append(pool_cases(effects[0] - effects[1]).sel(case="pooled"))
    assert share_sure(found) <= MOST


def as_positions(panel, positions):
    coords = {"case": panel["case"].values, "state": panel["state"].values}
    return xr.DataArray(positions, coords, ("sample", "case", "state"))
