"""Interventional effects: alignment drawn from its distribution under a guarantee, not each state's own.

Natural effects ask where a state would stand had its guarantee been another, everything else about it
unchanged. They need that the guarantee moves no other cause of alignment and joining. Interventional effects
(VanderWeele, Vansteelandt and Robins 2014, doi:10.1097/EDE.0000000000000034) give each state the alignment of
a state drawn at random among those with its covariates under a guarantee, and need no such assumption.
"""

import numpy as np
import xarray as xr

from analysis.posterior.joining import (
    add_guarantee,
    average_over_states,
    list_groups,
    predict_joining,
    weigh_state_effects,
)
from models.panel import PanelData, prepare_panel_data

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(4)
"""Quadrature over the residual of alignment, in its standard deviations."""
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def compute_interventional(
    direct: xr.Dataset,
    mediator: xr.Dataset,
    positions: np.ndarray,
    panel: xr.Dataset,
    link: str = "logit",
) -> dict[str, xr.DataArray]:
    """Compute interventional direct and indirect effects of each guarantee level on joining.

    Parameters
    ----------
    direct : xr.Dataset
        Posterior of stage 2 with alignment on one axis, along ``sample``.
    mediator : xr.Dataset
        Draws of the model of alignment along ``sample``: ``guarantee_effect`` (case, sample, level) and
        ``residual_sd`` (case, sample), standard deviations of states.
    positions : np.ndarray
        (sample, case, state): the alignment that each draw used, centred within each case.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    link : str
        Link of the model of joining.

    Returns
    -------
    dict of str to xr.DataArray
        (case, group, sample), -1 to 1. With P(g, h) the probability of joining under guarantee g with
        alignment drawn under guarantee h: ``ame_<level>_interventional_direct``, P(level, none) - P(none,
        none), and ``ame_<level>_interventional_indirect``, P(level, level) - P(level, none).

    Notes
    -----
    The draw is a_i(h) = m_i + effect of h + e, with m_i the part of alignment that covariates, region and
    subregion tell, and e normal with the residual's standard deviation. A state's own effect on joining keeps
    the posterior that its decisions give it.
    """
    reference, *levels = panel["guarantee"].attrs["levels"]
    weights = weigh_state_effects(direct, panel, link)
    slope = direct["alignment_slope"].transpose("sample", "case")
    by_level = mediator["guarantee_effect"].transpose("sample", "case", "level")
    own = add_guarantee(by_level, panel, None).transpose("sample", "case", "state").values
    residual = find_residual(positions - own, prepare_panel_data(panel, "impute"))
    spread = mediator["residual_sd"].transpose("sample", "case").values
    dims = ("sample", "case", "state")

    def predict(level: str, drawn: str) -> xr.DataArray:
        at = add_guarantee(by_level, panel, drawn)
        moved = 0.0 if drawn == reference else at.values[:, :, None]
        probability = 0.0
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            change = moved - own - residual + (node * spread)[:, :, None]
            shift = slope * xr.DataArray(change, {"case": panel["case"].values}, dims)
            probability = probability + weight * predict_joining(direct, panel, level, weights, shift, link)
        return probability

    effects = {}
    neither = predict(reference, reference)
    for level in levels:
        members = list_groups(panel, level)
        only_guarantee = predict(level, reference)
        differences = {"direct": only_guarantee - neither, "indirect": predict(level, level) - only_guarantee}
        for name, difference in differences.items():
            effects[f"ame_{level}_interventional_{name}"] = average_over_states(difference, members)
    return effects


def find_residual(values: np.ndarray, data: PanelData) -> np.ndarray:
    """Return what covariates, region and subregion leave of values (sample, case, state), by least squares.

    Missing covariates are set to their mean. 0 outside the sample.
    """
    residual = np.zeros(values.shape)
    place = np.eye(len(data.subregion))[data.subregion_idx], np.eye(len(data.region))[data.region_idx]
    for case in range(len(data.case)):
        rows = data.included[case] == 1
        design = np.concatenate([np.ones((len(rows), 1)), data.covariates[case], *place], 1)[rows]
        # A region's column may be the sum of its subregions': the pseudo-inverse copes.
        fitted = values[:, case, rows] @ (design @ np.linalg.pinv(design, rtol=1e-10)).T
        residual[:, case, rows] = values[:, case, rows] - fitted
    return residual
