"""Simulated votes and panels in plain numpy, with known truth.

Nothing here calls the models, so that a mistake in a model is not repeated here.
"""

import numpy as np
import xarray as xr

REGIONS = ("African", "Asia-Pacific", "Eastern European", "GRULAC", "WEOG")


def standardise(values: np.ndarray) -> np.ndarray:
    """Shift and scale to mean 0 and standard deviation 1 (population formula) over the last axis."""
    return (values - values.mean(-1, keepdims=True)) / values.std(-1, keepdims=True)


def simulate_votes(
    *, n_state: int = 150, n_item: int = 200, votes_per_item: int = 1, absent: float = 0.1, seed: int
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate the votes of an assembly, and return its true positions and items.

    Parameters
    ----------
    n_state, n_item : int
        Numbers of states and items.
    votes_per_item : int
        1 for roll calls; more for agenda cells with that many resolutions each.
    absent : float
        Probability, 0 to 1, that a state misses one vote.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    votes : xr.Dataset
        As from ``data.load.load_votes``: ``counts`` (item, state, response), int.
    truth : xr.Dataset
        ``ideal_point`` (state; mean 0, sd 1), ``discrimination`` (item), ``cutpoint`` (item, threshold).
    """
    rng = np.random.default_rng(seed)
    region_idx = rng.integers(len(REGIONS), size=n_state)
    region_mean = rng.normal(0, 0.8, size=len(REGIONS))
    ideal_point = standardise(rng.normal(region_mean[region_idx], 0.7))
    discrimination = rng.normal(0, 1.5, size=n_item)
    midpoint = rng.normal(-1, 1.5, size=n_item)
    gap = np.exp(rng.normal(0.2, 0.5, size=n_item))
    cutpoint = np.stack([midpoint - gap / 2, midpoint + gap / 2], axis=-1)

    # A latent reaction with logistic noise falls into one of three bands, vote by vote.
    reaction = (discrimination[:, None] * ideal_point)[..., None] + rng.logistic(
        size=(n_item, n_state, votes_per_item)
    )
    response = (reaction > cutpoint[:, None, None, 0]).astype(int) + (reaction > cutpoint[:, None, None, 1])
    present = rng.random(response.shape) >= absent
    counts = np.stack([((response == r) & present).sum(-1) for r in range(3)], axis=-1)

    coords = {
        "state": [f"S{i:03d}" for i in range(n_state)],
        "item": np.arange(n_item),
        "response": ["no", "abstain", "yes"],
        "region": ("state", np.array(REGIONS)[region_idx]),
        # No resolution is put again.
        "match_group": ("item", np.arange(n_item)),
        "session": ("item", np.ones(n_item, dtype=int)),
        "date": ("item", np.datetime64("2000-01-01", "ns") + np.arange(n_item) * np.timedelta64(1, "D")),
        # The side on which a state at the upper end votes; it determines the orientation.
        "us_vote": ("item", np.where(discrimination > 0, "yes", "no")),
    }
    votes = xr.Dataset({"counts": (("item", "state", "response"), counts)}, coords)
    truth = xr.Dataset(
        {
            "ideal_point": ("state", ideal_point),
            "discrimination": ("item", discrimination),
            "cutpoint": (("item", "threshold"), cutpoint),
        },
        {"state": coords["state"], "item": coords["item"], "threshold": ["lower", "upper"]},
    )
    return votes, truth


def simulate_panel(
    *,
    n_state: int = 190,
    guarantee_effect: float = 1.5,
    alignment_effect: float = 0.8,
    alignment_by_guarantee: float = 1.0,
    seed: int,
) -> tuple[xr.Dataset, xr.DataArray, xr.Dataset]:
    """Simulate two coalitions, the alignment of the states, and the true average effects.

    Richer states are more often protected and join more often, protected states are more aligned with the
    leader, and joining depends on all three: a comparison of raw means is biased by construction.

    Parameters
    ----------
    n_state : int
        States in each case.
    guarantee_effect, alignment_effect : float
        Effect of a pact, logits, and slope of alignment, logits per standard deviation, in both cases.
    alignment_by_guarantee : float
        Effect of a pact on alignment, standard deviations.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    panel : xr.Dataset
        As from ``data.load.load_panel``.
    alignment : xr.DataArray
        True alignment (case, state), standard deviations.
    truth : xr.Dataset
        (case,): mean change over states in the probability of joining: ``ame_pact_direct`` (alignment held),
        ``ame_pact_total`` (alignment changes too), ``ame_pact_indirect`` (only alignment changes, with a
        pact); and ``alignment_pact``.
    """
    rng = np.random.default_rng(seed)
    cases, levels = ["iraq", "isis"], ["none", "rio", "pact"]
    shape = (len(cases), n_state)
    region_idx = rng.integers(len(REGIONS), size=n_state)
    log_gdp = rng.normal(9, 1.2, size=n_state) + rng.normal(0, 0.1, size=shape)
    log_distance = np.broadcast_to(rng.normal(9, 0.5, size=n_state), shape)
    wealth = standardise(log_gdp)
    chance = 1 / (1 + np.exp(1.2 - wealth[0]))
    guarantee = np.where(rng.random(n_state) < chance, 2, np.where(rng.random(n_state) < 0.15, 1, 0))
    pact = (guarantee == 2).astype(float)
    noise = 0.6 * wealth + rng.normal(0, 0.7, size=shape)
    alignment = noise + alignment_by_guarantee * pact
    region_effect = rng.normal(0, 0.4, size=(len(cases), len(REGIONS)))[:, region_idx]
    rest = np.array([-1.0, -0.8])[:, None] + 0.5 * wealth + region_effect + rng.normal(0, 0.4, size=n_state)

    def probability(has_pact, position):
        return 1 / (1 + np.exp(-(rest + guarantee_effect * has_pact + alignment_effect * position)))

    joined = (rng.random(shape) < probability(pact, alignment)).astype(float)
    direct = (probability(1, alignment) - probability(0, alignment)).mean(1)
    total = (probability(1, noise + alignment_by_guarantee) - probability(0, noise)).mean(1)
    indirect = (probability(1, noise + alignment_by_guarantee) - probability(1, noise)).mean(1)
    coords = {
        "case": cases,
        "state": [f"S{i:03d}" for i in range(n_state)],
        "covariate": ["gdp_per_capita", "distance"],
        "region": ("state", np.array(REGIONS)[region_idx]),
        "subregion": ("state", name_subregions(region_idx)),
    }
    panel = xr.Dataset(
        {
            "joined": (("case", "state"), joined),
            "included": (("case", "state"), np.ones(shape, dtype=bool)),
            "guarantee": (
                ("case", "state"),
                np.broadcast_to(np.array(levels)[guarantee], shape),
                {"levels": levels},
            ),
            "covariates_transformed": (
                ("case", "state", "covariate"),
                np.stack([log_gdp, log_distance], -1),
            ),
        },
        coords,
    )
    alignment = xr.DataArray(
        alignment, dims=("case", "state"), coords={k: coords[k] for k in ("case", "state")}
    )
    truth = xr.Dataset(
        {
            "ame_pact_direct": ("case", direct),
            "ame_pact_total": ("case", total),
            "ame_pact_indirect": ("case", indirect),
            "alignment_pact": ("case", np.full(len(cases), alignment_by_guarantee)),
        },
        {"case": cases},
    )
    return panel, alignment, truth


def name_subregions(region_idx: np.ndarray) -> np.ndarray:
    """Deal the states of each region (state,) out to four subregions, and return their names (state,)."""
    place = np.array([(region_idx[:i] == region).sum() % 4 for i, region in enumerate(region_idx)])
    return np.array(
        [f"{REGIONS[region]} {number + 1}" for region, number in zip(region_idx, place, strict=True)]
    )
