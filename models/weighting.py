"""Effect of a guarantee by doubly robust weighting, without the model of joining.

See models/docs/weighting.md.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

SLOPE_SCALE, INTERCEPT_SCALE = 1.0, 5.0
"""Ridge penalties, as scales of normal priors: of standardised covariates and regions, of intercepts."""
LEAST_PROPENSITY = 0.05
"""Propensities of ``att`` and ``ate`` are held between this and one minus this."""
FOLDS = 10
"""Parts of the states. Guarantee and joining in one part are predicted from the others."""
MOST_STEPS, CONVERGED = 50, 1e-8
"""Steps of Newton's method, and the largest last step of a coefficient, logits."""


class Compared(NamedTuple):
    """States of one coalition that are compared, in the order of the arrays.

    Attributes
    ----------
    joined, treated : np.ndarray
        (state,), float, 0 or 1: joined; has the guarantee level, against none.
    design : np.ndarray
        (state, column), float: intercept, standardised covariates, indicators of the regions.
    rows : np.ndarray
        (state,), int: their places among all states.
    """

    joined: np.ndarray
    treated: np.ndarray
    design: np.ndarray
    rows: np.ndarray


def find_overlap(treated: np.ndarray, control: np.ndarray, region_idx: np.ndarray) -> np.ndarray:
    """Mark the states of regions in which some states have a guarantee level and some have none.

    Parameters
    ----------
    treated, control : np.ndarray
        (state,), bool: has the level; has no guarantee. Others are in neither, and decide nothing.
    region_idx : np.ndarray
        (state,), int.

    Returns
    -------
    np.ndarray
        (state,), bool. True also for a state with another guarantee in such a region.
    """
    both = np.intersect1d(region_idx[treated], region_idx[control])
    return np.isin(region_idx, both)


def select_compared(
    joined: np.ndarray,
    treated: np.ndarray,
    control: np.ndarray,
    covariates: np.ndarray,
    region_idx: np.ndarray,
) -> Compared:
    """Select the states of the overlap regions that have the level or no guarantee, with their covariates.

    Parameters
    ----------
    joined : np.ndarray
        (state,), float, 0 or 1.
    treated, control : np.ndarray
        (state,), bool: has the level; has no guarantee. Both False outside the sample.
    covariates : np.ndarray
        (state, covariate), float; standardised here over the states selected. One that is the same for all of
        them is 0.
    region_idx : np.ndarray
        (state,), int.
    """
    rows = np.flatnonzero((treated | control) & find_overlap(treated, control, region_idx))
    chosen = covariates[rows]
    spread = chosen.std(0) if rows.size else np.ones(covariates.shape[1])
    chosen = (chosen - chosen.sum(0) / max(len(rows), 1)) / np.where(spread > 0, spread, 1.0)
    region = region_idx[rows][:, None] == np.unique(region_idx[rows])
    design = np.concatenate([np.ones((len(rows), 1)), chosen, region], 1)
    return Compared(joined[rows].astype(float), treated[rows].astype(float), design, rows)


def draw_weights(unit_idx: np.ndarray, n_draw: int, rng: np.random.Generator) -> np.ndarray:
    """Draw weights of the Bayesian bootstrap, before they are divided by their sum.

    Parameters
    ----------
    unit_idx : np.ndarray
        (state,), int: states with the same number share a weight.
    n_draw : int
        Number of draws.
    rng : np.random.Generator

    Returns
    -------
    np.ndarray
        (draw, state), float > 0. Divided by their sum over any selection of units they are Dirichlet(1, ...).
    """
    return rng.exponential(size=(n_draw, unit_idx.max() + 1))[:, unit_idx]


def fit_ridge(design: np.ndarray, answer: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fit a logistic regression with a ridge penalty for each draw of the weights.

    Parameters
    ----------
    design : np.ndarray
        (state, column), float; the first column is the intercept.
    answer : np.ndarray
        (state,), float, 0 or 1.
    weight : np.ndarray
        (draw, state), float >= 0.

    Returns
    -------
    np.ndarray
        (draw, column): coefficients, logits.

    Raises
    ------
    RuntimeError
        If Newton's method has not converged.
    """
    penalty = np.full(design.shape[1], SLOPE_SCALE**-2)
    penalty[0] = INTERCEPT_SCALE**-2
    outer = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    coefficient = np.zeros((len(weight), design.shape[1]))
    for _ in range(MOST_STEPS):
        fitted = expit(coefficient @ design.T)
        slope = (weight * (answer - fitted)) @ design - penalty * coefficient
        curvature = ((weight * fitted * (1 - fitted)) @ outer).reshape(*coefficient.shape, -1)
        step = np.linalg.solve(curvature + np.diag(penalty), slope[..., None])[..., 0]
        # Far from the maximum a full step may overshoot.
        coefficient += step / np.maximum(1, np.abs(step).max(1, keepdims=True) / 2)
        if np.abs(step).max() < CONVERGED:
            return coefficient
    raise RuntimeError(f"the weighted logistic regression has not converged in {MOST_STEPS} steps")


def estimate_effects(
    compared: Compared, weight: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Estimate the effects of the guarantee on joining for each draw of the weights.

    Parameters
    ----------
    compared : Compared
        From ``select_compared``.
    weight : np.ndarray
        (draw, state), float > 0, of the states of ``compared``.
    rng : np.random.Generator
        Draws the folds, anew for each draw of the weights.

    Returns
    -------
    dict of str to np.ndarray
        (draw,), -1 to 1: ``att`` over states with the level, ``ate`` over all, ``ato`` over all weighted by
        e(1 - e) with propensity e, each doubly robust; ``raw``, the difference of shares.
    """
    joined, treated, design, _ = compared
    weight = weight * (len(joined) / weight.sum(1, keepdims=True))
    with_it, without = weight * treated, weight * (1 - treated)
    fold = _draw_folds(treated, len(weight), rng)
    propensity = _predict_others(design, treated, weight, fold)
    given, spared = (_predict_others(design, joined, arm, fold) for arm in (with_it, without))
    held = np.clip(propensity, LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)
    to_spared, difference = joined - spared, given - spared

    def correct(of_treated: np.ndarray, of_controls: np.ndarray) -> np.ndarray:
        return _mean(joined - given, with_it * of_treated) - _mean(to_spared, without * of_controls)

    overlap = propensity * (1 - propensity)
    return {
        "att": _mean(to_spared, with_it) - _mean(to_spared, without * held / (1 - held)),
        "ate": _mean(difference, weight) + correct(1 / held, 1 / (1 - held)),
        "ato": _mean(difference, weight * overlap) + correct(1 - propensity, propensity),
        "raw": _mean(joined, with_it) - _mean(joined, without),
    }


def weigh_controls(compared: Compared) -> np.ndarray:
    """Return the weights (state,) of the controls in ``att``, all states counted once; 0 for the others."""
    _, treated, design, _ = compared
    propensity = expit(fit_ridge(design, treated, np.ones((1, len(treated)))) @ design.T)[0]
    held = np.clip(propensity, LEAST_PROPENSITY, 1 - LEAST_PROPENSITY)
    return (1 - treated) * held / (1 - held)


def count_effective(weight: np.ndarray) -> float:
    """Return the number of equal weights that would be as precise as these."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if weight.any() else 0.0


def compute_imbalance(compared: Compared, weight: np.ndarray) -> np.ndarray:
    """Compute how far the weighted controls lie from the states with the level, by column but the intercept.

    Returns (column,): differences of means in standard deviations over all states compared. ``weight`` is
    that of the controls, (state,).
    """
    columns = compared.design[:, 1:].T
    spread = np.maximum(columns.std(1), 1e-12)
    return (_mean(columns, compared.treated) - _mean(columns, weight)) / spread


def _draw_folds(treated: np.ndarray, n_draw: int, rng: np.random.Generator) -> np.ndarray:
    """Deal the states of each arm to folds at random: (draw, state), int."""
    order = np.argsort(rng.random((n_draw, len(treated))) + 2 * treated, axis=1)
    fold = np.empty_like(order)
    np.put_along_axis(fold, order, np.arange(len(treated))[None] % FOLDS, 1)
    return fold


def _predict_others(design: np.ndarray, answer: np.ndarray, arm: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Predict an answer (draw, state) in each fold from the states of an arm in the other folds.

    A prediction that has seen a state's own answer leaves too small a residual, and intervals too narrow.
    """
    predicted = np.empty(arm.shape)
    for part in range(FOLDS):
        inside = fold == part
        predicted[inside] = expit(fit_ridge(design, answer, arm * ~inside) @ design.T)[inside]
    return predicted


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return (values * weight).sum(-1) / weight.sum(-1)
