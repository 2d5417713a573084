"""Where chains of the dynamic model begin: about a start, at more than the posterior's width from it."""

from collections.abc import Callable

import numpy as np

from models.coordinates.dynamic_mode import DynamicStart
from models.coordinates.layout import Layout
from models.coordinates.paths import lay_out_walks, locate_paths
from models.coordinates.start import WIDTH

STEP = 1e-3
"""Step of differences of gradients."""
FLATTEST, FLATTEST_SHARED = 1.0, 25.0
"""Smallest curvatures that are believed: of one parameter of many, and of one that all of them share."""
NARROW = 0.01
"""Width of the coordinates of whole sessions, which repeat what the paths say."""


def place_chain(
    first: dict[str, np.ndarray],
    gradient: Callable[[np.ndarray], np.ndarray],
    start: DynamicStart,
    at: DynamicStart,
    layout: Layout,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the unconstrained parameters (parameter,) with which a chain begins.

    Parameters
    ----------
    first : dict of str to np.ndarray
        The initial point of the model built with ``start``: its parameters in order.
    gradient : callable
        Gradient of its log density (parameter,).
    start, at : DynamicStart
        What the coordinates are made from, and where the chain begins.
    layout : Layout
        Numbering of the votes.
    rng : np.random.Generator
        Source of the distance from ``at``, in every direction.
    """
    paths, _ = locate_paths(at, start, lay_out_walks(start, layout))
    beside = start.centre * at.discrimination + (0.5 - start.upper_weight) * np.exp(at.log_gap)
    items = {"relative_discrimination": at.discrimination, "log_gap": at.log_gap}
    values = first | paths | items | {"anchor": at.midpoint - beside}
    ends = np.cumsum([0, *map(np.size, values.values())])
    point = np.concatenate([np.ravel(value) for value in values.values()])
    parts = {name: slice(a, b) for name, a, b in zip(values, ends[:-1], ends[1:], strict=True)}
    width = np.ones(len(point))
    # Whitened positions have about unit width, whatever the curvature at this point.
    del parts["whitened_position"]
    width[parts.pop("warp_weight")] = NARROW
    for place in parts.values():
        width[place] = measure_width(gradient, point, place)
    return point + WIDTH * width * rng.normal(size=len(point))


def measure_width(
    gradient: Callable[[np.ndarray], np.ndarray], point: np.ndarray, place: slice
) -> np.ndarray:
    """Posterior sd of each element of a variable given all else, from one difference of gradients.

    ``place`` is the variable's place in the vector. Its elements must hardly depend on each other given the
    rest.
    """
    step = np.zeros(len(point))
    step[place] = STEP
    curvature = (gradient(point - step) - gradient(point + step))[place] / (2 * STEP)
    flattest = FLATTEST if len(curvature) > 1 else FLATTEST_SHARED
    return 1 / np.sqrt(np.maximum(curvature, flattest))
