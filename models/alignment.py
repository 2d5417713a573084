"""Alignment given the guarantee: the first half of the hypothesis, and the way of the indirect effect."""

import numpy as np
import xarray as xr

from models.coalition import prepare_coalition_data
from models.spec import AlignmentSpec


def draw_alignment_model(
    panel: xr.Dataset, positions: np.ndarray, spec: AlignmentSpec, n_draw: int, seed: int
) -> xr.Dataset:
    """Exact posterior draws of a linear model of alignment, refitted to each draw of positions.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    positions : np.ndarray
        (refit, case, state): alignment, centred within each case (``models.coalition.centre_alignment``).
    spec : AlignmentSpec
        Priors.
    n_draw : int
        Draws for each refit.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    xr.Dataset
        (case, sample), ``n_draw`` for each refit in turn: ``guarantee_effect`` (with dim level): how much
        nearer to the US each level brings a state, standard deviations of the states; ``residual_sd``.

    Notes
    -----
    For one case, with columns x of intercept, guarantee levels, covariates and regions,

        a_i = x_i' b + e_i,   e_i ~ Normal(0, s^2),
        b | s ~ Normal(0, s^2 v^2),   1/s^2 ~ Gamma(nu/2, nu u^2/2)

    which has a posterior in closed form (O'Hagan and Forster 2004, Bayesian Inference, ch. 11): no
    sampler and no convergence to judge. The cases are fitted apart.
    """
    data = prepare_coalition_data(panel)
    rng = np.random.default_rng(seed)
    levels = len(data["level"])
    effects, sds = [], []
    for case in range(panel.sizes["case"]):
        rows = data["included"][case] == 1
        columns = [
            np.ones((rows.sum(), 1)),
            data["has_level"][:, case, rows].T,
            data["covariates"][case, rows],
            np.eye(len(data["region"]))[data["region_idx"][rows]],
        ]
        design = np.concatenate(columns, axis=1)
        widths = (spec.intercept_scale, spec.guarantee_scale, spec.covariate_scale, spec.region_scale)
        scale = np.concatenate([np.full(c.shape[1], w) for c, w in zip(columns, widths, strict=True)])
        precision = design.T @ design + np.diag(1 / scale**2)
        factor = np.linalg.cholesky(np.linalg.inv(precision))
        answer = positions[:, case, rows]
        mean = np.linalg.solve(precision, design.T @ answer.T).T
        shape = spec.residual_df + rows.sum()
        squares = (
            spec.residual_df * spec.residual_scale**2
            + (answer**2).sum(1)
            - np.einsum("ri,ij,rj->r", mean, precision, mean)
        )
        variance = squares[:, None] / rng.chisquare(shape, size=(len(answer), n_draw))
        noise = rng.normal(size=(len(answer), n_draw, len(scale))) @ factor.T
        drawn = mean[:, None] + np.sqrt(variance)[..., None] * noise
        effects.append(drawn[..., 1 : 1 + levels].reshape(-1, levels))
        sds.append(np.sqrt(variance).ravel())
    return xr.Dataset(
        {
            "guarantee_effect": (("case", "sample", "level"), np.stack(effects)),
            "residual_sd": (("case", "sample"), np.stack(sds)),
        },
        {
            "case": panel["case"].values,
            "level": data["level"],
            "refit": ("sample", np.repeat(np.arange(len(positions)), n_draw)),
        },
    )
