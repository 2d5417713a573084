"""Both stages in one model: votes and joining inform the positions together."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import build_coalition_model
from models.coordinates.arrow import Places, find_places
from models.coordinates.precondition import Coordinates, express, flatten_start, move
from models.ideal_point import OF_ITEMS, build_ideal_point_model
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
) -> tuple[pm.Model, Places]:
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
    model : pm.Model
        ``saved``, ``eta`` (case, state), ``position`` (case, state): alignment, centred within each case, and
        ``position_in_sample`` (see ``models.measurement.keep_positions``). The position of a state without
        votes comes from its region's distribution.
    places : Places
        Items and scales of all cases.
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
    return joint, _find_places(joint, stage1)


def _place_case(stage1: pm.Model, panel: PanelData, spec: IdealPointSpec, case: str):
    """Add one case's votes to the model in context; return the positions of the panel's states."""
    begin, _ = flatten_start(stage1)
    raw = pm.Flat(f"{case}_raw", shape=begin.size, initval=begin)
    logp, kept = express(stage1, raw, ["ideal_point", "region_mean", "region_sd"])
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


def _find_places(joint: pm.Model, stage1: dict[str, pm.Model]) -> Places:
    """Find the items and the scales of all cases, which the cases hold under the same names."""
    # A case without abstentions has no gaps; those of another then count among the other parameters.
    shared = tuple(name for name in OF_ITEMS if all(name in model.named_vars for model in stage1.values()))
    start, place = flatten_start(joint)
    items, lowest = [], np.full(start.size, -np.inf)
    for case, model in stage1.items():
        own = find_places(model, shared)
        items.append(place[f"{case}_raw"].start + own.items)
        lowest[place[f"{case}_raw"]] = own.lowest
    return Places(np.concatenate(items), lowest)
