"""The coordinates in which the dynamic model's paths are sampled; the posterior does not depend on them."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from models.coordinates.dynamic_mode import DynamicStart
from models.coordinates.items import ItemWarp
from models.coordinates.layout import Layout
from models.coordinates.walks import Walks, prepare_walks, unwhiten_walks, weigh_scales, whiten_walks
from models.coordinates.warp import compute_warp


def place_paths(
    step_log_mean, step_log_sd, start: DynamicStart, layout: Layout, warp_gauge_scale: float
) -> tuple:
    """Add scales of movement and paths to the model in context.

    Log scales of a move are Normal(``step_log_mean``, ``step_log_sd``) over states. ``warp_gauge_scale`` is
    the normal scale that holds the coordinates of whole sessions to what the single paths share with them.

    Returns
    -------
    step_log : vector (state,)
        Log sd of a state's move, with its prior.
    position : vector (position,)
        Raw positions, with a flat prior.
    item_warp : ItemWarp
        How items move with the sessions in which they were voted on.
    """
    walks = lay_out_walks(start, layout)
    warp = compute_warp(start.position, layout.session_idx, start.centre, layout.home_idx)

    # Scales. A state whose votes identify its scale is sampled centred, the others relative to the mean.
    begin, centring = locate_paths(start, start, walks)
    own_scale = pm.Data("centring", centring)
    step_partial = pm.Normal(
        "step_partial",
        own_scale * step_log_mean,
        step_log_sd**own_scale,
        dims="state",
        initval=begin["step_partial"],
    )
    step_log = step_log_mean + step_log_sd ** (1 - own_scale) * (step_partial - own_scale * step_log_mean)

    # Paths, in coordinates that are nearly independent of the scales.
    whitened = pm.Flat("whitened_position", dims="position", initval=begin["whitened_position"])
    # Arrays are data, not constants: large constants cannot be kept in the cache of compiled code.
    walks = Walks(*(pm.Data(f"walks_{n}", x) for n, x in zip(walks._fields, walks, strict=True)))
    # Whole sessions can move together, seen by the votes only relative to the items, which follow. These
    # movements get coordinates of their own. They repeat what the paths say and are held to it.
    coefficients = (warp.curve.shape[1], warp.state_shape.shape[1])
    warp_weight = pm.Flat("warp_weight", shape=coefficients, initval=np.zeros(coefficients))
    session_warp = pt.dot(warp.curve, warp_weight)
    state_shape = pm.Data("state_shape", warp.state_shape)
    shift = (session_warp[layout.session_idx] * state_shape).sum(-1)
    position, log_jacobian = unwhiten_walks(whitened, pt.exp(-2 * step_log), shift, walks)
    pm.Potential("paths_jacobian", log_jacobian)
    strayed = (position - start.position) / layout.sat.sum(1)[layout.session_idx]
    share = pt.inc_subtensor(pt.zeros_like(session_warp)[layout.session_idx], strayed[:, None] * state_shape)
    held = pm.Normal.dist(pt.dot(warp.curve.T, share), warp_gauge_scale)
    pm.Potential("warp_gauge", pm.logp(held, warp_weight).sum())
    item_warp = ItemWarp(session_warp[layout.home_idx], warp.item_shape, warp.item_slope)
    return step_log, position, item_warp


def lay_out_walks(start: DynamicStart, layout: Layout) -> Walks:
    """Lay out the paths, with the votes' estimates of a start."""
    return prepare_walks(
        layout.state_idx, layout.previous_idx, layout.elapsed, start.information, start.votes_position
    )


def locate_paths(at: DynamicStart, start: DynamicStart, walks: Walks) -> tuple[dict, np.ndarray]:
    """Return paths and scales of one start in the coordinates made from another, and the scales' centring."""
    typical, spread = start.step_log_mean, start.step_log_sd
    centring = weigh_scales(walks, np.exp(start.step_log), spread)
    return {
        "step_partial": centring * typical + (at.step_log - typical) * spread ** (centring - 1),
        "whitened_position": whiten_walks(at.position, np.exp(-2 * at.step_log), walks),
    }, centring
