"""The draws of the dynamic model in the schema of ArviZ: a state in a session can be left out."""

import numpy as np
import xarray as xr
from scipy.special import expit

from analysis.posterior.schema.integrated import softplus
from analysis.posterior.schema.positions import OBSERVED, compute_log_priors
from models.coordinates.layout import prepare_layout
from models.coordinates.start import prepare_direction
from models.spec import DynamicIdealPointSpec

OF_ITEMS = ("session", "date", "issue", "us_vote", "match_group", "title")
WHAT = "of a state in a session, given its position there and the resolutions"


def build_dynamic_tree(
    idata: xr.DataTree, votes: xr.Dataset, spec: DynamicIdealPointSpec, seed: int
) -> xr.DataTree:
    """Add to a fit of the dynamic model the groups that ArviZ's functions ask for.

    Parameters
    ----------
    idata : xr.DataTree
        ``posterior`` and ``sample_stats`` (chain, draw, ...), the draws that are stored.
    votes : xr.Dataset
        Votes of all sessions, see ``data.load.load_record_votes``.
    spec : DynamicIdealPointSpec
        Priors.
    seed : int
        Seed of replicated votes.

    Returns
    -------
    xr.DataTree
        ``log_likelihood``, ``posterior_predictive`` and ``observed_data`` with ``votes_with_us`` (position),
        ``log_prior``, and ``constant_data``: state, name, code and session of each position, and what is
        known of each roll call. Attributes of the fit.
    """
    posterior = idata["posterior"].dataset
    layout, side = prepare_layout(votes), prepare_direction(votes)
    counts = votes["counts"].transpose("item", "state", "response").values
    answer = np.where(counts.any(-1), counts.argmax(-1), -1).astype(np.int8)
    draws = {
        name: posterior[name].transpose("chain", "draw", ...).values.astype(np.float32)
        for name in ("ideal_point", "discrimination", "cutpoint")
    }
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in draws.items()}
    log, replicated, seen = sum_votes(flat, answer, side, layout, np.random.default_rng(seed))
    labels = {dim: posterior[dim] for dim in ("chain", "draw", "position")}
    shape = tuple(posterior.sizes[dim] for dim in labels)
    groups = {
        "posterior": posterior,
        "sample_stats": idata["sample_stats"].dataset,
        "log_likelihood": xr.Dataset(
            {OBSERVED: (tuple(labels), log.reshape(shape))}, labels, {"description": f"All votes {WHAT}."}
        ),
        "posterior_predictive": xr.Dataset({OBSERVED: (tuple(labels), replicated.reshape(shape))}, labels),
        "observed_data": xr.Dataset({OBSERVED: ("position", seen)}, {"position": posterior["position"]}),
        "log_prior": compute_log_priors(posterior, spec),
        "constant_data": describe_record(votes, layout, posterior),
    }
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = dict(idata.attrs)
    return tree


def sum_votes(
    draws: dict[str, np.ndarray], answer: np.ndarray, side: np.ndarray, layout, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum over the votes of each state in each session.

    Parameters
    ----------
    draws : dict of np.ndarray
        ``ideal_point`` (sample, position), ``discrimination`` (sample, resolution), ``cutpoint`` (sample,
        resolution, threshold).
    answer : np.ndarray
        (roll call, state), int: 0 no, 1 abstain, 2 yes, -1 missing.
    side : np.ndarray
        (roll call,): 1 if the US said yes, -1 no, 0 neither.
    layout : Layout
    rng : np.random.Generator

    Returns
    -------
    log, replicated, seen : np.ndarray
        Log probability of the votes (sample, position), float32; votes with the US as replicated (sample,
        position), int16, and as cast (position,), int16.
    """
    place = draws["ideal_point"]
    log, replicated = np.zeros(place.shape, np.float32), np.zeros(place.shape, np.int16)
    seen, number = np.zeros(place.shape[1], np.int16), np.full(layout.sat.shape, -1)
    number[layout.session_idx, layout.state_idx] = np.arange(place.shape[1])
    for call, item in enumerate(layout.item_idx):
        voted = np.flatnonzero(answer[call] >= 0)
        at, given = number[layout.row_session_idx[call], voted], answer[call, voted]
        reaction = draws["discrimination"][:, item, None] * place[:, at]
        cutpoint = draws["cutpoint"][:, item]
        lower, upper = reaction - cutpoint[:, :1], reaction - cutpoint[:, 1:]
        apart = np.maximum(cutpoint[:, 1:] - cutpoint[:, :1], np.float32(1e-12))
        abstain = -softplus(-lower) - softplus(upper) + np.log(-np.expm1(-apart))
        log[:, at] += np.where(given == 2, -softplus(-upper), np.where(given == 1, abstain, -softplus(lower)))
        if side[call]:
            chance = expit(upper) if side[call] > 0 else expit(-lower)
            replicated[:, at] += rng.random(chance.shape, np.float32) < chance
            seen[at] += given == (2 if side[call] > 0 else 0)
    return log, replicated, seen


def describe_record(votes: xr.Dataset, layout, posterior: xr.Dataset) -> xr.Dataset:
    """Return what is known of each position and of each roll call."""
    of_position = {"state": votes["state"].values[layout.state_idx]}
    of_position |= {
        name: votes[name].values[layout.state_idx] for name in ("name", "ccode") if name in votes.coords
    }
    of_position["session"] = layout.session[layout.session_idx]
    known = {f"of_{name}": ("position", values) for name, values in of_position.items()}
    known |= {name: ("item", votes[name].values) for name in OF_ITEMS if name in votes.coords}
    return xr.Dataset(known, {"position": posterior["position"], "item": votes["item"].values})
