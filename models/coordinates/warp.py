"""Smooth warps of the axis of positions: movements of a session's states and items that votes cannot see.

Votes identify positions relative to each other and to the items. The states of several sessions may all
shift, spread or bend a little if the items move along; only the random walk and repeated resolutions limit
this. The sampler is slow in such directions, so they get coordinates of their own: for each shape (shift,
spread, bend: polynomials of the starting positions) a curve over sessions (cosines).
"""

from typing import NamedTuple

import numpy as np

MOST_CURVES, DEGREE = 40, 3
"""Maximum number of curves, and highest power of the position."""
REACH = 2.5
"""Items further out, in standard deviations of their session, follow the shape at this point."""


class Warp(NamedTuple):
    """Shapes and curves. A warp is ``curve @ coefficient``: a weight for each session and shape.

    Attributes
    ----------
    curve : np.ndarray
        (session, curve), float: cosines from slow to fast, orthonormal.
    state_shape : np.ndarray
        (position, shape), float: value of each shape at the starting position; orthonormal within each
        session (mean over states).
    item_shape, item_slope : np.ndarray
        (item, shape), float: value and derivative at the item's centre in its home session.
    """

    curve: np.ndarray
    state_shape: np.ndarray
    item_shape: np.ndarray
    item_slope: np.ndarray


def compute_warp(
    position: np.ndarray, session_idx: np.ndarray, centre: np.ndarray, home_idx: np.ndarray
) -> Warp:
    """Compute shapes and curves for starting positions (position,).

    An item (item,) divides the states at ``centre`` and follows the shapes of the session ``home_idx``.
    """
    n_session, power = session_idx.max() + 1, np.arange(DEGREE + 1)
    time, frequency = np.arange(n_session)[:, None] + 0.5, np.arange(min(n_session, MOST_CURVES))
    curve = np.cos(np.pi * time * frequency / n_session)
    curve /= np.sqrt((curve**2).sum(0))
    state_shape = np.empty((len(position), DEGREE + 1))
    item_shape, item_slope = np.empty((2, len(centre), DEGREE + 1))
    for session in range(n_session):
        own, items = session_idx == session, home_idx == session
        location, spread = position[own].mean(), max(position[own].std(), 1e-3)
        u = ((position[own] - location) / spread)[:, None] ** power
        # The small addition keeps the moments invertible where few states do not determine a cubic.
        moments = u.T @ u / own.sum() + 1e-6 * np.eye(DEGREE + 1)
        coefficient = np.linalg.inv(np.linalg.cholesky(moments))
        state_shape[own] = u @ coefficient.T
        at = np.clip((centre[items] - location) / spread, -REACH, REACH)[:, None]
        item_shape[items] = at**power @ coefficient.T
        item_slope[items] = power[1:] * at ** power[:-1] @ coefficient[:, 1:].T / spread
    return Warp(curve, state_shape, item_shape, item_slope)
