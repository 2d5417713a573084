"""The hierarchical graded-response model of one case's votes."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coordinates.start import estimate_start
from models.likelihood.graded_response import graded_response_logp, prepare_votes
from models.spec import IdealPointSpec

US_SIDE = {"yes": 1.0, "abstain": 0.0, "no": -1.0, "absent": 0.0}


def prepare_direction(votes: xr.Dataset) -> np.ndarray:
    """On each item, the answer at whose end the United States stands.

    Returns
    -------
    np.ndarray
        (item,), float: 1 the last response (yes, or with the US), -1 the first, 0 neither.
    """
    if votes["response"].values[-1] == "with":
        return np.ones(votes.sizes["item"])
    return np.array([US_SIDE[str(vote)] for vote in votes["us_vote"].values])


def build_ideal_point_model(votes: xr.Dataset, spec: IdealPointSpec) -> pm.Model:
    """Positions of states from their ordered votes, pooled within regions.

    Parameters
    ----------
    votes : xr.Dataset
        The contract's votes: ``counts`` (item, state, response), int >= 0, with the coordinates
        ``region`` (state) and, where responses are no/abstain/yes, ``us_vote`` (item).
    spec : IdealPointSpec
        Priors and choices.

    Returns
    -------
    pm.Model
        Deterministics that mean something and are saved: ``ideal_point`` (state; mean 0, sd 1 over the
        sample, high = where the US votes), ``discrimination`` (item; logits per sd), ``cutpoint`` (item,
        threshold; logits), ``region_mean`` and ``region_sd`` (region; on the scale of ``ideal_point``).

    Notes
    -----
    Samejima (1969) graded responses; a position is standardised within the graph, so location and scale
    are definitions. The mirror image is resolved by ``orientation``, which the likelihood does not see:
    both images give the same saved variables. See models/README.md.
    """
    regions, region_idx = np.unique(
        votes["region"].values if spec.pooling == "region" else np.full(votes.sizes["state"], "World"),
        return_inverse=True,
    )
    direction = prepare_direction(votes)
    start = estimate_start(votes["counts"].values, direction)
    coords = {
        "state": votes["state"].values,
        "item": votes["item"].values,
        "region": regions,
        "threshold": ["lower", "upper"],
    }
    # A spec is checked when it is made: no need to check its numbers at every step.
    with pm.Model(coords=coords, check_bounds=False) as model:
        # Arrays of the votes are data, not constants: other votes of the same shape need no new compilation.
        region_idx = pm.Data("region_idx", region_idx, dims="state")
        centre = pm.Data("centre", start.centre, dims="item")
        upper_weight = pm.Data("upper_weight", start.upper_weight, dims="item")
        # States: only how they lie relative to each other counts, the raw scale is arbitrary.
        # One group has no others to lie apart from: a spread of its own would be a funnel.
        region_mean_sd = (
            spec.region_mean_scale
            if spec.pooling == "world"
            else pm.HalfNormal("region_mean_sd", spec.region_mean_scale)
        )
        region_offset = pm.Normal("region_offset", dims="region")
        region_log_sd = pm.Normal("region_log_sd", 0, spec.region_log_sd_scale, dims="region")
        raw_region_mean, raw_region_sd = region_mean_sd * region_offset, pt.exp(region_log_sd)
        position = {
            "mu": raw_region_mean[region_idx],
            "sigma": raw_region_sd[region_idx],
            "dims": "state",
            "initval": start.position,
        }
        if spec.family == "normal":
            raw_position = pm.Normal("raw_position", **position)
        else:
            raw_position = pm.StudentT("raw_position", nu=spec.family_df, **position)
        location, scale = raw_position.mean(), raw_position.std()
        standardised = (raw_position - location) / scale
        # Votes do not see location and scale: without this the sampler would roam along them.
        pm.Potential("gauge", pm.logp(pm.Normal.dist(0, spec.gauge_scale), location))
        pm.Potential("gauge_spread", pm.logp(pm.Normal.dist(0, spec.gauge_scale), pt.log(scale)))

        # Items: how sharply each divides the states, how far apart its cutpoints lie, and where. The sampler
        # sees the place as an anchor beside the divide and the better known cutpoint, where it is nearly
        # independent of slope and gap; the prior is that of the cutpoints' midpoint.
        discrimination_sd = pm.HalfNormal("discrimination_sd", spec.discrimination_scale)
        raw_discrimination = pm.Normal(
            "raw_discrimination", 0, discrimination_sd, dims="item", initval=start.discrimination
        )
        if votes["counts"].values[..., 1].any():
            log_gap_mean = pm.Normal("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale)
            log_gap_sd = pm.HalfNormal("log_gap_sd", spec.log_gap_sd_scale)
            gap = pt.exp(pm.Normal("log_gap", log_gap_mean, log_gap_sd, dims="item"))
        else:
            # Nobody ever answered in the middle: of a gap nothing could be learned, and the model is binary.
            gap = pm.Data("gap", np.full(votes.sizes["item"], NO_GAP), dims="item")
        midpoint_mean = pm.Normal("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale)
        midpoint_sd = pm.HalfNormal("midpoint_sd", spec.midpoint_sd_scale)
        beside_midpoint = centre * raw_discrimination + (0.5 - upper_weight) * gap
        anchor = pm.Normal(
            "anchor",
            midpoint_mean - beside_midpoint,
            midpoint_sd,
            dims="item",
            initval=start.midpoint - start.centre * start.discrimination,
        )
        midpoint = anchor + beside_midpoint
        cutpoint = pm.Deterministic(
            "cutpoint",
            pt.stack([midpoint - gap / 2, midpoint + gap / 2], axis=-1),
            dims=("item", "threshold"),
        )

        pm.Potential(
            "votes",
            graded_response_logp(
                standardised,
                raw_discrimination,
                cutpoint,
                prepare_votes(votes["counts"].values).as_shared(),
                implementation=spec.likelihood,
            ),
        )

        # Mirror image: the upper end is the one at which the US votes.
        direction = pm.Data("direction", direction, dims="item")
        orientation = pt.sign(pt.dot(direction, raw_discrimination))
        pm.Deterministic("ideal_point", orientation * standardised, dims="state")
        pm.Deterministic("discrimination", orientation * raw_discrimination, dims="item")
        pm.Deterministic("region_mean", orientation * (raw_region_mean - location) / scale, dims="region")
        pm.Deterministic("region_sd", raw_region_sd / scale, dims="region")
    return model


NO_GAP = 1e-9
"""Distance of two cutpoints that are one, logits; the likelihood takes them as ordered."""

SAVED = [
    "ideal_point",
    "discrimination",
    "cutpoint",
    "region_mean",
    "region_sd",
    "discrimination_sd",
    "midpoint_mean",
    "midpoint_sd",
    "log_gap_mean",
    "log_gap_sd",
]
"""Variables that mean something, where the model has them; raw ones, on any scale and side, are not kept."""


def predict_positions(
    posterior: xr.Dataset, regions: np.ndarray, spec: IdealPointSpec, seed: int
) -> np.ndarray:
    """Positions of states that cast no vote: drawn from their region's distribution, draw by draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``region_mean`` and ``region_sd``, dims (sample, region).
    regions : np.ndarray
        (state,), str: region of each state to predict.
    spec : IdealPointSpec
        The spec of the fit.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    np.ndarray
        (sample, state), float, standard deviations of the states of the fit.
    """
    rng = np.random.default_rng(seed)
    names = regions if spec.pooling == "region" else np.full(len(regions), "World")
    mean = posterior["region_mean"].sel(region=names).transpose("sample", "region").values
    sd = posterior["region_sd"].sel(region=names).transpose("sample", "region").values
    noise = (
        rng.normal(size=mean.shape)
        if spec.family == "normal"
        else rng.standard_t(spec.family_df, size=mean.shape)
    )
    return mean + sd * noise
