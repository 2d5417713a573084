"""How stage-1 uncertainty travels into stage 2: one switch, four ways, and what each effect owes to it."""

from typing import get_args

import numpy as np
import xarray as xr

from analysis.fitting.fit import fit_model, list_saved
from analysis.fitting.refits import SAVED_DIRECT, compile_refits, fit_direct
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from analysis.variants.variant import Propagation
from models.coalition import build_coalition_model, spread_positions
from models.joint import build_joint_model
from models.panel import centre_alignment, summarize_measurement
from models.spec import CoalitionSpec, IdealPointSpec, SpecError


def fit_propagated(
    propagation: Propagation,
    panel: xr.Dataset,
    alignment: xr.DataArray,
    spec: CoalitionSpec,
    *,
    refit: SamplerSpec,
    single: SamplerSpec,
    seed: int,
    votes: dict[str, xr.Dataset] | None = None,
    ideal_point: IdealPointSpec | None = None,
    keep: int | None = None,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 with alignment, stage 1's uncertainty carried in one of four ways.

    Parameters
    ----------
    propagation : {"plugin", "draws", "measurement", "joint"}
        Posterior means as if known; the cut posterior, refitted to draws; a multivariate normal with
        the full posterior covariance; one model with both likelihoods. In the last two joining informs the
        positions. See models/README.md on when to use which.
    panel : xr.Dataset
        The contract's panel.
    alignment : xr.DataArray
        (refit, case, state): draws of stage 1.
    spec : CoalitionSpec
        Priors and choices of stage 2.
    refit, single : SamplerSpec
        Settings of one refit of ``draws``, and of the one fit of the others.
    seed : int
        Seed.
    votes : dict of str to xr.Dataset, optional
        The contract's votes by case; ``joint`` needs them.
    ideal_point : IdealPointSpec, optional
        Priors and choices of stage 1; ``joint`` needs them.
    keep : int, optional
        About how many draws ``draws`` returns.
    cores : int
        Chains or refits run side by side; the draws are the same for any number.
    progress : callable, optional
        Told the share done.

    Returns
    -------
    xr.DataTree
        As ``analysis.fitting.refits.fit_direct``, with the dim ``refit`` for ``draws`` alone, and with ``position``
        (case, state) for ``measurement`` and ``joint``.

    Raises
    ------
    SpecError
        For an unknown way, or ``joint`` without votes and their spec.
    ConvergenceError
        If a gate is missed in every attempt.
    """
    if propagation not in get_args(Propagation):
        raise SpecError(f"propagation = {propagation!r}; allowed: {', '.join(get_args(Propagation))}")
    if propagation == "draws":
        settings = {"seed": seed, "keep": keep, "cores": cores, "progress": progress}
        return fit_direct(panel, alignment, spec, refit, **settings)
    positions = centre_alignment(panel, alignment)
    if propagation == "plugin":
        model = build_coalition_model(panel, spec, positions.mean(0))
    elif propagation == "measurement":
        model = build_coalition_model(panel, spec, summarize_measurement(positions))
    elif votes is None or ideal_point is None:
        raise SpecError("propagation = 'joint' needs votes and the spec of their model")
    else:
        pilot = compile_refits(panel, positions.mean(0), spec, seed=derive_seed(seed, "pilot"))
        model = build_joint_model(votes, panel, ideal_point, spec, pilot.saved, pilot.shape)
    saved = list_saved(model, [*SAVED_DIRECT, "eta", "position_in_sample"])
    name = f"joining, direct effect ({propagation})"
    idata = fit_model(model, single, seed=seed, saved=saved, name=name, cores=cores, progress=progress)
    posterior = idata["posterior"].dataset
    if "position_in_sample" in posterior:
        position = spread_positions(posterior["position_in_sample"], panel)
        posterior = posterior.drop_vars("position_in_sample").assign(position=position)
        idata["posterior"] = xr.DataTree(posterior)
    return idata


def share_from_stage1(draws: xr.DataArray, refit: xr.DataArray) -> xr.DataArray:
    """Share of an effect's variance that comes from not knowing the positions.

    Parameters
    ----------
    draws : xr.DataArray
        (..., sample): draws of an effect.
    refit : xr.DataArray
        (sample,): the refit that each draw is from.

    Returns
    -------
    xr.DataArray
        (...), 0 to 1: variance of the refits' means over the total variance, less what Monte Carlo error
        within the refits adds to it (each refit's draws are taken as independent: they are thinned).
    """
    grouped = draws.assign_coords(refit=("sample", refit.values)).groupby("refit")
    names, sizes = np.unique(refit.values, return_counts=True)
    size = xr.DataArray(sizes, {"refit": names})
    if int(size.min()) < 2:
        raise ValueError("at least two draws of each refit are needed to tell the refits from noise")
    within = (grouped.var(ddof=1) / size).mean("refit")
    between = grouped.mean().var("refit", ddof=1)
    return (np.maximum(between - within, 0.0) / draws.var("sample", ddof=1)).rename("stage1_share")


def share_explained(draws: xr.DataArray, position: xr.DataArray) -> xr.DataArray:
    """Share of an effect's variance that goes with the positions, where both are drawn together.

    Parameters
    ----------
    draws : xr.DataArray
        (..., sample): draws of an effect.
    position : xr.DataArray
        (sample, case, state): the positions of the same draws.

    Returns
    -------
    xr.DataArray
        (...), 0 to 1: the law of total variance with the mean given the positions taken as linear in them,
        that is the adjusted R-squared of the effect on all positions. NaN where there are no more draws than
        positions.
    """
    columns = position.transpose("sample", ...).values.reshape(position.sizes["sample"], -1)
    basis, size, _ = np.linalg.svd(columns - columns.mean(0), full_matrices=False)
    basis = basis[:, size > 1e-9 * size[0]]
    n, n_column = basis.shape
    by_draw = draws.transpose(..., "sample")
    centred = by_draw.values - by_draw.values.mean(-1, keepdims=True)
    left = 1 - ((centred @ basis) ** 2).sum(-1) / (centred**2).sum(-1)
    share = 1 - left * (n - 1) / (n - n_column - 1) if n > n_column + 1 else np.full(left.shape, np.nan)
    return by_draw.isel(sample=0, drop=True).copy(data=np.maximum(share, 0.0)).rename("stage1_share")
