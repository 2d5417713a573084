"""The hierarchical graded-response model of one case's votes."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.graded_response import graded_response_logp, prepare_votes
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
    coords = {
        "state": votes["state"].values,
        "item": votes["item"].values,
        "region": regions,
        "threshold": ["lower", "upper"],
    }
    with pm.Model(coords=coords) as model:
        # States: only how they lie relative to each other counts, the raw scale is arbitrary.
        region_mean_sd = pm.HalfNormal("region_mean_sd", spec.region_mean_scale)
        region_offset = pm.Normal("region_offset", dims="region")
        region_log_sd = pm.Normal("region_log_sd", 0, spec.region_log_sd_scale, dims="region")
        raw_region_mean, raw_region_sd = region_mean_sd * region_offset, pt.exp(region_log_sd)
        position = {"mu": raw_region_mean[region_idx], "sigma": raw_region_sd[region_idx], "dims": "state"}
        if spec.family == "normal":
            raw_position = pm.Normal("raw_position", **position)
        else:
            raw_position = pm.StudentT("raw_position", nu=spec.family_df, **position)
        location, scale = raw_position.mean(), raw_position.std()
        standardised = (raw_position - location) / scale

        # Items: how sharply each divides the states, and where.
        discrimination_sd = pm.HalfNormal("discrimination_sd", spec.discrimination_scale)
        raw_discrimination = pm.Normal("raw_discrimination", 0, discrimination_sd, dims="item")
        midpoint_mean = pm.Normal("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale)
        midpoint_sd = pm.HalfNormal("midpoint_sd", spec.midpoint_sd_scale)
        midpoint = pm.Normal("midpoint", midpoint_mean, midpoint_sd, dims="item")
        log_gap_mean = pm.Normal("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale)
        log_gap_sd = pm.HalfNormal("log_gap_sd", spec.log_gap_sd_scale)
        log_gap = pm.Normal("log_gap", log_gap_mean, log_gap_sd, dims="item")
        half_gap = pt.exp(log_gap) / 2
        cutpoint = pm.Deterministic(
            "cutpoint",
            pt.stack([midpoint - half_gap, midpoint + half_gap], axis=-1),
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
        direction = pm.Data("direction", prepare_direction(votes), dims="item")
        orientation = pt.sign(pt.dot(direction, raw_discrimination))
        pm.Deterministic("ideal_point", orientation * standardised, dims="state")
        pm.Deterministic("discrimination", orientation * raw_discrimination, dims="item")
        pm.Deterministic("region_mean", orientation * (raw_region_mean - location) / scale, dims="region")
        pm.Deterministic("region_sd", raw_region_sd / scale, dims="region")
    return model


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
"""Variables that mean something; the raw ones, on an arbitrary scale and side, are not kept."""


def initial_points(votes: xr.Dataset) -> dict[str, np.ndarray]:
    """Where chains begin: states on the leading singular vector of their centred answers.

    Parameters
    ----------
    votes : xr.Dataset
        The contract's votes.

    Returns
    -------
    dict of str to np.ndarray
        ``raw_position`` (state), ``raw_discrimination`` (item), ``midpoint`` (item).
    """
    counts = votes["counts"].values.astype(float)
    answered = counts.sum(-1)
    score = (counts[..., 2] - counts[..., 0]) / np.maximum(answered, 1)
    item_mean = (score * answered).sum(1, keepdims=True) / np.maximum(answered.sum(1, keepdims=True), 1)
    centred = np.where(answered > 0, score - item_mean, 0.0)
    _, _, state_vectors = np.linalg.svd(centred, full_matrices=False)
    position = state_vectors[0] / max(state_vectors[0].std(), 1e-12)
    position = position - position.mean()
    if prepare_direction(votes) @ (centred @ position) < 0:
        position = -position
    slope = centred @ position / len(position)
    return {
        "raw_position": position,
        "raw_discrimination": 3 * slope,
        "midpoint": -np.log((1.05 + item_mean[:, 0]) / (1.05 - item_mean[:, 0])),
    }
