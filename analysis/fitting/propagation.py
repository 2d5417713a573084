"""How stage-1 uncertainty travels into stage 2: one switch, four ways."""

from typing import get_args

import xarray as xr

from analysis.fitting.fit import fit_model, list_saved
from analysis.fitting.refits import SAVED_DIRECT, compile_refits, fit_direct
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from analysis.variants.variant import Propagation
from models.coalition import build_coalition_model, spread_positions
from models.joint import build_joint_model
from models.panel import centre_alignment, prepare_panel_data, summarize_measurement
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
    positions, prepared = centre_alignment(panel, alignment), prepare_panel_data(panel, spec.missing)
    if propagation == "plugin":
        model = build_coalition_model(prepared, spec, positions.mean(0))
    elif propagation == "measurement":
        model = build_coalition_model(prepared, spec, summarize_measurement(positions))
    elif votes is None or ideal_point is None:
        raise SpecError("propagation = 'joint' needs votes and the spec of their model")
    else:
        pilot = compile_refits(prepared, positions.mean(0), spec, seed=derive_seed(seed, "pilot"))
        model = build_joint_model(votes, prepared, ideal_point, spec, pilot.saved, pilot.shape)
    saved = list_saved(model, [*SAVED_DIRECT, "eta", "position_in_sample"])
    name = f"joining, direct effect ({propagation})"
    idata = fit_model(model, single, seed=seed, saved=saved, name=name, cores=cores, progress=progress)
    posterior = idata["posterior"].dataset
    if "position_in_sample" in posterior:
        position = spread_positions(posterior["position_in_sample"], panel)
        posterior = posterior.drop_vars("position_in_sample").assign(position=position)
        idata["posterior"] = xr.DataTree(posterior)
    return idata
