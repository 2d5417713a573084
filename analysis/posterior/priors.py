"""How far the prior of the guarantee moves an effect: power-scaling, and other scales by weights."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.summaries import ENDS
from models.spec import CoalitionSpec

PRIORS = {
    "intercept": {"intercept": "intercept_scale"},
    "covariates": {"covariate_slope": "covariate_scale"},
    "regions": {"region_sd": "region_scale"},
    "subregions": {"subregion_sd": "subregion_scale"},
    "guarantee": {
        "guarantee_effect_mean": "guarantee_scale",
        "guarantee_effect_case_sd": "guarantee_case_scale",
    },
    "interactions": {
        "guarantee_capability_mean": "interaction_scale",
        "guarantee_capability_case_sd": "interaction_case_scale",
        "guarantee_region_sd": "interaction_region_scale",
    },
    "alignment": {
        "alignment_slope_mean": "alignment_scale",
        "alignment_slope_case_sd": "alignment_case_scale",
    },
    "states": {"state_sd": "state_scale"},
}
"""Structural priors by name: variables, all normal or half-normal around 0, and the field of their scale.
Unknowns that are standard normal by definition are not scaled."""
GUARANTEE = "guarantee"
WIDTHS = {"a third as wide": 1 / 3, "half as wide": 0.5, "half as wide again": 1.5}
"""Other priors of the guarantee, by what both scales are multiplied by. A third is the prior that the project
used at first. Weights cannot widen a prior much more: where the data say little of a scale, Pareto k is one
minus the squared ratio of the scales."""
MUCH = 0.25
"""Share of its interval by which the prior may move a headline before the page that gives it says so."""
GOOD_K = 0.7
"""Pareto k up to which weights are trusted (Vehtari et al. 2024)."""


def compute_log_priors(posterior: xr.Dataset, spec: CoalitionSpec) -> xr.Dataset:
    """Return the log density of each named prior at each draw, up to a constant.

    The result has a variable (chain, draw) or (sample,) for each name in ``PRIORS`` whose variables the
    posterior has. Raises ValueError if guarantee levels are pooled: the prior of their means then depends on
    unsaved variables.
    """
    require_apart(spec)
    priors = {}
    for name, variables in PRIORS.items():
        parts = [
            _log_density(posterior[variable], getattr(spec, field))
            for variable, field in variables.items()
            if variable in posterior
        ]
        if parts:
            priors[name] = sum(parts)
    return xr.Dataset(priors)


def require_apart(spec: CoalitionSpec) -> None:
    """Raise ValueError if guarantee levels are pooled."""
    if spec.guarantee_pooling != "apart":
        raise ValueError(f"guarantee_pooling = {spec.guarantee_pooling!r}: power-scaling needs 'apart'")


def weigh_prior(
    posterior: xr.Dataset, spec: CoalitionSpec, scale: float, case_scale: float
) -> tuple[np.ndarray, float]:
    """Weigh draws as if the guarantee's effect had another prior.

    Given the mean over cases and the standard deviation between them, nothing else depends on the scales, so
    that the ratio of two densities each is the exact weight.

    Parameters
    ----------
    posterior : xr.Dataset
        Draws along ``sample``: ``guarantee_effect_mean`` and ``guarantee_effect_case_sd`` (sample, level).
    spec : CoalitionSpec
        Priors of the fit.
    scale, case_scale : float
        The other ``guarantee_scale`` and ``guarantee_case_scale``, logits.

    Returns
    -------
    weight : np.ndarray
        (sample,), Pareto-smoothed, sum 1.
    pareto_k : float
        Shape of the weights' tail; infinite if no Pareto distribution fits it.
    """
    from arviz_stats.base import array_stats

    require_apart(spec)
    ratio = 0.0
    for (variable, field), other in zip(PRIORS[GUARANTEE].items(), (scale, case_scale), strict=True):
        draws = posterior[variable]
        ratio = ratio + _log_density(draws, other) - _log_density(draws, getattr(spec, field))
    if np.ptp(ratio.values) < 1e-9:
        return np.full(ratio.size, 1 / ratio.size), 0.0
    # ArviZ takes log likelihoods to be left out, so the negative of a log ratio.
    log_weight, pareto_k = array_stats.psislw(-ratio.values)
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum(), float(np.nan_to_num(pareto_k, nan=np.inf))


def summarize_weighted(draws: np.ndarray, weight: np.ndarray) -> tuple[float, float, float]:
    """Return the mean and both ends of the interval of weighted draws, (sample,) each."""
    order = draws.argsort()
    ends = np.searchsorted(weight[order].cumsum(), ENDS)
    lower, upper = draws[order[np.minimum(ends, len(draws) - 1)]]
    return float(draws @ weight), float(lower), float(upper)


def measure_prior(effect: xr.DataArray, posterior: xr.Dataset, spec: CoalitionSpec) -> pd.DataFrame:
    """Measure how far the prior of the guarantee moves an effect: the table ``prior_sensitivity.csv``.

    Parameters
    ----------
    effect : xr.DataArray
        (case, sample): draws of the effect, named after the quantity.
    posterior : xr.Dataset
        Draws along ``sample`` of the fit that it was computed from, in the same order.
    spec : CoalitionSpec
        Priors of that fit.

    Returns
    -------
    pd.DataFrame
        A row per ``quantity``, ``case`` and ``prior`` (of ``WIDTHS``): ``mean, lower, upper`` under it,
        ``pareto_k`` of the weights, ``moved``, the change of the mean as a share of the interval's width, and
        ``power_scaling``, the sensitivity to small changes of the prior (Kallioinen et al. 2024).
    """
    from arviz_stats import psense

    effect = effect.transpose("case", "sample")
    tree = xr.DataTree.from_dict(
        {
            "posterior": _as_one_chain(effect.to_dataset(name="effect")),
            "log_prior": _as_one_chain(compute_log_priors(posterior, spec)[[GUARANTEE]]),
        }
    )
    sensitivity = psense(tree, group="prior", group_var_names=[GUARANTEE])["effect"]
    equal = np.full(effect.sizes["sample"], 1 / effect.sizes["sample"])
    rows = []
    for prior, factor in WIDTHS.items():
        other = factor * spec.guarantee_scale, factor * spec.guarantee_case_scale
        weight, pareto_k = weigh_prior(posterior, spec, *other)
        for case in map(str, effect["case"].values):
            draws = effect.sel(case=case).values
            mean, lower, upper = summarize_weighted(draws, equal)
            other_mean, *ends = summarize_weighted(draws, weight)
            found = (other_mean, *ends, pareto_k, (other_mean - mean) / (upper - lower))
            rows.append((effect.name, case, prior, *found, float(sensitivity.sel(case=case))))
    columns = ["quantity", "case", "prior", "mean", "lower", "upper", "pareto_k", "moved", "power_scaling"]
    return pd.DataFrame(rows, columns=columns)


def _log_density(draws: xr.DataArray, scale: float) -> xr.DataArray:
    """Log density of a normal or half-normal around 0, but for a constant, summed within each draw."""
    kept = ("chain", "draw", "sample")
    density = -0.5 * (draws / scale) ** 2
    return density.sum([d for d in density.dims if d not in kept])


def _as_one_chain(draws: xr.Dataset) -> xr.Dataset:
    """Turn draws along ``sample`` into one chain, the form that ArviZ takes."""
    one = draws.drop_vars("refit", errors="ignore").rename(sample="draw").expand_dims("chain")
    return one.transpose("chain", "draw", ...)
