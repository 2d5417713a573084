"""Covariances of errors that go together: how they are placed, and drawn given what they are covariances of.

Every covariance is a matrix over axes; its standard deviations have half Student t priors with ``SCALE_DF``
degrees of freedom, its correlations are uniform (Huang and Wand 2013, doi:10.1214/13-BA815). The first dim of
every array is the chain.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SCALE_DF = 2.0
POINTS = 16
"""Sizes of a covariance among which one is chosen at a time."""


@dataclass(frozen=True, kw_only=True)
class ErrorPriors:
    """Half Student t scales of the standard deviations of u, g and e; None leaves u or g out.

    ``tail_df`` are the degrees of freedom of the errors; None makes them normal.
    """

    state_scale: float | None
    group_scale: float | None
    residual_scale: float
    tail_df: float | None


@dataclass
class Sweep:
    """State of the chains: (chain, ...). ``coefficient`` holds b and g along one dim."""

    coefficient: np.ndarray
    weight: np.ndarray
    state: np.ndarray
    group: np.ndarray
    residual: np.ndarray


def place_covariance(state: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Return V (..., case and axis, case and axis) of a state that is in all cases, at weight 1.

    ``state`` is (..., axis, axis), ``residual`` (..., case, axis, axis).
    """
    n_case = residual.shape[-3]
    ones, eye = np.ones((n_case, n_case)), np.eye(n_case)
    whole = np.einsum("cd,...ab->...cadb", ones, state) + np.einsum("cd,...cab->...cadb", eye, residual)
    return whole.reshape(*state.shape[:-2], n_case * state.shape[-1], -1)


def whiten(whole: np.ndarray, rows_of: list[np.ndarray]) -> np.ndarray:
    """Return R with R'R = V^-1 for each pattern of cases, (chain, pattern, row, row); 0 where absent.

    ``whole`` is V (chain, row, row), ``rows_of`` lists the rows of each pattern.
    """
    roots = np.zeros((len(whole), len(rows_of), *whole.shape[1:]))
    for number, rows in enumerate(rows_of):
        at = np.ix_(np.arange(len(whole)), rows, rows)
        roots[:, number][at] = np.linalg.inv(np.linalg.cholesky(whole[at]))
    return roots


def choose_factor(n_chain: int, log_density: Callable, rng: np.random.Generator) -> np.ndarray:
    """Draw for each chain a number by which to multiply standard deviations, from its distribution.

    The present size takes a random place among points at equal distances; one of them is drawn by its
    density. ``log_density`` takes factors (chain, point), and counts the change of volume.
    """
    step = np.exp(rng.uniform(np.log(0.02), np.log(0.5), size=(n_chain, 1)))
    factor = np.exp((np.arange(POINTS) - rng.integers(POINTS, size=(n_chain, 1))) * step)
    density = log_density(factor)
    chosen = (density + rng.gumbel(size=density.shape)).argmax(1)
    return factor[np.arange(n_chain), chosen]


def log_prior_of_axis(covariance: np.ndarray, factor: np.ndarray, scale: float, axis: int) -> np.ndarray:
    """As ``log_prior_of_size``, where the sd on one axis alone is multiplied."""
    inverse = np.diagonal(np.linalg.inv(covariance), axis1=-2, axis2=-1)[:, axis, None]
    rate = np.log(SCALE_DF * inverse / factor**2 + 1 / scale**2)
    size = covariance.shape[-1]
    return (1 - SCALE_DF - size) * np.log(factor) - (SCALE_DF + size) / 2 * rate


def choose_sizes(
    covariance: np.ndarray, scale: float, log_likelihood: Callable, rng: np.random.Generator
) -> np.ndarray:
    """Multiply the sd on each axis in turn by a number drawn from its conditional distribution.

    ``log_likelihood(moved)`` takes covariances (chain, point, axis, axis).
    """
    for axis in range(covariance.shape[-1]):

        def log_density(factor: np.ndarray, last: np.ndarray = covariance, axis: int = axis) -> np.ndarray:
            prior = log_prior_of_axis(last, factor, scale, axis)
            return log_likelihood(scale_axis(last, factor, axis)) + prior

        factor = choose_factor(len(covariance), log_density, rng)
        covariance = scale_axis(covariance, factor[:, None], axis)[:, 0]
    return covariance


def scale_axis(covariance: np.ndarray, factor: np.ndarray, axis: int) -> np.ndarray:
    """Return covariances (chain, point, axis, axis) with the sd on one axis times factors (chain, point)."""
    moved = np.repeat(covariance[:, None], factor.shape[1], 1)
    moved[..., axis, :] *= factor[..., None]
    moved[..., :, axis] *= factor[..., None]
    return moved


def log_prior_of_size(covariance: np.ndarray, factor: np.ndarray, scale: float) -> np.ndarray:
    """Log prior density (chain, point) of covariances (chain, axis, axis) whose sds are multiplied.

    ``factor`` is (chain, point). With the change of volume, and up to a constant of the chain.
    """
    size = covariance.shape[-1]
    inverse = np.diagonal(np.linalg.inv(covariance), axis1=-2, axis2=-1)[:, None]
    # The auxiliary variables of Huang and Wand are integrated out.
    rates = np.log(SCALE_DF * inverse / factor[..., None] ** 2 + 1 / scale**2).sum(-1)
    return (1 - SCALE_DF - size) * size * np.log(factor) - (SCALE_DF + size) / 2 * rates


def choose_size(
    covariance: np.ndarray, scale: float, log_likelihood: Callable, rng: np.random.Generator
) -> np.ndarray:
    """Multiply covariances (chain, axis, axis) by numbers drawn from their conditional distribution.

    ``log_likelihood(factor, moved)`` takes standard deviations' factors (chain, point) and covariances
    (chain, point, axis, axis).
    """

    def log_density(factor: np.ndarray) -> np.ndarray:
        moved = covariance[:, None] * factor[..., None, None] ** 2
        return log_likelihood(factor, moved) + log_prior_of_size(covariance, factor, scale)

    return covariance * choose_factor(len(covariance), log_density, rng)[:, None, None] ** 2


def draw_covariance(
    last: np.ndarray, effect: np.ndarray, number: int, scale: float | None, rng: np.random.Generator
) -> np.ndarray:
    """Draw a covariance (chain, axis, axis) given ``number`` effects (chain, effect, axis) that have it.

    Without a ``scale`` it stays as it is.
    """
    if scale is None:
        return last
    n_axis = last.shape[-1]
    inverse = np.diagonal(np.linalg.inv(last), axis1=1, axis2=2)
    rate = SCALE_DF * inverse + 1 / scale**2
    auxiliary = rate / rng.gamma((SCALE_DF + n_axis) / 2, size=rate.shape)
    scatter = effect.mT @ effect + 2 * SCALE_DF * np.eye(n_axis) / auxiliary[:, None]
    return _draw_inverse_wishart(SCALE_DF + n_axis - 1 + number, scatter, rng)


def _draw_inverse_wishart(df: float, scatter: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw matrices (chain, axis, axis) whose inverses are Wishart, by Bartlett's decomposition."""
    n_chain, size, _ = scatter.shape
    place = np.arange(size)
    triangle = np.tril(rng.normal(size=scatter.shape), -1)
    triangle[:, place, place] = np.sqrt(rng.chisquare(df - place, size=(n_chain, size)))
    inverse = np.linalg.cholesky(np.linalg.inv(scatter)) @ triangle
    return np.linalg.inv(inverse @ inverse.mT)
