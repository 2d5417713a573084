"""Four ways to carry the uncertainty of stage 1 into stage 2."""

from functools import partial
from typing import Unpack, get_args

import xarray as xr

from analysis.fitting.fit import Settings, fit_model, list_saved
from analysis.fitting.refits import SAVED_DIRECT, compile_refits, fit_direct
from analysis.fitting.reweighting import fit_reweighted
from analysis.fitting.whitened import fit_whitened
from analysis.variants.sampler import SamplerSpec, derive_seed
from analysis.variants.variant import ONE_AXIS, Cut, Propagation
from models.coalition import build_coalition_model
from models.joint import build_joint_model
from models.measurement import spread_positions, summarize_measurement
from models.panel import centre_alignment, name_axes, prepare_panel_data
from models.spec import CoalitionSpec, IdealPointSpec, SpecError


def fit_propagated(
    propagation: Propagation,
    panel: xr.Dataset,
    alignment: xr.DataArray,
    spec: CoalitionSpec,
    *,
    refit: SamplerSpec,
    single: SamplerSpec,
    cut: Cut = "weights",
    votes: dict[str, xr.Dataset] | None = None,
    ideal_point: IdealPointSpec | None = None,
    keep: int | None = None,
    **settings: Unpack[Settings],
) -> xr.DataTree:
    """Fit stage 2 with alignment, accounting for the uncertainty of stage 1.

    Parameters
    ----------
    propagation : {"plugin", "draws", "measurement", "joint"}
        ``plugin``: posterior means as if they were known. ``draws``: the cut posterior, from many draws of
        the positions. ``measurement``: a multivariate normal with the full posterior covariance. ``joint``:
        one model with both likelihoods. In the last two, joining informs the positions.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    alignment : xr.DataArray
        (refit, case, state) or, on several axes, (refit, case, state, axis): draws of stage 1.
    spec : CoalitionSpec
        Priors and model choices of stage 2.
    refit, single : SamplerSpec
        Settings of one exact refit (``draws``), and of a single fit.
    cut : {"weights", "refits"}
        How ``draws`` gets the posterior for each draw: one fit, whose draws are weighed
        (``analysis.fitting.reweighting``), or an exact refit to each (``analysis.fitting.refits``).
    votes : dict of str to xr.Dataset, optional
        Votes by case, see ``data.load.load_votes``. Only ``joint`` needs them.
    ideal_point : IdealPointSpec, optional
        Priors and model choices of stage 1. Only ``joint`` needs them.
    keep : int, optional
        Approximate number of draws to return, for ``draws``.
    **settings
        See ``analysis.fitting.fit.Settings``.

    Returns
    -------
    xr.DataTree
        As from ``analysis.fitting.refits.fit_direct``. Only ``draws`` has the dim ``refit``; ``measurement``
        and ``joint`` have the variable ``position`` (case, state).

    Raises
    ------
    SpecError
        If the way or the cut is unknown, if ``joint`` gets no votes or no spec of stage 1, or if
        ``measurement`` or ``joint`` get several axes.
    ConvergenceError
        If every attempt misses a gate.
    """
    if propagation not in get_args(Propagation):
        raise SpecError(f"propagation = {propagation!r}; allowed: {', '.join(get_args(Propagation))}")
    if cut not in get_args(Cut):
        raise SpecError(f"cut = {cut!r}; allowed: {', '.join(get_args(Cut))}")
    axes = name_axes(alignment)
    if axes and propagation in ONE_AXIS:
        raise SpecError(f"propagation = {propagation!r} takes one alignment, not several: {', '.join(axes)}")
    if propagation == "draws" and cut == "weights":
        return fit_reweighted(panel, alignment, spec, single=single, refit=refit, keep=keep, **settings)
    if propagation == "draws":
        return fit_direct(panel, alignment, spec, refit, keep=keep, **settings)
    positions, prepared = centre_alignment(panel, alignment), prepare_panel_data(panel, spec.missing)
    fit = fit_model
    if propagation == "plugin":
        model = build_coalition_model(prepared, spec, positions.mean(0), axes)
    elif propagation == "measurement":
        model = build_coalition_model(prepared, spec, summarize_measurement(positions))
    elif votes is None or ideal_point is None:
        raise SpecError("propagation = 'joint' needs the votes and the spec of stage 1")
    else:
        seed = derive_seed(settings["seed"], "pilot")
        pilot = compile_refits(prepared, positions.mean(0), spec, seed=seed)
        model, places = build_joint_model(votes, prepared, ideal_point, spec, pilot.saved, pilot.shape)
        fit = partial(fit_whitened, places=places)
    saved = list_saved(model, [*SAVED_DIRECT, "eta", "position_in_sample"])
    name = f"joining, direct effect ({propagation})"
    idata = fit(model, single, saved=saved, name=name, **settings)
    posterior = idata["posterior"].dataset
    if "position_in_sample" in posterior:
        position = spread_positions(posterior["position_in_sample"], panel)
        posterior = posterior.drop_vars("position_in_sample").assign(position=position)
        idata["posterior"] = xr.DataTree(posterior)
    return idata
