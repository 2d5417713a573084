"""Alignment given the guarantee: the first half of the hypothesis, and a part of the indirect effect."""

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
) -> xr.Dataset:
    """Draw exactly from the posterior of a linear model of alignment, once for each draw of the positions.

    Parameters
    ----------
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    positions : np.ndarray
        (sample, case, state): alignment, centred within each case
        (``models.panel.centre_alignment``). A draw of stage 1 may occur several times.
    spec : AlignmentSpec
        Priors.
    seed : int
        Seed of numpy's generator.
    covariates : np.ndarray, optional
        (sample, case, state, covariate): draws of the covariates, from the model of joining
        (``models.covariates.draw_covariates``). Needed if some are unknowns there.

    Returns
    -------
    xr.Dataset
        (case, sample): ``guarantee_effect`` (also dim level): change of alignment with each level, in
        standard deviations of the states; ``residual_sd``. Sample k uses positions k.

    Notes
    -----
    For one case, with columns x of intercept, guarantee levels, covariates and regions,

        a_i = x_i' b + e_i,   e_i ~ Normal(0, s^2),
        b | s ~ Normal(0, s^2 v^2),   1/s^2 ~ Gamma(nu/2, nu u^2/2)

    whose posterior has a closed form (O'Hagan and Forster 2004, Bayesian Inference, ch. 11). The cases are
    fitted separately.
    """
    if covariates is None:
        covariates = panel.covariates[None]
    rng = np.random.default_rng(seed)
    levels = len(panel.level)
    effects, sds = [], []
    for case in range(len(panel.case)):
        rows = panel.included[case] == 1
        of_case = covariates[:, case, rows]
        columns = [
            np.ones((rows.sum(), 1)),
            panel.has_level[:, case, rows].T,
            of_case,
            np.eye(len(panel.region))[panel.region_idx[rows]],
        ]
        # One design for all samples, or one for each sample if covariates are unknowns.
        columns = [np.broadcast_to(c, (*of_case.shape[:2], c.shape[-1])) for c in columns]
        design = np.concatenate(columns, axis=-1)
        widths = (spec.intercept_scale, spec.guarantee_scale, spec.covariate_scale, spec.region_scale)
        scale = np.concatenate([np.full(c.shape[-1], w) for c, w in zip(columns, widths, strict=True)])
        precision = design.mT @ design + np.diag(1 / scale**2)
        answer = positions[:, case, rows]
        explained = (design.mT @ answer[..., None])[..., 0]
        mean = np.linalg.solve(precision, explained[..., None])[..., 0]
        squares = spec.residual_df * spec.residual_scale**2 + (answer**2).sum(1) - (explained * mean).sum(1)
        sd = np.sqrt(squares / rng.chisquare(spec.residual_df + rows.sum(), size=len(answer)))
        factor = np.linalg.cholesky(np.linalg.inv(precision))
        noise = (factor @ rng.normal(size=(*mean.shape, 1)))[..., 0]
        drawn = mean + sd[:, None] * noise
        effects.append(drawn[:, 1 : 1 + levels])
        sds.append(sd)
    return xr.Dataset(
        {
            "guarantee_effect": (("case", "sample", "level"), np.stack(effects)),
            "residual_sd": (("case", "sample"), np.stack(sds)),
        },
        {"case": panel.case, "level": panel.level},
    )
