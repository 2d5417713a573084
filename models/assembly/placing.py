"""Place a new voter on the items of a fit: the posterior of one position, given draws of the items."""

from typing import NamedTuple

import numpy as np

WIDE, FINE = 6.0, 8.0
"""Half width of the first grid (standard deviations of the members), of the second (those of the voter)."""
POINTS = 161
CHUNK = 64
"""Draws that are evaluated at once, so that memory stays bounded."""


class Placed(NamedTuple):
    """A voter's position in each draw of the items.

    Attributes
    ----------
    position : np.ndarray
        (draw,), float: one position drawn given each draw of the items.
    log_evidence : np.ndarray
        (draw,), float: log probability of the voter's answers under each draw, the position integrated out.
        Draws are to be weighted by it: the voter's answers also tell something about the items.
    """

    position: np.ndarray
    log_evidence: np.ndarray


def place_voter(
    answer: np.ndarray, discrimination: np.ndarray, cutpoint: np.ndarray, mean: float, sd: float, seed: int
) -> Placed:
    """Return a voter's positions given draws of the items of the graded response model.

    Parameters
    ----------
    answer : np.ndarray
        (item,), int: 0 nay, 1 abstain, 2 yes, -1 missing.
    discrimination : np.ndarray
        (draw, item), float: logits per standard deviation of the members.
    cutpoint : np.ndarray
        (draw, item, 2), float: logits.
    mean, sd : float
        Normal prior of the position, on the scale of the members.
    seed : int
        Seed of the draws within the grid.

    Raises
    ------
    ValueError
        If no answer is given.
    """
    given = answer >= 0
    if not given.any():
        raise ValueError("the voter answered none of the items of the fit")
    answer, slope, cut = answer[given], discrimination[:, given], cutpoint[:, given]
    # The grid that suits the average draw suits all: they differ by little beside a voter's own error.
    wide = np.linspace(mean - WIDE * sd, mean + WIDE * sd, POINTS)
    average = _log_density(wide, answer, slope.mean(0)[None], cut.mean(0)[None], mean, sd)[0]
    mass = np.exp(average - average.max())
    mass /= mass.sum()
    centre = mass @ wide
    width = max(np.sqrt(mass @ (wide - centre) ** 2), wide[1] - wide[0])
    grid = centre + width * np.linspace(-FINE, FINE, POINTS)
    step, parts = grid[1] - grid[0], []
    for begin in range(0, len(slope), CHUNK):
        chunk = slice(begin, begin + CHUNK)
        parts.append(_log_density(grid, answer, slope[chunk], cut[chunk], mean, sd))
    log_density = np.concatenate(parts)
    top = log_density.max(1, keepdims=True)
    cumulative = np.exp(log_density - top).cumsum(1)
    uniform = np.random.default_rng(seed).random(len(slope)) * cumulative[:, -1]
    # Each point stands for its cell of the grid; within a cell the density is taken as level.
    place = [np.interp(u, row, grid + step / 2) for u, row in zip(uniform, cumulative, strict=True)]
    return Placed(np.array(place), top[:, 0] + np.log(cumulative[:, -1] * step))


def _log_density(grid, answer, slope, cut, mean, sd) -> np.ndarray:
    """Log prior and likelihood, (draw, point)."""
    log_density = np.broadcast_to(
        -0.5 * ((grid - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi)), (len(slope), len(grid))
    ).copy()
    for item, each in enumerate(answer):
        eta = slope[:, item, None] * grid
        lower, upper = cut[:, item, 0, None] - eta, cut[:, item, 1, None] - eta
        if each == 0:
            log_density -= np.logaddexp(0, -lower)
        elif each == 2:
            log_density -= np.logaddexp(0, upper)
        else:
            # P = logit^-1(upper) - logit^-1(lower), written so that no small number is a difference.
            gap = -np.expm1(lower - upper)
            log_density += np.log(np.maximum(gap, 1e-300)) - np.logaddexp(0, lower) - np.logaddexp(0, -upper)
    return log_density
