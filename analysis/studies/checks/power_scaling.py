"""Power-scaling: how much the final effect leans on each named prior, and on the likelihood."""

import xarray as xr
from arviz_stats import psense

from analysis.studies.checks.rows import row
from models.spec import CoalitionSpec

PRIORS = {
    "intercept": {"intercept": "intercept_scale"},
    "covariates": {"covariate_slope": "covariate_scale"},
    "regions": {"region_sd": "region_scale"},
    "guarantee": {
        "guarantee_effect_mean": "guarantee_scale",
        "guarantee_effect_case_sd": "guarantee_case_scale",
    },
    "alignment": {
        "alignment_slope_mean": "alignment_scale",
        "alignment_slope_case_sd": "alignment_case_scale",
    },
    "states": {"state_sd": "state_scale"},
}
"""Structural priors by name: variables, all normal or half-normal around 0, and the field of their scale.
Hundreds of unknowns that are standard normal by definition are left alone."""
THRESHOLD = 0.05
"""Sensitivity from which a prior or the likelihood is said to matter (Kallioinen et al. 2024)."""


def compute_log_priors(posterior: xr.Dataset, spec: CoalitionSpec) -> xr.Dataset:
    """Log density of each named prior at each draw, but for a constant.

    Parameters
    ----------
    posterior : xr.Dataset
        (chain, draw, ...) of the model with alignment, or without: what it lacks is left out.
    spec : CoalitionSpec
        Its priors.

    Returns
    -------
    xr.Dataset
        A variable for each name in ``PRIORS``, (chain, draw).

    Raises
    ------
    ValueError
        If levels are pooled: the prior of their means then hangs on unknowns that are not saved.
    """
    if spec.guarantee_pooling != "apart":
        raise ValueError(f"guarantee_pooling = {spec.guarantee_pooling!r}: power-scaling needs 'apart'")
    priors = {}
    for name, variables in PRIORS.items():
        parts = [
            -0.5 * (posterior[variable] / getattr(spec, field)) ** 2
            for variable, field in variables.items()
            if variable in posterior
        ]
        if parts:
            priors[name] = sum(
                part.sum([d for d in part.dims if d not in ("chain", "draw")]) for part in parts
            )
    return xr.Dataset(priors)


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
