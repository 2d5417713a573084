"""Draws from the priors of joining and of positions, for files that hold prior beside posterior."""

import numpy as np
import xarray as xr
from scipy.special import expit

from models.coordinates.start import prepare_direction
from models.exposure import BY_CAPABILITY, BY_REGION
from models.panel import PanelData
from models.spec import CoalitionSpec, IdealPointSpec

DRAWS = 500
"""Draws of each prior, one chain."""


def draw_joining_prior(
    panel: PanelData, spec: CoalitionSpec, rng: np.random.Generator, *, alignment: bool, draws: int = DRAWS
) -> xr.Dataset:
    """Draw the parameters of joining from their prior, by the names of the model.

    Parameters
    ----------
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    spec : CoalitionSpec
        Levels must be apart, and covariates known.
    rng : np.random.Generator
    alignment : bool
        Whether the model has alignment, on one axis.
    draws : int

    Returns
    -------
    xr.Dataset
        (sample, ...): see ``models.coalition.build_coalition_model``.
    """
    coords = {
        name: list(map(str, getattr(panel, name)))
        for name in ("case", "level", "covariate", "region", "subregion")
    }
    size = {name: len(labels) for name, labels in coords.items()} | {"sample": draws}
    drawn: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}

    def place(name: str, mean, sd, *dims: str) -> np.ndarray:
        values = rng.normal(mean, sd, [size[dim] for dim in ("sample", *dims)])
        drawn[name] = (("sample", *dims), values)
        return values

    def place_sd(name: str, scale: float, *dims: str) -> np.ndarray:
        values = abs(place(name, 0.0, scale, *dims))
        drawn[name] = (("sample", *dims), values)
        return values

    def place_by_case(name: str, scale: float, case_scale: float, *dims: str) -> None:
        mean = place(f"{name}_mean", 0.0, scale, *dims)
        sd = place_sd(f"{name}_case_sd", case_scale, *dims)
        place(name, mean[:, None], sd[:, None], "case", *dims)

    place("intercept", 0.0, spec.intercept_scale, "case")
    place("covariate_slope", 0.0, spec.covariate_scale, "case", "covariate")
    kinds = ("region", "subregion") if spec.geography == "subregion" else ("region",)
    for kind in kinds:
        sd = place_sd(f"{kind}_sd", getattr(spec, f"{kind}_scale"))
        place(f"{kind}_effect", 0.0, sd[:, None, None], "case", kind)
    place_by_case("guarantee_effect", spec.guarantee_scale, spec.guarantee_case_scale, "level")
    if spec.heterogeneity != "none":
        place_by_case(BY_CAPABILITY, spec.interaction_scale, spec.interaction_case_scale, "level")
        sd = place_sd(f"{BY_REGION}_sd", spec.interaction_region_scale)
        # The cases share half of the variance between regions.
        shared = rng.normal(size=(draws, 1, size["level"], size["region"]))
        own = rng.normal(size=(draws, size["case"], size["level"], size["region"]))
        values = sd[:, None, None, None] * (shared + own) / np.sqrt(2)
        drawn[BY_REGION] = (("sample", "case", "level", "region"), values)
    if spec.state_effect:
        place_sd("state_sd", spec.state_scale)
    if alignment:
        place_by_case("alignment_slope", spec.alignment_scale, spec.alignment_case_scale)
    used = {name: coords[name] for name in coords if any(name in dims for dims, _ in drawn.values())}
    return xr.Dataset(drawn, used | {"sample": np.arange(draws)})


def draw_position_prior(
    votes: xr.Dataset, spec: IdealPointSpec, rng: np.random.Generator, draws: int = DRAWS
) -> xr.Dataset:
    """Draw positions and items of one dimension from their prior, by the names of the model.

    Parameters
    ----------
    votes : xr.Dataset
        Votes, see ``data.load.load_votes``: its states, regions and items, and how the US voted.
    spec : IdealPointSpec
    rng : np.random.Generator
    draws : int

    Returns
    -------
    xr.Dataset
        (sample, ...): ``ideal_point``, ``discrimination``, ``cutpoint``, ``region_mean``, ``region_sd`` and
        the means and sds over items. As in the model, positions are standardised, and turned so that the US
        is at the upper end.
    """
    pooled = spec.pooling == "region"
    of_state = votes["region"].values if pooled else np.full(votes.sizes["state"], "World")
    regions, region_idx = np.unique(of_state, return_inverse=True)
    n_item, n_region, n_state = votes.sizes["item"], len(regions), len(region_idx)
    between = abs(rng.normal(0, spec.region_mean_scale, (draws, 1))) if pooled else spec.region_mean_scale
    mean = rng.normal(0, between, (draws, n_region))
    sd = np.exp(rng.normal(0, spec.region_log_sd_scale, (draws, n_region)))
    normal = spec.family == "normal"
    noise = rng.normal(size=(draws, n_state)) if normal else rng.standard_t(spec.family_df, (draws, n_state))
    raw = mean[:, region_idx] + sd[:, region_idx] * noise
    location, scale = raw.mean(1, keepdims=True), raw.std(1, keepdims=True)

    of_items = {
        "discrimination_sd": abs(rng.normal(0, spec.discrimination_scale, draws)),
        "midpoint_mean": rng.normal(spec.midpoint_loc, spec.midpoint_scale, draws),
        "midpoint_sd": abs(rng.normal(0, spec.midpoint_sd_scale, draws)),
        "log_gap_mean": rng.normal(spec.log_gap_loc, spec.log_gap_scale, draws),
        "log_gap_sd": abs(rng.normal(0, spec.log_gap_sd_scale, draws)),
    }
    slope, middle, log_gap = (
        rng.normal(of_items[centre][:, None] if centre else 0.0, of_items[spread][:, None], (draws, n_item))
        for centre, spread in (
            ("", "discrimination_sd"),
            ("midpoint_mean", "midpoint_sd"),
            ("log_gap_mean", "log_gap_sd"),
        )
    )
    half = np.exp(log_gap) / 2
    sign = np.sign((slope * prepare_direction(votes)).sum(1, keepdims=True))
    drawn = {
        "ideal_point": (("sample", "state"), sign * (raw - location) / scale),
        "discrimination": (("sample", "item"), sign * slope),
        "cutpoint": (("sample", "item", "threshold"), np.stack([middle - half, middle + half], -1)),
        "region_mean": (("sample", "region"), sign * (mean - location) / scale),
        "region_sd": (("sample", "region"), sd / scale),
        **{name: (("sample",), values) for name, values in of_items.items()},
    }
    if spec.repeats == "inertia":
        drawn["inertia"] = (("sample",), expit(rng.normal(spec.inertia_loc, spec.inertia_scale, draws)))
    coords = {"state": votes["state"].values, "item": votes["item"].values, "region": regions}
    return xr.Dataset(drawn, coords | {"threshold": ["lower", "upper"], "sample": np.arange(draws)})
