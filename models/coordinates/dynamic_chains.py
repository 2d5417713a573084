"""Where chains of the dynamic model begin: about a start, at more than the posterior's width from it."""

from collections.abc import Callable

import numpy as np

from models.coordinates.dynamic_mode import DynamicStart
from models.coordinates.layout import Layout
from models.coordinates.paths import lay_out_walks, locate_paths

WIDTH = 1.5
"""Standard deviation of chains' starts around a start, in standard deviations of the posterior."""
STEP, FLATTEST = 1e-3, 0.1
"""Step of differences of gradients, and the smallest curvature that is believed."""


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
    # Whitened positions have about unit width, whatever the curvature at this point.
    del parts["whitened_position"]
    return point + WIDTH * measure_widths(gradient, point, parts) * rng.normal(size=len(point))


def measure_widths(
    gradient: Callable[[np.ndarray], np.ndarray], point: np.ndarray, parts: dict[str, slice]
) -> np.ndarray:
    """Posterior sd (parameter,) of each parameter given the others, from differences of gradients.

    ``parts`` are the variables' places in the vector. The elements of a variable must hardly depend on each
    other given the rest: one difference then gives the curvatures of all.
    """
    width = np.ones(len(point))
    for place in parts.values():
        step = np.zeros(len(point))
        step[place] = STEP
        curvature = (gradient(point - step) - gradient(point + step))[place] / (2 * STEP)
        width[place] = 1 / np.sqrt(np.maximum(curvature, FLATTEST))
    return width
