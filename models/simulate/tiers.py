"""Simulated tiers of support in plain numpy, with known truth; nothing here calls the models."""

import numpy as np
import xarray as xr

from models.simulate.static import REGIONS, name_subregions, standardise

TIERS = ("none", "political", "military", "combat")


def simulate_tiers(
    *,
    n_state: int = 190,
    guarantee_effect: float = 1.5,
    capability_interaction: float = 0.0,
    gaps: tuple[float, ...] = (1.0, 1.5),
    link: str = "logistic",
    seed: int,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate two coalitions with tiers of support, and return the true probabilities by guarantee level.

    Parameters
    ----------
    n_state : int
        States in each case.
    guarantee_effect : float
        Effect of a pact at average log capability, logits, in both cases.
    capability_interaction : float
        Change of that effect per standard deviation of log capability, logits.
    gaps : tuple of float
        Distances between neighbouring thresholds, logits. ``()`` for two tiers.
    link : {"logistic", "skewed"}
        ``logistic``: proportional odds, as the models assume. ``skewed``: each threshold has its own
        steepness, which violates proportional odds.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    panel : xr.Dataset
        As from ``data.load.load_panel``, with ``tier`` and the characteristic ``capability``; ``joined`` is a
        tier above none.
    truth : xr.Dataset
        ``probability`` (case, state, level, tier): probability of each tier if the state had that level.
    """
    rng = np.random.default_rng(seed)
    cases, levels = ["iraq", "isis"], ["none", "rio", "pact"]
    shape = (len(cases), n_state)
    region_idx = rng.integers(len(REGIONS), size=n_state)
    log_capability = rng.normal(-8, 2, size=n_state) + rng.normal(0, 0.1, size=shape)
    log_gdp = rng.normal(9, 1.2, size=n_state) + rng.normal(0, 0.1, size=shape)
    wealth, power = standardise(log_gdp), standardise(log_capability)
    chance = 1 / (1 + np.exp(0.8 - wealth[0]))
    guarantee = np.where(rng.random(n_state) < chance, 2, np.where(rng.random(n_state) < 0.15, 1, 0))
    region_effect = rng.normal(0, 0.4, size=(len(cases), len(REGIONS)))[:, region_idx]
    rest = np.array([-0.8, -0.5])[:, None] + 0.5 * wealth + 0.3 * power + region_effect
    rest = rest + rng.normal(0, 0.4, size=n_state)
    thresholds = np.concatenate([[0.0], np.cumsum(gaps)])
    pact_effect = guarantee_effect + capability_interaction * power

    def exceed(has_pact):
        """Probability of reaching each tier above none: (case, state, tier)."""
        readiness = (rest + pact_effect * has_pact)[..., None]
        if link == "logistic":
            return 1 / (1 + np.exp(thresholds - readiness))
        steepness = np.array([0.4, 1.5, 4.0])[: len(thresholds)]
        return np.minimum.accumulate(1 / (1 + np.exp(steepness * (thresholds - readiness))), axis=-1)

    def probability(has_pact):
        reached = exceed(has_pact)
        one, zero = np.ones((*shape, 1)), np.zeros((*shape, 1))
        return -np.diff(np.concatenate([one, reached, zero], axis=-1), axis=-1)

    own = exceed(guarantee == 2)
    tier = (rng.random(shape)[..., None] < own).sum(-1).astype(float)
    by_level = [probability(has) for has in (0.0, 0.0, 1.0)]
    coords = {
        "case": cases,
        "state": [f"S{i:03d}" for i in range(n_state)],
        "covariate": ["gdp_per_capita"],
        "characteristic": ["capability"],
        "region": ("state", np.array(REGIONS)[region_idx]),
        "subregion": ("state", name_subregions(region_idx)),
    }
    dims = ("case", "state")
    panel = xr.Dataset(
        {
            "tier": (dims, tier, {"levels": list(TIERS[: len(thresholds) + 1])}),
            "joined": (dims, (tier > 0).astype(float)),
            "included": (dims, np.ones(shape, dtype=bool)),
            "guarantee": (dims, np.broadcast_to(np.array(levels)[guarantee], shape), {"levels": levels}),
            "covariates_transformed": ((*dims, "covariate"), log_gdp[..., None]),
            "characteristics": ((*dims, "characteristic"), np.exp(log_capability)[..., None]),
        },
        coords,
    )
    truth = xr.Dataset(
        {"probability": (("case", "state", "level", "tier"), np.stack(by_level, axis=2))},
        {
            "case": cases,
            "state": coords["state"],
            "level": levels,
            "tier": list(TIERS[: len(thresholds) + 1]),
        },
    )
    return panel, truth


def simulate_steps(
    *,
    n_state: int = 190,
    effects: tuple[float, float] = (1.5, 1.0),
    changes: tuple[float, float] = (0.0, 0.0),
    seed: int,
) -> xr.Dataset:
    """Simulate two coalitions to which states give their name and, some of those named, soldiers.

    States differ by wealth, capability, region and a trait of their own, the same in both steps and cases.
    Strong states have far more soldiers to send, with or without a pact, and rich states more often a pact.

    Parameters
    ----------
    n_state : int
        States in each case.
    effects : (float, float)
        Effect of a pact at average log capability on being named, and on soldiers given the name, logits.
    changes : (float, float)
        Change of these effects per standard deviation of log capability, logits.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    xr.Dataset
        As from ``simulate_tiers``, with the tiers none, political and military.
    """
    panel, _ = simulate_tiers(n_state=n_state, gaps=(1.0,), seed=seed)
    rng = np.random.default_rng((seed, 1))
    wealth = standardise(panel["covariates_transformed"].values[..., 0])
    power = standardise(np.log(panel["characteristics"].values[..., 0]))
    has_pact = panel["guarantee"].values == "pact"
    region_idx = np.array([REGIONS.index(name) for name in panel["region"].values])
    trait = rng.normal(0, 0.6, size=n_state)
    tier = np.zeros(has_pact.shape)
    reached = np.ones(has_pact.shape, dtype=bool)
    baseline = ((np.array([-1.8, -0.6]), 0.5, 0.2), (np.array([0.4, -0.6]), 0.0, 1.3))
    for effect, change, (start, by_wealth, by_power) in zip(effects, changes, baseline, strict=True):
        region = rng.normal(0, 0.6, size=(2, len(REGIONS)))[:, region_idx]
        eta = start[:, None] + by_wealth * wealth + by_power * power + region + trait
        eta = eta + has_pact * (effect + change * power)
        reached &= rng.random(eta.shape) < 1 / (1 + np.exp(-eta))
        tier += reached
    return panel.assign(
        tier=(("case", "state"), tier, panel["tier"].attrs), joined=(("case", "state"), (tier > 0) * 1.0)
    )
