"""Search for the modes of a posterior, and place chains about all of them.

Chains that start together agree even where the posterior has another mode, and R-hat sees nothing. The
search begins at the model's own start and at points far away in every direction.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize
from threadpoolctl import threadpool_limits

from analysis.variants.sampler import derive_seed
from models.coordinates.arrow import Arrow, Gradient, learn_arrow
from models.coordinates.start import WIDTH

FAR = (2.0, 5.0, 10.0, 20.0, 40.0)
"""Spread of the starts of further searches about the first mode, in its standard deviations. Each start is
taken on both sides."""
HEAVY = np.log(1e4)
"""A mode counts if the best one is at most so much heavier, in logs: chains start in it too."""
WALL = 1e10
"""Minus log density where it cannot be computed."""
SAME = 0.5
"""Two modes whose log densities differ by less are one, or mirror images. A climb that a further step would
raise by more has not ended at a mode."""


@dataclass(frozen=True)
class Mode:
    """A place where the posterior is densest, and its shape there.

    Attributes
    ----------
    arrow : Arrow
        Coordinates from the Hessian at the mode.
    height : float
        Log density.
    weight : float
        Log of the mass about it, by Laplace's approximation, up to a constant.
    """

    arrow: Arrow
    height: float
    weight: float


def find_modes(
    evaluate: Gradient, begin: Arrow, seed: int, lowest: np.ndarray | float = -np.inf
) -> list[Mode]:
    """Climb to modes from points apart, and return those that carry weight, the heaviest first.

    Parameters
    ----------
    evaluate : callable
        Log density and gradient by the parameters.
    begin : Arrow
        From ``begin_arrow``.
    seed : int
        Seed of the points.
    lowest : np.ndarray or float
        (parameter,): lowest values; see ``models.coordinates.arrow.Places``.
    """
    # Threads would round differently from machine to machine and worker to worker, for no gain in speed.
    with threadpool_limits(limits=1):
        return _find_modes(evaluate, begin, seed, lowest)


def _find_modes(evaluate: Gradient, begin: Arrow, seed: int, lowest: np.ndarray | float) -> list[Mode]:
    mode, height = climb(evaluate, begin.centre, lowest)
    first = describe_mode(evaluate, begin, mode, height)
    found = [first]
    for _, mode, height in climb_apart(evaluate, first, seed):
        # Mirror images have the same height: one of them stands for both.
        if height > -WALL and all(abs(height - other.height) > SAME for other in found):
            described = describe_mode(evaluate, begin, mode, height)
            if (described.arrow.centre > lowest).all() and is_level(described, evaluate):
                found.append(described)
    found.sort(key=lambda mode: -mode.weight)
    return [mode for mode in found if mode.weight > found[0].weight - HEAVY]


def climb_apart(
    evaluate: Gradient, first: Mode, seed: int, rounds: int = 1
) -> Iterator[tuple[float, np.ndarray, float]]:
    """Climb from points far away from a mode on both sides, ten a round.

    Yields the spread of the start, in standard deviations of the mode, and where the climb ends: parameters
    (parameter,) and log density.
    """
    rng, size = np.random.default_rng(seed), first.arrow.centre.size
    near = first.arrow.evaluate(evaluate)
    for far in FAR * rounds:
        step = far * rng.normal(size=size)
        for side in (1, -1):
            end, height = climb(near, side * step)
            yield far, first.arrow.move(end), height


def describe_mode(evaluate: Gradient, begin: Arrow, mode: np.ndarray, height: float) -> Mode:
    """Return the shape and the mass of the posterior about a mode (parameter,) with the given log density."""
    arrow = learn_arrow(evaluate, begin, mode)
    volume = np.log(np.linalg.det(arrow.block)).sum() + np.linalg.slogdet(arrow.rest)[1]
    return Mode(arrow, height, height + volume)


def is_level(mode: Mode, evaluate: Gradient) -> bool:
    """Return whether a climb ended at the top: a Newton step from there gains less than ``SAME``."""
    gradient = mode.arrow.evaluate(evaluate)(np.zeros(mode.arrow.centre.size))[1]
    return bool(np.isfinite(mode.weight) and gradient @ gradient / 2 < SAME)


def climb(
    evaluate: Gradient, start: np.ndarray, lowest: np.ndarray | float = -np.inf
) -> tuple[np.ndarray, float]:
    """Return the mode above a point, and its log density; ``lowest`` as in ``find_modes``."""

    def descend(point):
        value, gradient = evaluate(point)
        # Far out the density may overflow. A high wall sends the search back; NaN would end it.
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return WALL, np.zeros_like(point)
        return -float(value), -np.asarray(gradient)

    found = minimize(
        descend,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(np.broadcast_to(lowest, start.shape), np.inf),
        options={"maxcor": 20, "maxiter": 3000, "maxfun": 6000, "ftol": 1e-11},
    )
    return found.x, -float(found.fun)


def place_chains(modes: list[Mode], chains: int, seed: int) -> np.ndarray:
    """Place chains about the modes in turn: (chain, parameter), coordinates of the first mode."""
    rng = np.random.default_rng(derive_seed(seed, "starts"))
    away = WIDTH * rng.normal(size=(chains, modes[0].arrow.centre.size))
    at = [modes[0].arrow.locate(mode.arrow.centre) for mode in modes]
    return np.stack([at[chain % len(modes)] + away[chain] for chain in range(chains)])
