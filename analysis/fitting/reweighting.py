"""Stage 2 with alignment: the cut posterior from one fit, carried to each draw of stage 1 by weights.

The fit is made at the mean positions m. For a draw a of the positions, a draw x of the fit has the weight

    p(x | joined, a) / p(x | joined, m)  =  constant * p(joined | x, a) / p(joined | x, m):

priors cancel, and so does all else that does not depend on positions. The weights are Pareto-smoothed
(Vehtari et al. 2024, https://jmlr.org/papers/v25/19-556.html). A draw of positions whose weights are
unreliable gets a fit of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Unpack

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from analysis.fitting.fit import Settings, fit_model, list_saved
from analysis.fitting.refits import SAVED_DIRECT, compile_refits, refit_to_gates
from analysis.posterior.draws import stack
from analysis.variants.sampler import SamplerSpec, derive_seed
from models.coalition import build_coalition_model, compute_eta
from models.exposure import spread_guarantee
from models.likelihood.joining import log_likelihood_at
from models.panel import PanelData, centre_alignment, name_axes, prepare_panel_data
from models.spec import CoalitionSpec

GOOD_K = 0.5
"""Pareto k up to which weights are used. Their variance is then finite; 0.7 is the usual limit."""
LEAST_EFFECTIVE = 0.1
"""Smallest share of effective draws with which weights are used."""
WEIGHED = 1000
"""Draws of the fit that each draw of the positions weighs. Other draws of positions weigh others."""
JUDGED = 3000
"""Draws of all exact refits together. With fewer, the gates could not judge them."""


class Weighed(NamedTuple):
    """Draws of a fit, chosen for each draw of the positions in proportion to their weights.

    Attributes
    ----------
    picked : np.ndarray
        (refit, draw), int: places of the chosen draws in the fit.
    pareto_k : np.ndarray
        (refit,), float: shape of the weights' tail; infinite if no Pareto distribution fits it.
    effective : np.ndarray
        (refit,), float, 0 to 1: effective share of the draws that were weighed.
    """

    picked: np.ndarray
    pareto_k: np.ndarray
    effective: np.ndarray

    @property
    def reliable(self) -> np.ndarray:
        """(refit,), bool: whether the weights may be used."""
        return (self.pareto_k <= GOOD_K) & (self.effective >= LEAST_EFFECTIVE)


def fit_reweighted(
    panel: xr.Dataset,
    alignment: xr.DataArray,
    spec: CoalitionSpec,
    *,
    single: SamplerSpec,
    refit: SamplerSpec,
    keep: int | None = None,
    **settings: Unpack[Settings],
) -> xr.DataTree:
    """Fit stage 2 with alignment once, and weigh its draws for each stage-1 draw: the cut posterior.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    alignment : xr.DataArray
        (refit, case, state), and with several axes (refit, case, state, axis): draws of stage 1; see
        ``models.panel.centre_alignment``.
    spec : CoalitionSpec
        Priors and model choices.
    single, refit : SamplerSpec
        Settings of the one fit, and of an exact refit where weights are unreliable.
    keep : int, optional
        Return about this many draws, equally many for each stage-1 draw and at least two. By default as many
        as the fit has.
    **settings
        See ``analysis.fitting.fit.Settings``.

    Returns
    -------
    xr.DataTree
        ``posterior`` (refit, draw, ...), with the variables of ``analysis.fitting.refits.fit_direct``, all
        draws of equal weight; ``sample_stats`` (chain, draw) of the one fit. The attribute ``convergence``
        has the measures of the one fit and those of the weights, see ``describe_weights``.

    Raises
    ------
    ConvergenceError
        If the one fit, or the exact refits together, miss a gate in every attempt.
    """
    positions, prepared = centre_alignment(panel, alignment), prepare_panel_data(panel, spec.missing)
    axes = name_axes(alignment)
    model = build_coalition_model(prepared, spec, positions.mean(0), axes)
    saved = list_saved(model, SAVED_DIRECT)
    fit = fit_model(model, single, saved=saved, name="joining, direct effect", **settings)
    draws = stack(fit["posterior"].dataset)
    each = max(2, (keep or draws.sizes["sample"]) // len(positions))
    seed = derive_seed(settings["seed"], "weights")
    weighed = weigh_draws(draws, prepared, positions, spec.link, each=each, seed=seed)
    posterior = draws.drop_vars("sample").isel(sample=xr.DataArray(weighed.picked, dims=("refit", "draw")))
    posterior = posterior.assign_coords(refit=np.arange(len(positions)), draw=np.arange(each))
    if not weighed.reliable.all():
        posterior = replace_unreliable(
            posterior, ~weighed.reliable, prepared, positions, spec, refit, axes, **settings
        )
    centred = xr.DataArray(positions, dims=("refit", "case", "state", "axis")[: positions.ndim])
    posterior = posterior.assign(eta=compute_eta(posterior, prepared, centred))
    result = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": fit["sample_stats"].dataset})
    result.attrs = fit.attrs | {"convergence": fit.attrs["convergence"] | describe_weights(weighed)}
    return result


def weigh_draws(
    draws: xr.Dataset, panel: PanelData, positions: np.ndarray, link: str, *, each: int, seed: int
) -> Weighed:
    """Choose draws of a fit at the mean positions for each draw of the positions.

    Parameters
    ----------
    draws : xr.Dataset
        Draws along ``sample`` of the model with alignment, fitted at the mean of ``positions``.
    panel : PanelData
        The one that the model was built from.
    positions : np.ndarray
        (refit, case, state) or (refit, case, state, axis), centred within each case.
    link : str
        Link of the model.
    each : int
        Number of draws to choose for each draw of the positions.
    seed : int
        Seed of the choice.

    Notes
    -----
    Resampling is systematic for each draw of the positions, and its starting points are spread evenly over
    all of them. So all draws of the fit are chosen about equally often, and choosing adds hardly any error.
    """
    held = describe_draws(draws, panel)
    rng = np.random.default_rng(seed)
    n, n_draw = len(positions), draws.sizes["sample"]
    parts = min(max(1, n_draw // WEIGHED), n)
    at_mean = _log_likelihood(positions.mean(0), held, panel, link)
    picked, pareto_k, effective = np.empty((n, each), int), np.empty(n), np.empty(n)
    for number, turn in enumerate(rng.permutation(n)):
        part = slice(turn % parts, None, parts)
        part_held = [None if values is None else values[part] for values in held]
        likelihood = _log_likelihood(positions[number], part_held, panel, link)
        weight, pareto_k[number] = smooth_weights(likelihood - at_mean[part])
        effective[number] = 1 / (weight**2).sum() / weight.size
        points = (np.arange(each) + (turn + rng.random()) / n) / each
        place = np.minimum(np.searchsorted(weight.cumsum(), points), weight.size - 1)
        picked[number] = np.arange(n_draw)[part][place]
    return Weighed(picked, pareto_k, effective)


def _log_likelihood(position: np.ndarray, held: list | tuple, panel: PanelData, link: str) -> np.ndarray:
    """Return the log likelihood (draw,) at positions (case, state) or (case, state, axis).

    ``held`` is from ``describe_draws``.
    """
    if position.ndim == 3:
        # The sum over axes is a predictor like any other.
        predictor, slope, state_sd = held
        predictor = predictor + np.einsum("nca,csa->ncs", slope, position)
        position, held = np.zeros(position.shape[:2]), (predictor, np.zeros(slope.shape[:2]), state_sd)
    return log_likelihood_at(position, *held, panel.joined, panel.included, link=link)


def describe_draws(draws: xr.Dataset, panel: PanelData) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return what the likelihood needs of each draw: predictor without alignment, slope, sd of state effects.

    They are (sample, case, state), (sample, case) or with several axes (sample, case, axis), and (sample,),
    the last None without state effects.
    """
    has_level = xr.DataArray(panel.has_level, dims=("level", "case", "state"))
    by_level = spread_guarantee(draws, panel.covariates, panel.region_idx)
    predictor = compute_eta(draws, panel, None) + xr.dot(by_level, has_level, dim="level")
    return (
        predictor.transpose("sample", "case", "state").values,
        draws["alignment_slope"].transpose("sample", "case", ...).values,
        draws["state_sd"].values if "state_sd" in draws else None,
    )


def smooth_weights(log_ratio: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights (draw,) that sum to 1, Pareto-smoothed, and the Pareto k of their tail."""
    if np.ptp(log_ratio) < 1e-9:
        return np.full(log_ratio.size, 1 / log_ratio.size), 0.0
    # ArviZ takes log likelihoods to be left out, so the negative of a log ratio.
    log_weight, pareto_k = array_stats.psislw(-log_ratio)
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), float(np.nan_to_num(pareto_k, nan=np.inf))


def replace_unreliable(
    posterior: xr.Dataset,
    unreliable: np.ndarray,
    panel: PanelData,
    positions: np.ndarray,
    spec: CoalitionSpec,
    refit: SamplerSpec,
    axes: Sequence[str] = (),
    **settings: Unpack[Settings],
) -> xr.Dataset:
    """Put exact refits in the place of draws whose weights are unreliable.

    Takes the chosen draws (refit, draw, ...), and which refits (refit,) to replace; returns the same with
    draws of exact refits in their place. Raises ConvergenceError if these miss a gate in every attempt.
    """
    seed = derive_seed(settings["seed"], "pilot")
    model = compile_refits(panel, positions.mean(0), spec, seed=seed, axes=axes)
    enough = -(-JUDGED // (refit.chains * int(unreliable.sum())))
    exact = refit_to_gates(
        model,
        [{"alignment": position} for position in positions[unreliable]],
        replace(refit, draws=max(refit.draws, enough)),
        name="joining, direct effect, exact refits",
        **settings,
    )["posterior"].dataset
    flat = exact.stack(own=("chain", "draw")).drop_vars(("own", "chain", "draw"))
    each = posterior.sizes["draw"]
    places = ((np.arange(each) + 0.5) / each * flat.sizes["own"]).astype(int)
    chosen = flat.isel(own=places).rename(own="draw").assign_coords(draw=posterior["draw"])
    chosen = chosen.assign_coords(refit=np.flatnonzero(unreliable))
    return xr.concat([posterior.isel(refit=~unreliable), chosen], "refit").sortby("refit")


def describe_weights(weighed: Weighed) -> dict:
    """Return measures of the weights by name, ready for JSON.

    ``weighed`` is the number of draws of the positions, ``refits`` how many of them got an exact refit;
    Pareto k and the effective share are those of the weights of all.
    """
    return {
        "weighed": len(weighed.pareto_k),
        "refits": int((~weighed.reliable).sum()),
        "median_pareto_k": float(np.median(weighed.pareto_k)),
        "max_pareto_k": float(weighed.pareto_k.max()),
        "min_effective_share": float(weighed.effective.min()),
    }
