"""Joining a coalition, given the security guarantee, alignment and covariates."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.spec import CoalitionSpec

REFERENCE_LEVEL = "none"


def prepare_coalition_data(panel: xr.Dataset) -> dict[str, np.ndarray]:
    """State-cases in the sample as flat arrays, one row each, covariates standardised over the rows.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel: ``joined``, ``included``, ``guarantee`` (case, state) with the attribute
        ``levels`` (the first is no guarantee), ``covariates_transformed`` (case, state, covariate), and the
        coordinate ``region`` (state).

    Returns
    -------
    dict of str to np.ndarray
        ``joined`` float, ``case_idx``, ``state_idx``, ``region_idx`` and ``level_idx`` int (row,);
        ``covariates`` (row, covariate), float, mean 0 and sd 1; ``state``, ``region``, ``level``: labels.

    Raises
    ------
    ValueError
        A covariate that is missing in, or the same for, all rows that are in the sample; a level unknown
        to the panel; a panel whose first level is not the absence of a guarantee.
    """
    included = panel["included"].values
    case_idx, state_idx = np.nonzero(included)
    levels = [str(level) for level in panel["guarantee"].attrs["levels"]]
    if levels[0] != REFERENCE_LEVEL:
        raise ValueError(f"the first guarantee level is {levels[0]!r}; it must be {REFERENCE_LEVEL!r}")
    guarantee = panel["guarantee"].values[included]
    if unknown := sorted(set(map(str, guarantee)) - set(levels)):
        raise ValueError(f"guarantee levels {unknown} are none of the panel's levels {levels}")
    covariates = panel["covariates_transformed"].values[included].astype(float)
    names = [str(name) for name in panel["covariate"].values]
    for name, column in zip(names, covariates.T, strict=True):
        if missing := np.isnan(column).sum():
            rows = [
                f"{panel['state'].values[state_idx[i]]} ({panel['case'].values[case_idx[i]]})"
                for i in np.flatnonzero(np.isnan(column))[:10]
            ]
            raise ValueError(f"covariate {name!r} is missing in {missing} rows: {', '.join(rows)}")
        if np.ptp(column) == 0:
            raise ValueError(f"covariate {name!r} is {column[0]} in every row: it has no slope")
    scale = covariates.std(0)
    regions, region_idx = np.unique(panel["region"].values, return_inverse=True)
    return {
        "joined": panel["joined"].values[included].astype(float),
        "case_idx": case_idx,
        "state_idx": state_idx,
        "region_idx": region_idx[state_idx],
        "level_idx": np.array([levels.index(str(level)) for level in guarantee]),
        "covariates": (covariates - covariates.mean(0)) / scale,
        "state": panel["state"].values,
        "region": regions,
        "level": np.array(levels[1:]),
    }


def flatten_alignment(panel: xr.Dataset, alignment: xr.DataArray) -> np.ndarray:
    """Alignment of the rows of the sample, centred within each case.

    Centring makes the reference state irrelevant to every slope and effect: a change of reference moves
    all states of a case by the same amount.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    alignment : xr.DataArray
        (case, state) or (draw, case, state), float, standard deviations of stage 1's states.

    Returns
    -------
    np.ndarray
        (row,) or (draw, row), float.

    Raises
    ------
    ValueError
        If a state-case of the sample has no alignment.
    """
    aligned = alignment.reindex(case=panel["case"], state=panel["state"]).transpose(..., "case", "state")
    values = aligned.where(panel["included"])
    lost = panel["included"] & aligned.isnull().any([d for d in aligned.dims if d not in ("case", "state")])
    if lost.any():
        rows = [
            f"{panel['state'].values[s]} ({panel['case'].values[c]})"
            for c, s in zip(*np.nonzero(lost.values), strict=True)
        ]
        raise ValueError(f"no alignment for {len(rows)} rows of the sample: {', '.join(rows[:10])}")
    centred = values - values.mean("state")
    return centred.values[..., panel["included"].values]


def build_coalition_model(
    panel: xr.Dataset, spec: CoalitionSpec, alignment: np.ndarray | None = None
) -> pm.Model:
    """Joining two or more coalitions, effects partially pooled over them.

    Parameters
    ----------
    panel : xr.Dataset
        The contract's panel.
    spec : CoalitionSpec
        Priors and choices.
    alignment : np.ndarray, optional
        (row,), as ``flatten_alignment`` gives it: the direct effect holds it fixed. Without it the
        guarantee's coefficient is the total effect, through alignment included. It is data named
        ``alignment``, so that a compiled model takes the next draw of stage 1.

    Returns
    -------
    pm.Model
        ``guarantee_effect`` (case, level), ``alignment_slope`` (case), ``covariate_slope`` (case,
        covariate), ``region_effect`` (case, region), ``state_effect`` (state): logits. ``eta`` (row):
        the linear predictor without the guarantee.
    """
    data = prepare_coalition_data(panel)
    coords = {
        "case": panel["case"].values,
        "state": data["state"],
        "region": data["region"],
        "level": data["level"],
        "covariate": panel["covariate"].values,
        "row": np.arange(len(data["joined"])),
    }
    case_idx = data["case_idx"]
    with pm.Model(coords=coords) as model:
        intercept = pm.Normal("intercept", 0, spec.intercept_scale, dims="case")
        covariate_slope = pm.Normal("covariate_slope", 0, spec.covariate_scale, dims=("case", "covariate"))
        eta = intercept[case_idx] + (data["covariates"] * covariate_slope[case_idx]).sum(-1)

        region_sd = pm.HalfNormal("region_sd", spec.region_scale)
        region_offset = pm.Normal("region_offset", dims=("case", "region"))
        region_effect = pm.Deterministic("region_effect", region_sd * region_offset, dims=("case", "region"))
        eta += region_effect[case_idx, data["region_idx"]]

        if spec.state_effect:
            state_sd = pm.HalfNormal("state_sd", spec.state_scale)
            state_offset = pm.Normal("state_offset", dims="state")
            state_effect = pm.Deterministic("state_effect", state_sd * state_offset, dims="state")
            eta += state_effect[data["state_idx"]]

        if alignment is not None:
            position = pm.Data("alignment", alignment, dims="row")
            alignment_slope = _pooled_over_cases(
                "alignment_slope", spec.alignment_scale, spec.alignment_case_scale, ()
            )
            eta += alignment_slope[case_idx] * position
        eta = pm.Deterministic("eta", eta, dims="row")

        guarantee_effect = _pooled_over_cases(
            "guarantee_effect", spec.guarantee_scale, spec.guarantee_case_scale, ("level",)
        )
        # A row without a guarantee takes the zero in front.
        by_level = pt.concatenate([pt.zeros((len(coords["case"]), 1)), guarantee_effect], axis=1)
        pm.Bernoulli(
            "joined",
            logit_p=eta + by_level[case_idx, data["level_idx"]],
            observed=data["joined"],
            dims="row",
        )
    return model


def _pooled_over_cases(name: str, scale: float, case_scale: float, dims: tuple[str, ...]):
    """One effect per case around a common mean, non-centred: two cases say little about their spread."""
    mean = pm.Normal(f"{name}_mean", 0, scale, dims=dims or None)
    case_sd = pm.HalfNormal(f"{name}_case_sd", case_scale, dims=dims or None)
    offset = pm.Normal(f"{name}_offset", dims=("case", *dims))
    return pm.Deterministic(name, mean + case_sd * offset, dims=("case", *dims))
