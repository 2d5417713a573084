"""Power-scaling: how much the final effect leans on each named prior, and on the likelihood."""

import numpy as np
import pymc as pm
import xarray as xr
from arviz_stats import psense

from analysis.checks.tables import row
from models.coalition import build_coalition_model
from models.spec import CoalitionSpec

PRIORS = {
    "intercept": ("intercept",),
    "covariates": ("covariate_slope",),
    "regions": ("region_sd",),
    "guarantee": ("guarantee_effect_mean", "guarantee_effect_case_sd"),
    "alignment": ("alignment_slope_mean", "alignment_slope_case_sd"),
    "states": ("state_sd",),
}
"""Structural priors by name: hundreds of offsets, standard normal by definition, are left alone."""
THRESHOLD = 0.05
"""Sensitivity from which a prior or the likelihood is said to matter (Kallioinen et al. 2024)."""


def compute_log_priors(
    panel: xr.Dataset, spec: CoalitionSpec, posterior: xr.Dataset, alignment: np.ndarray
) -> xr.Dataset:
    """Log density of each named prior at each draw.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    spec : CoalitionSpec
        Priors and choices.
    posterior : xr.Dataset
        (chain, draw, ...) of the model with alignment.
    alignment : np.ndarray
        (case, state), for the shape of the model.

    Returns
    -------
    xr.Dataset
        A variable for each name in ``PRIORS``, (chain, draw).
    """
    model = build_coalition_model(panel, spec, alignment)
    # A standard deviation is saved without the sign that its variable has in the model; densities are even.
    saved = {rv.name: rv.name.removesuffix("_signed") for rv in model.free_RVs}
    names = {rv: base for rv, base in saved.items() if base in posterior}
    wanted = [rv for rv, base in names.items() if any(base in group for group in PRIORS.values())]
    # The other variables are asked for, but do not enter the densities that are wanted.
    sizes = {"chain": posterior.sizes["chain"], "draw": posterior.sizes["draw"]}
    start = model.initial_point(0)
    unused = {
        name: (
            (*sizes, *(f"{name}_dim_{k}" for k in range(value.ndim))),
            np.zeros((*sizes.values(), *value.shape)),
        )
        for name, value in start.items()
        if name not in names
    }
    given = {rv: posterior[base].transpose("chain", "draw", ...) for rv, base in names.items()}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(given | unused)})
    found = pm.compute_log_prior(
        tree, var_names=wanted, model=model, extend_inferencedata=False, progressbar=False
    )
    summed = {}
    for name, group in PRIORS.items():
        parts = [found[rv] for rv, base in names.items() if base in group]
        if parts:
            dims = ("chain", "draw")
            summed[name] = sum(part.sum([d for d in part.dims if d not in dims]) for part in parts)
    return xr.Dataset(summed)


def check_scaling(tree: xr.DataTree, name: str) -> list[dict]:
    """Sensitivity of effects to each named prior and to the likelihood.

    Parameters
    ----------
    tree : xr.DataTree
        ``posterior``: effects alone, (chain, draw, case); ``log_prior`` from ``compute_log_priors``;
        ``log_likelihood``.
    name : str
        Which effects, ``total`` or ``direct``, for the item's name.
    """
    rows = []
    groups = [("prior", prior) for prior in tree["log_prior"].data_vars] + [("likelihood", None)]
    for group, prior in groups:
        sensitivity = psense(tree, group=group, group_var_names=[prior] if prior else None)
        for quantity, values in sensitivity.data_vars.items():
            for case in values["case"].values:
                value = float(values.sel(case=case))
                strong = value > THRESHOLD
                verdict = ("strong" if strong else "weak") if group == "prior" else "informative"
                if group == "likelihood" and not strong:
                    verdict = "uninformative"
                rows.append(
                    row(
                        "power_scaling",
                        f"{quantity} by {prior or 'likelihood'}",
                        case=str(case),
                        value=value,
                        reference=THRESHOLD,
                        verdict=verdict,
                        note=f"model: {name}; change of the effect's distribution, psense",
                    )
                )
    return rows
