"""Alignment given the guarantee: the first half of the hypothesis, and a part of the indirect effect."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from models.gibbs.clustered import draw_clustered
from models.gibbs.covariances import ErrorPriors
from models.panel import PanelData
from models.spec import AlignmentSpec


def sample_alignment(
    panel: PanelData,
    positions: np.ndarray,
    spec: AlignmentSpec,
    seed: int,
    covariates: np.ndarray | None = None,
    axes: Sequence[str] = (),
    longer: int = 1,
) -> xr.Dataset:
    """Sample from the posterior of a linear model of alignment in all cases while the positions change.

    Parameters
    ----------
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    positions : np.ndarray
        (sample, case, state) or, on several axes, (sample, case, state, axis): alignment, centred within each
        case (``models.panel.centre_alignment``). A draw of stage 1 may occur several times.
    spec : AlignmentSpec
        Priors and choices.
    seed : int
        Seed of numpy's generator.
    covariates : np.ndarray, optional
        (sample, case, state, covariate): draws of the covariates, from the model of joining
        (``models.covariates.draw_covariates``). Needed if some are unknowns there.
    axes : sequence of str
        Names of the axes if there are several.
    longer : int
        How many times as long the chains are.

    Returns
    -------
    xr.Dataset
        Dims (case, chain, draw, ...) and, on several axes, a last dim ``axis``; standard deviations of the
        states. ``guarantee_effect`` (case, level): change of alignment with each level. ``residual_sd``
        (case): of all that covariates, region and subregion leave unexplained, the state's own effect
        included. ``state_sd``: of what a state keeps in all cases; ``subregion_sd``: of what its subregion
        shares; they are missing where the spec leaves them out. The coordinates ``visited`` (draw) and
        ``visit`` (sample) tell which draws used the positions of which sample, for ``pick_draws``.

    Notes
    -----
    With columns x of intercept, guarantee levels, covariates and regions,

        a_ic = x_ic' b_c + s_k[i] + u_i + e_ic

    where the subregion's effect s and the state's effect u are the same in all cases. Without them a state's
    answers to two cases would count as independent, and so would those of neighbours. u and e are jointly
    Student t. On several axes every term is a vector, and errors are correlated over the axes. The posterior
    is drawn by Gibbs sampling; see ``models.gibbs.clustered`` and ``models/docs/effects.md``.
    """
    if covariates is None:
        covariates = panel.covariates[None]
    answer = positions[..., None] if positions.ndim == 3 else positions
    design, scale = _describe_design(panel, covariates, spec)
    priors = ErrorPriors(
        state_scale=spec.state_scale if spec.state_effect else None,
        group_scale=spec.subregion_scale if spec.subregion_effect else None,
        residual_scale=spec.residual_scale,
        tail_df=spec.tail_df if spec.tails == "student_t" else None,
    )
    # A draw of stage 1 that occurs several times is visited once, for as many draws as it needs.
    varying = [x.reshape(len(x), -1) for x in (answer, design) if len(x) == len(answer)]
    _, first, visit = np.unique(np.hstack(varying), axis=0, return_index=True, return_inverse=True)
    drawn = draw_clustered(
        answer[first],
        design if len(design) == 1 else design[first],
        scale,
        panel.subregion_idx,
        panel.included == 1,
        priors,
        np.random.default_rng(seed),
        needed=int(np.bincount(visit.ravel()).max()),
        longer=longer,
    )
    # The standard deviation of a Student t is larger than its scale.
    wider = 1.0 if priors.tail_df is None else priors.tail_df / (priors.tail_df - 2)
    state, subregion, residual = (
        np.diagonal(drawn[name], axis1=-2, axis2=-1)
        for name in ("state_covariance", "group_covariance", "residual_covariance")
    )
    dims = ("chain", "draw")
    variables = {
        "guarantee_effect": (
            (*dims, "case", "level", "axis"),
            drawn["coefficient"][..., 1 : 1 + len(panel.level), :],
        ),
        "residual_sd": ((*dims, "case", "axis"), np.sqrt(wider * (residual + state[:, :, None]))),
    }
    if spec.state_effect:
        variables["state_sd"] = ((*dims, "axis"), np.sqrt(wider * state))
    if spec.subregion_effect:
        variables["subregion_sd"] = ((*dims, "axis"), np.sqrt(subregion))
    visits = {"visit": ("sample", visit.ravel()), "visited": ("draw", drawn["sample"])}
    coords = {"case": panel.case, "level": panel.level} | visits
    found = xr.Dataset(variables, coords | ({"axis": list(axes)} if axes else {}))
    found = found.transpose("case", "chain", "draw", "level", "axis", ...)
    return found if axes else found.squeeze("axis")


def pick_draws(chains: xr.Dataset) -> xr.Dataset:
    """Return a draw for each sample of the positions, in their order, with the dim ``sample``.

    Takes what ``sample_alignment`` returns. Samples with the same positions take turns of the chains, and
    draws as far apart as there are.
    """
    visit, n_chain = chains["visit"].values, chains.sizes["chain"]
    order = np.argsort(visit, kind="stable")
    turn = np.empty_like(visit)
    turn[order] = np.arange(len(visit)) - np.searchsorted(visit[order], visit[order])
    last = np.searchsorted(chains["visited"].values, visit, side="right") - 1
    n_draw = np.bincount(chains["visited"].values)[visit]
    apart = n_draw // -(-np.bincount(visit)[visit] // n_chain)
    at = {"chain": turn % n_chain, "draw": last - apart * (turn // n_chain)}
    picked = chains.drop_vars(["visit", "visited"]).isel(
        {dim: xr.DataArray(place, dims="sample") for dim, place in at.items()}
    )
    first = [dim for dim in ("case", "sample") if dim in picked.dims]
    return picked.transpose(*first, ...)


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
    panel: PanelData, covariates: np.ndarray, spec: AlignmentSpec
) -> tuple[np.ndarray, np.ndarray]:
    """Return the design, (1 or sample, case, state, coefficient), and the coefficients' prior scales.

    ``covariates`` are (1 or sample, case, state, covariate).
    """
    columns = [
        np.ones((*panel.included.shape, 1)),
        np.moveaxis(panel.has_level, 0, -1),
        covariates,
        np.eye(len(panel.region))[panel.region_idx],
    ]
    # One design for all samples, or one for each sample if covariates are unknowns.
    columns = [np.broadcast_to(c, (*covariates.shape[:3], c.shape[-1])) for c in columns]
    widths = (spec.intercept_scale, spec.guarantee_scale, spec.covariate_scale, spec.region_scale)
    scale = np.concatenate([np.full(c.shape[-1], w) for c, w in zip(columns, widths, strict=True)])
    return np.concatenate(columns, axis=-1), scale
