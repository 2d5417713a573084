"""Coordinates of random walks that are nearly standard normal, whatever the scale of the steps.

Suppose the votes measured each position with a normal error. Given the scale of its steps a path would then
be normal with the tridiagonal precision matrix ``information + structure / step_sd**2 = L L'``. The sampler
moves in ``L' (path - mean)``, which would be standard normal and independent of the scale. The posterior does
not depend on this approximation: the density is that of the path itself, with the Jacobian.
"""

from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt

from models.likelihood.fused import NO_AXES, FusedOp, Output
from models.likelihood.source import kernel

RECURSION = kernel()


class Walks(NamedTuple):
    """Each position's place in its path, and its estimate from the votes alone.

    Attributes
    ----------
    path_idx : np.ndarray
        (position,), int32: number of the path.
    previous_idx : np.ndarray
        (position,), int32: the path's previous position, which has a lower number; -1 at its first.
    link : np.ndarray
        (position,), float: one over the time since the previous position; 0 at a path's first.
    links : np.ndarray
        (position,), float: sum of ``link`` of the position and of the next one.
    information : np.ndarray
        (position,), float > 0: precision of the estimate from the votes alone.
    estimate : np.ndarray
        (position,), float: estimate from the votes alone.
    """

    path_idx: np.ndarray
    previous_idx: np.ndarray
    link: np.ndarray
    links: np.ndarray
    information: np.ndarray
    estimate: np.ndarray


def prepare_walks(
    path_idx: np.ndarray,
    previous_idx: np.ndarray,
    elapsed: np.ndarray,
    information: np.ndarray,
    estimate: np.ndarray,
) -> Walks:
    """Prepare paths; ``elapsed`` (position,) is the time since the previous position, else as ``Walks``."""
    moved = previous_idx >= 0
    link = np.zeros(len(elapsed))
    link[moved] = 1 / elapsed[moved]
    links = link + np.bincount(previous_idx[moved], link[moved], len(link))
    return Walks(path_idx.astype(np.int32), previous_idx.astype(np.int32), link, links, information, estimate)


def unwhiten_walks(whitened, precision, shift, walks: Walks):
    """Compute positions (position,) from whitened ones, and the log Jacobian of the map.

    ``precision`` (path,) is one over the variance of a step of each path; ``shift`` (position,) the movement
    of the votes' estimates relative to ``walks.estimate``. Under the posterior the whitened positions are
    roughly standard normal and independent of ``precision``.
    """
    return UNWHITEN_WALKS(whitened, precision, shift, *walks)[:2]


def whiten_walks(position: np.ndarray, precision: np.ndarray, walks: Walks) -> np.ndarray:
    """Compute the whitened positions (position,) of given ones, without a shift."""
    zero = np.zeros(len(position))
    _, _, root, below, mean = evaluate_walks(zero, precision, zero, *walks)
    whitened = root * position - mean
    moved = np.flatnonzero(walks.previous_idx >= 0)
    whitened[walks.previous_idx[moved]] += below[moved] * position[moved]
    return whitened


def weigh_scales(walks: Walks, step_sd: np.ndarray, spread: float) -> np.ndarray:
    """Share (path,) of the information on a path's log step sd that comes from its own votes, 0 to 1.

    The rest comes from the other paths: ``spread`` is the sd of log step sds over paths.
    """
    share = np.empty(len(step_sd))
    for path, sd in enumerate(step_sd):
        own = np.flatnonzero(walks.path_idx == path)
        root, link = np.sqrt(walks.information[own]), walks.link[own][1:]
        structure = np.diag(walks.links[own]) - np.diag(link, 1) - np.diag(link, -1)
        # The path's mean level, its smoothest component, does not inform its steps.
        roughness = np.linalg.eigvalsh(structure / np.outer(root, root))[1:]
        information = (2 / (1 + roughness / sd**2) ** 2).sum()
        share[path] = information / (information + spread**-2.0)
    return share


@RECURSION
def evaluate_walks(whitened, precision, shift, path_idx, previous_idx, link, links, information, estimate):
    """Compute positions, the log Jacobian, and intermediate results for the gradient.

    Returns
    -------
    position, log_jacobian
    root, below
        (position,): L's diagonal, and its element in the column of the previous position.
    mean
        (position,): L' times the mean path.
    """
    n = whitened.shape[0]
    root, below, mean, rest = np.empty(n), np.zeros(n), np.empty(n), np.empty(n)
    log_jacobian = 0.0
    for p in range(n):
        before, tau = previous_idx[p], precision[path_idx[p]]
        pivot = information[p] + tau * links[p]
        total = information[p] * (estimate[p] + shift[p])
        if before >= 0:
            below[p] = -tau * link[p] / root[before]
            pivot -= below[p] ** 2
            total -= below[p] * mean[before]
        root[p] = np.sqrt(pivot)
        mean[p] = total / root[p]
        rest[p] = mean[p] + whitened[p]
    for p in range(n - 1, -1, -1):
        log_jacobian -= np.log(root[p])
        rest[p] /= root[p]
        if previous_idx[p] >= 0:
            rest[previous_idx[p]] -= below[p] * rest[p]
    return rest, log_jacobian, root, below, mean


@RECURSION
def differentiate_walks(
    d_position,
    d_log_jacobian,
    position,
    root,
    below,
    mean,
    precision,
    path_idx,
    previous_idx,
    link,
    links,
    information,
):
    """Gradients by whitened positions, precision and shift: ``evaluate_walks`` in reverse."""
    n = position.shape[0]
    d_whitened, d_total, d_root, d_precision = (
        np.empty(n),
        np.empty(n),
        np.empty(n),
        np.zeros(precision.shape[0]),
    )
    for p in range(n):
        before = previous_idx[p]
        rest = d_position[p]
        if before >= 0:
            rest -= below[p] * d_whitened[before]
        d_whitened[p] = rest / root[p]
        d_total[p] = d_whitened[p]
    for p in range(n - 1, -1, -1):
        d_total[p] /= root[p]
        if previous_idx[p] >= 0:
            d_total[previous_idx[p]] -= below[p] * d_total[p]
        d_root[p] = -position[p] * d_whitened[p] - d_total[p] * mean[p] - d_log_jacobian / root[p]
    for p in range(n - 1, -1, -1):
        before, path = previous_idx[p], path_idx[p]
        d_precision[path] += d_root[p] / (2 * root[p]) * links[p]
        if before >= 0:
            d_below = -position[p] * d_whitened[before] - d_total[p] * mean[before]
            d_below -= d_root[p] * below[p] / root[p]
            d_root[before] -= d_below * below[p] / root[before]
            d_precision[path] -= d_below * link[p] / root[before]
    return d_whitened, d_precision, d_total * information


WALKS = {
    "path_idx": pt.ivector,
    "previous_idx": pt.ivector,
    "link": pt.dvector,
    "links": pt.dvector,
    "information": pt.dvector,
}
DIFFERENTIATE_WALKS = FusedOp(
    "differentiate_walks",
    differentiate_walks,
    dict.fromkeys(("d_position", "d_log_jacobian", "position", "root", "below", "mean", "precision")) | WALKS,
    (Output("d_position"), Output("precision"), Output("d_position")),
    len(WALKS) + 7,
)


def _pull_back(inputs, outputs, cotangents):
    position, _, *factors = outputs
    return DIFFERENTIATE_WALKS(*cotangents[:2], position, *factors, inputs[1], *inputs[3:8])


UNWHITEN_WALKS = FusedOp(
    "unwhiten_walks",
    evaluate_walks,
    {"whitened": pt.dvector, "precision": pt.dvector, "shift": pt.dvector} | WALKS | {"estimate": pt.dvector},
    (Output("whitened"), Output("whitened", NO_AXES), *[Output("whitened")] * 3),
    3,
    _pull_back,
)
