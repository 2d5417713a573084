"""Both stages in one model: votes and joining inform the positions together."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import build_coalition_model
from models.coordinates.precondition import Coordinates, express, move
from models.ideal_point import build_ideal_point_model
from models.measurement import keep_positions
from models.panel import PanelData
from models.spec import CoalitionSpec, IdealPointSpec


def build_joint_model(
    votes: dict[str, xr.Dataset],
    panel: PanelData,
    ideal_point: IdealPointSpec,
    coalition: CoalitionSpec,
    saved: list[str],
    shape: Coordinates,
) -> pm.Model:
    """Build stage 1 of every case and stage 2 as one model, with feedback from joining to positions.

    Parameters
    ----------
    votes : dict of str to xr.Dataset
        Votes by case, see ``data.load.load_votes``.
    panel : PanelData
        From ``models.panel.prepare_panel_data``.
    ideal_point, coalition : IdealPointSpec, CoalitionSpec
        Priors and choices of the two stages, as in the separate models.
    saved : list of str
        Variables of stage 2 to keep.
    shape : Coordinates
        Mean and covariance of stage 2's parameters, learnt from a fit to known positions. The sampler moves
        in these coordinates; the posterior does not depend on them.

    Returns
    -------
    pm.Model
        ``saved``, ``eta`` (case, state), ``position`` (case, state): alignment, centred within each case, and
        ``position_in_sample`` (see ``models.measurement.keep_positions``). The position of a state without
        votes comes from its region's distribution.
    """
    included = panel.included
    stage2 = build_coalition_model(panel, coalition, np.zeros(included.shape))
    # Built outside the context of the joint model, or they would become parts of it.
    stage1 = {str(case): build_ideal_point_model(votes[case], ideal_point) for case in panel.case}
    with pm.Model(coords=dict(stage2.coords)) as joint:
        position = []
        for number, (case, model) in enumerate(stage1.items()):
            raw = _place_case(model, panel, ideal_point, case)
            weight = included[number] / included[number].sum()
            position.append(included[number] * (raw - pt.dot(weight, raw)))
        position = pm.Deterministic("position", pt.stack(position), dims=("case", "state"))
        keep_positions(position, included)
        logp, kept = express(
            stage2,
            move(pm.Flat("coalition_raw", shape=shape.shift.size), shape),
            [*saved, "eta"],
            {stage2["alignment"]: stage2["alignment"].type.filter_variable(position)},
        )
        pm.Potential("coalition", logp)
        for name, value in kept.items():
            pm.Deterministic(name, value, dims=stage2.named_vars_to_dims.get(name))
    return joint


def _place_case(stage1: pm.Model, panel: PanelData, spec: IdealPointSpec, case: str):
    """Add one case's votes to the model in context; return the positions of the panel's states."""
    logp, kept = express(stage1, _place_parameters(stage1, case), ["ideal_point", "region_mean", "region_sd"])
    pm.Potential(f"{case}_votes", logp)
    states = list(stage1.coords["state"])
    unseen = [state for state in panel.state if state not in states]
    known = kept["ideal_point"]
    if unseen:
        regions = list(stage1.coords["region"])
        of_state = dict(zip(panel.state, panel.region[panel.region_idx], strict=True))
        by_state = [of_state[state] for state in unseen]
        region_idx = [regions.index(r if spec.pooling == "region" else "World") for r in by_state]
        offset = (
            pm.Normal(f"{case}_unseen", shape=len(unseen))
            if spec.family == "normal"
            else pm.StudentT(f"{case}_unseen", nu=spec.family_df, shape=len(unseen))
        )
        drawn = kept["region_mean"][region_idx] + kept["region_sd"][region_idx] * offset
        known = pt.concatenate([known, drawn])
    order = [*states, *unseen]
    return known[[order.index(state) for state in panel.state]]


def _place_parameters(stage1: pm.Model, case: str):
    """Add a stage-1 model's unconstrained parameters as one vector, in the order of its ``value_vars``.

    Parameters with a starting value begin there (``_placed``). The others (``_free``) are offsets from their
    default without a starting value, so that chains begin in different places, none with a slope of exactly
    0.
    """
    start = stage1.initial_point()
    is_placed, flat = [], []
    for value in stage1.value_vars:
        flat.append(np.ravel(start[value.name]))
        has_start = stage1.rvs_to_initial_values[stage1.values_to_rvs[value]] is not None
        is_placed.append(np.full(flat[-1].size, has_start))
    is_placed, flat = np.concatenate(is_placed), np.concatenate(flat)
    placed = pm.Flat(f"{case}_placed", shape=int(is_placed.sum()), initval=flat[is_placed])
    free = pm.Flat(f"{case}_free", shape=int((~is_placed).sum())) + flat[~is_placed]
    order = np.argsort(np.concatenate([np.flatnonzero(is_placed), np.flatnonzero(~is_placed)]))
    return pt.concatenate([placed, free])[order]
