"""How stage-1 uncertainty travels into stage 2: one switch, three ways, and what each effect owes to it."""

from typing import Literal, get_args

import numpy as np
import xarray as xr

from analysis.fit import (
    Progress,
    SamplerSpec,
    fit_model,
    list_saved,
)
from analysis.refits import SAVED_DIRECT, fit_direct
from models.coalition import build_coalition_model, centre_alignment, summarize_measurement
from models.spec import CoalitionSpec, SpecError

Propagation = Literal["plugin", "draws", "measurement"]


def fit_propagated(
    propagation: Propagation,
    panel: xr.Dataset,
    alignment: xr.DataArray,
    spec: CoalitionSpec,
    *,
    refit: SamplerSpec,
    single: SamplerSpec,
    seed: int,
    keep: int | None = None,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 with alignment, stage 1's uncertainty carried in one of three ways.

    Parameters
    ----------
    propagation : {"plugin", "draws", "measurement"}
        Posterior means as if known; the cut posterior, refitted to draws; a multivariate normal with
        the full posterior covariance. The joint model (``models.joint``) does not sample yet.
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
    keep : int, optional
        About how many draws ``draws`` returns.
    progress : callable, optional
        Told the share done.

    Returns
    -------
    xr.DataTree
        As ``analysis.refits.fit_direct``, with the dim ``refit`` for ``draws`` alone.

    Raises
    ------
    SpecError
        For an unknown way.
    ConvergenceError
        If a gate is missed in every attempt.
    """
    if propagation not in get_args(Propagation):
        raise SpecError(f"propagation = {propagation!r}; allowed: {', '.join(get_args(Propagation))}")
    if propagation == "draws":
        return fit_direct(panel, alignment, spec, refit, seed=seed, keep=keep, progress=progress)
    positions = centre_alignment(panel, alignment)
    given = positions.mean(0) if propagation == "plugin" else summarize_measurement(positions)
    model = build_coalition_model(panel, spec, given)
    saved = list_saved(model, [*SAVED_DIRECT, "eta", "position"])
    name = f"joining, direct effect ({propagation})"
    return fit_model(model, single, seed=seed, saved=saved, name=name, progress=progress)


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
