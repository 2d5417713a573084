"""Kernels of the linear predictor of stage 2 and of its gradients."""

import numpy as np

from models.likelihood.source import kernel

LOOPS = kernel("contract", "nsz", "reassoc")


@LOOPS
def predict(intercept, slope, place_effect, effect, covariates, place_idx, has_level):
    """Linear predictor (case, state); arguments as in ``models.likelihood.predictor.linear_predictor``."""
    n_case, n_state, n_covariate = covariates.shape
    eta = np.empty((n_case, n_state))
    for case in range(n_case):
        for state in range(n_state):
            value = intercept[case]
            for kind in range(place_idx.shape[0]):
                value += place_effect[case, place_idx[kind, state]]
            for k in range(n_covariate):
                value += covariates[case, state, k] * slope[case, k]
            eta[case, state] = value
        for level in range(has_level.shape[0]):
            add = effect[case, level]
            for state in range(n_state):
                eta[case, state] += has_level[level, case, state] * add
    return eta


@LOOPS
def pull_back(by_eta, intercept, slope, place_effect, effect, covariates, place_idx, has_level):
    """Gradients by the four kinds of coefficients, given the gradient by the predictor (case, state)."""
    n_case, n_state, n_covariate = covariates.shape
    by_intercept = np.zeros(intercept.shape)
    by_slope = np.zeros(slope.shape)
    by_place = np.zeros(place_effect.shape)
    by_effect = np.zeros(effect.shape)
    for case in range(n_case):
        for state in range(n_state):
            g = by_eta[case, state]
            by_intercept[case] += g
            for kind in range(place_idx.shape[0]):
                by_place[case, place_idx[kind, state]] += g
            for k in range(n_covariate):
                by_slope[case, k] += g * covariates[case, state, k]
        for level in range(has_level.shape[0]):
            total = 0.0
            for state in range(n_state):
                total += by_eta[case, state] * has_level[level, case, state]
            by_effect[case, level] = total
    return by_intercept, by_slope, by_place, by_effect
