"""Alignment given the guarantee: the first half of the hypothesis, and a part of the indirect effect."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from models.panel import PanelData
from models.spec import AlignmentSpec


def draw_alignment_model(
    panel: PanelData,
    positions: np.ndarray,
    spec: AlignmentSpec,
    seed: int,
    covariates: np.ndarray | None = None,
    axes: Sequence[str] = (),
) -> xr.Dataset:
    """Draw exactly from the posterior of a linear model of alignment, once for each draw of the positions.

    Parameters
    ----------
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    positions : np.ndarray
        (sample, case, state) or, on several axes, (sample, case, state, axis): alignment, centred within each
        case (``models.panel.centre_alignment``). A draw of stage 1 may occur several times.
    spec : AlignmentSpec
        Priors.
    seed : int
        Seed of numpy's generator.
    covariates : np.ndarray, optional
        (sample, case, state, covariate): draws of the covariates, from the model of joining
        (``models.covariates.draw_covariates``). Needed if some are unknowns there.
    axes : sequence of str
        Names of the axes if there are several.

    Returns
    -------
    xr.Dataset
        (case, sample) or (case, sample, axis): ``guarantee_effect`` (also dim level): change of alignment
        with each level, in standard deviations of the states; ``residual_sd``. Sample k uses positions k.

    Notes
    -----
    For one case, with columns x of intercept, guarantee levels, covariates and regions,

        a_i = x_i' b + e_i,   e_i ~ Normal(0, s^2),
        b | s ~ Normal(0, s^2 v^2),   1/s^2 ~ Gamma(nu/2, nu u^2/2)

    whose posterior has a closed form (O'Hagan and Forster 2004, Bayesian Inference, ch. 11). The cases are
    fitted separately. On several axes the residuals of a state are correlated: a_i, e_i and each row of b are
    vectors, s^2 is a matrix ~ inverse Wishart(nu + axes - 1, nu u^2 I), and each axis alone is as above.
    """
    if covariates is None:
        covariates = panel.covariates[None]
    rng = np.random.default_rng(seed)
    levels, draw = len(panel.level), _draw_axis if positions.ndim == 3 else _draw_axes
    effects, sds = [], []
    for case in range(len(panel.case)):
        rows = panel.included[case] == 1
        design, scale = _describe_design(panel, covariates[:, case, rows], case, spec)
        drawn, sd = draw(design, scale, positions[:, case, rows], spec, rng)
        effects.append(drawn[:, 1 : 1 + levels])
        sds.append(sd)
    names = {"axis": list(axes)} if axes else {}
    return xr.Dataset(
        {
            "guarantee_effect": (("case", "sample", "level", *names), np.stack(effects)),
            "residual_sd": (("case", "sample", *names), np.stack(sds)),
        },
        {"case": panel.case, "level": panel.level, **names},
    )


def move_predictor(slope: xr.DataArray, move: xr.DataArray) -> xr.DataArray:
    """What a move in alignment adds to the predictor of joining, logits: over all axes together.

    Parameters
    ----------
    slope : xr.DataArray
        ``alignment_slope`` (..., case) or (..., case, axis), logits per standard deviation.
    move : xr.DataArray
        (..., case, state) or (..., case, state, axis), standard deviations.
    """
    return xr.dot(slope, move, dim="axis") if "axis" in slope.dims else slope * move


def _describe_design(
    panel: PanelData, covariates: np.ndarray, case: int, spec: AlignmentSpec
) -> tuple[np.ndarray, np.ndarray]:
    """Return the design of a case, (1 or sample, state, coefficient), and the coefficients' prior scales.

    ``covariates`` are those of the case's states, (1 or sample, state, covariate).
    """
    rows = panel.included[case] == 1
    columns = [
        np.ones((rows.sum(), 1)),
        panel.has_level[:, case, rows].T,
        covariates,
        np.eye(len(panel.region))[panel.region_idx[rows]],
    ]
    # One design for all samples, or one for each sample if covariates are unknowns.
    columns = [np.broadcast_to(c, (*covariates.shape[:2], c.shape[-1])) for c in columns]
    widths = (spec.intercept_scale, spec.guarantee_scale, spec.covariate_scale, spec.region_scale)
    scale = np.concatenate([np.full(c.shape[-1], w) for c, w in zip(columns, widths, strict=True)])
    return np.concatenate(columns, axis=-1), scale


def _draw_axis(
    design: np.ndarray, scale: np.ndarray, answer: np.ndarray, spec: AlignmentSpec, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw coefficients (sample, coefficient) and residual sd (sample,) given ``answer`` (sample, state)."""
    precision = design.mT @ design + np.diag(1 / scale**2)
    explained = (design.mT @ answer[..., None])[..., 0]
    mean = np.linalg.solve(precision, explained[..., None])[..., 0]
    squares = spec.residual_df * spec.residual_scale**2 + (answer**2).sum(1) - (explained * mean).sum(1)
    sd = np.sqrt(squares / rng.chisquare(spec.residual_df + answer.shape[1], size=len(answer)))
    factor = np.linalg.cholesky(np.linalg.inv(precision))
    noise = (factor @ rng.normal(size=(*mean.shape, 1)))[..., 0]
    return mean + sd[:, None] * noise, sd


def _draw_axes(
    design: np.ndarray, scale: np.ndarray, answer: np.ndarray, spec: AlignmentSpec, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """As ``_draw_axis``, of several axes: ``answer``, and all that is drawn, with a last dim axis."""
    n_sample, n_state, n_axis = answer.shape
    precision = design.mT @ design + np.diag(1 / scale**2)
    explained = design.mT @ answer
    mean = np.linalg.solve(precision, explained)
    squares = spec.residual_df * spec.residual_scale**2 * np.eye(n_axis)
    squares = squares + answer.mT @ answer - explained.mT @ mean
    # Bartlett's decomposition: 1/s^2 is Wishart.
    df = spec.residual_df + n_axis - 1 + n_state
    triangle = np.tril(rng.normal(size=(n_sample, n_axis, n_axis)), -1)
    place = np.arange(n_axis)
    triangle[:, place, place] = np.sqrt(rng.chisquare(df - place, size=(n_sample, n_axis)))
    inverse = np.linalg.cholesky(np.linalg.inv(squares)) @ triangle
    covariance = np.linalg.inv(inverse @ inverse.mT)
    factor = np.linalg.cholesky(np.linalg.inv(precision))
    noise = factor @ rng.normal(size=mean.shape) @ np.linalg.cholesky(covariance).mT
    return mean + noise, np.sqrt(covariance[:, place, place])
