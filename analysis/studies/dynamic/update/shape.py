"""The normal shape of a window's posterior about its mode: coordinates, and what is told of the past.

Items do not depend on each other given positions. Their block of second derivatives is therefore made of
small ones, and only positions need a large factor.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from analysis.studies.dynamic.update.mode import Mode
from analysis.studies.dynamic.update.stored import Linked, Stored, find, measure_spreads, take_rest
from analysis.studies.dynamic.update.window import STEP, Window, evaluate, measure_moves, split, sum_scales

KINDS = 3
"""Unknowns of an item: slope, anchor and log gap."""
LEAST, LEAST_NARROWED = 1e-2, 0.5
"""Least precision of an unknown of an item in its own direction; and of a direction of the past after new
votes, where it was 1 before."""


class Shape(NamedTuple):
    """Coordinates z in which the window's unknowns are nearly independent, with unit spread about 0.

    Attributes
    ----------
    middle : np.ndarray
        (unknown,), float: the mode.
    of_position, of_item : np.ndarray
        (position, position), (unknown of items, position), float32: how each moves with the z of positions.
    own : np.ndarray
        (item, 3, 3): how an item moves with its own z.
    """

    middle: np.ndarray
    of_position: np.ndarray
    of_item: np.ndarray
    own: np.ndarray

    def place(self, z: np.ndarray) -> np.ndarray:
        """Return the unknowns at z."""
        n, m = len(self.of_position), len(self.own)
        shared = z[:n].astype(np.float32)
        own = np.einsum("ijk,ik->ij", self.own, z[n:].reshape(m, KINDS))
        moved = np.concatenate([self.of_position @ shared, self.of_item @ shared])
        moved = moved.astype(float)
        moved[n:] += own.T.ravel()
        return self.middle + moved

    def pull(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient by z, given that by the unknowns."""
        n, m = len(self.of_position), len(self.own)
        small = gradient.astype(np.float32)
        shared = small[:n] @ self.of_position + small[n:] @ self.of_item
        own = np.einsum("ijk,ij->ik", self.own, gradient[n:].reshape(KINDS, m).T)
        return np.concatenate([shared.astype(float), own.ravel()])


def find_shape(window: Window, stored: Stored, linked: Linked, mode: Mode) -> Shape:
    """Measure second derivatives at the mode, by differences of gradients, and factor them."""
    rest, scale = take_rest(window, stored, linked, None), stored.session_log_sd_scale
    n, m = len(window.votes.position), len(window.layout.item)

    def curve(step: np.ndarray) -> np.ndarray:
        ahead, behind = (
            evaluate(mode.x + sign * step, window, rest, mode.centre, linked.grid, scale)[1]
            for sign in (1, -1)
        )
        return (behind - ahead) / (2 * STEP)

    of_position = np.empty((n, n + KINDS * m))
    for p in range(n):
        step = np.zeros(len(mode.x))
        step[p] = STEP
        of_position[p] = curve(step)
    blocks = np.empty((m, KINDS, KINDS))
    for k in range(KINDS):
        step = np.zeros(len(mode.x))
        step[n + k * m : n + (k + 1) * m] = STEP
        blocks[:, :, k] = curve(step)[n:].reshape(KINDS, m).T
    # Away from the optimum of one item an answer that nobody gave may bend the wrong way.
    value, vector = np.linalg.eigh((blocks + blocks.transpose(0, 2, 1)) / 2)
    value = np.maximum(value, LEAST)
    inverse = np.einsum("ijk,ik,ilk->ijl", vector, 1 / value, vector)
    cross = of_position[:, n:].reshape(n, KINDS, m).transpose(0, 2, 1)
    taken = np.einsum("pij,ijk->pik", cross, inverse)
    joint = of_position[:, :n] - taken.reshape(n, -1) @ cross.reshape(n, -1).T
    root = take_root((joint + joint.T) / 2)
    of_item = -np.tensordot(taken, root, (0, 0)).transpose(1, 0, 2).reshape(KINDS * m, n)
    own = np.linalg.cholesky(inverse)
    return Shape(mode.x, root.astype(np.float32), of_item.astype(np.float32), own)


def take_root(precision: np.ndarray) -> np.ndarray:
    """Return R with R R' the inverse of a precision matrix of positions.

    With scales of movement summed out, a path of few moves may bend the wrong way at the mode; there the
    precision is taken to be that of a position with a standard deviation of 1.
    """
    try:
        return solve_triangular(cholesky(precision, lower=True), np.eye(len(precision)), lower=True).T
    except LinAlgError:
        value, vector = np.linalg.eigh(precision)
        return vector / np.sqrt(np.maximum(value, 1.0))


def measure_past(
    window: Window, stored: Stored, linked: Linked, shape: Shape
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the window's votes tell of the positions that are held: gradient and precision.

    Both are over those positions of ``stored`` that are held: (held,) and (held, held), at the mean of the
    draws.
    """
    rest = take_rest(window, stored, linked, None)
    edge, position = np.flatnonzero(linked.held >= 0), split(shape.middle, window)[0]
    move, moved = measure_moves(position, rest.held, window)
    state = window.layout.state_idx
    square = np.bincount(state[moved], move[moved] ** 2 / window.elapsed[moved], len(rest.square))
    precision = sum_scales(rest.square + square, window.n_move, rest.step, linked.grid)[1]
    weight = precision[state[edge]] / window.elapsed[edge]
    root = shape.of_position[edge].astype(float)
    precision = np.diag(weight) - weight[:, None] * (root @ root.T) * weight
    return weight * (shape.middle[edge] - rest.held[edge]), precision


class Past(NamedTuple):
    """What new votes tell of the positions that are held, along directions that do not depend on each other.

    Attributes
    ----------
    place : np.ndarray
        (draw, direction), float: where each draw of the fit lies; mean 0, sd 1.
    pull, precision : np.ndarray
        (direction,), float: the log probability of the new votes is ``pull s - precision s^2 / 2``.
    """

    place: np.ndarray
    pull: np.ndarray
    precision: np.ndarray


def tell_past(
    window: tuple[Window, Linked, Shape], before: tuple[Window, Linked, Shape], stored: Stored
) -> Past:
    """Find what new votes tell of the positions that are held; all else is integrated out.

    ``window`` has old and new votes, ``before`` the old ones alone. In the normal approximation.
    """
    held = np.unique(np.concatenate([linked.held[linked.held >= 0] for _, linked, _ in (window, before)]))
    gradient, precision = np.zeros(len(held)), np.zeros((len(held), len(held)))
    for sign, (own, linked, shape) in ((1, window), (-1, before)):
        at = find(linked.held[linked.held >= 0], held)
        pull, told = measure_past(own, stored, linked, shape)
        gradient[at] += sign * pull
        precision[np.ix_(at, at)] += sign * told
    away = stored.position[:, held] - stored.position[:, held].mean(0)
    value, vector = np.linalg.eigh(np.cov(away.T))
    kept = value > 1e-10 * value.max()
    value, vector = value[kept], vector[:, kept]
    root = vector * np.sqrt(value)
    told, turn = np.linalg.eigh(root.T @ precision @ root)
    return Past(away @ (vector / np.sqrt(value)) @ turn, turn.T @ (root.T @ gradient), told)


def move_past(past: Past, stored: Stored, begin: int) -> Stored:
    """Move the positions before a window to where the new votes have them.

    Along each direction the draws are shifted and scaled as a normal distribution would be. Earlier positions
    follow as they do in the draws of the fit, by linear regression (an ensemble smoother: Evensen and van
    Leeuwen 2000, doi:10.1175/1520-0493(2000)128<1852:AEKSFN>2.0.CO;2).
    """
    narrowed = np.maximum(1 + past.precision, LEAST_NARROWED)
    shift = past.pull / narrowed + past.place * (1 / np.sqrt(narrowed) - 1)
    layout = stored.layout
    earlier = layout.session[layout.session_idx] < begin
    position = stored.position.copy()
    away = position[:, earlier] - position[:, earlier].mean(0)
    position[:, earlier] += shift @ (past.place.T @ away) / (len(away) - 1)
    return stored._replace(position=position, spread=measure_spreads(position, layout))
