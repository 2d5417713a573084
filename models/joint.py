"""Both likelihoods in one model: votes and joining inform positions together."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from models.coalition import build_coalition_model, prepare_coalition_data
from models.ideal_point import build_ideal_point_model
from models.precondition import express
from models.spec import CoalitionSpec, IdealPointSpec


def build_joint_model(
    votes: dict[str, xr.Dataset],
    panel: xr.Dataset,
    ideal_point: IdealPointSpec,
    coalition: CoalitionSpec,
    saved: list[str],
) -> pm.Model:
    """Stage 1 of every case and stage 2, with feedback from joining to positions.

    Parameters
    ----------
    votes : dict of str to xr.Dataset
        The contract's votes by case.
    panel : xr.Dataset
        The contract's panel.
    ideal_point, coalition : IdealPointSpec, CoalitionSpec
        Priors and choices of the two stages, as in the separate models.
    saved : list of str
        Variables of stage 2 to keep.

    Returns
    -------
    pm.Model
        ``saved``, ``eta`` (case, state) and ``position`` (case, state): alignment, centred within each case.
        A state without votes has the position that its region's distribution gives it.
    """
    included = prepare_coalition_data(panel, coalition.missing)["included"]
    stage2 = build_coalition_model(panel, coalition, np.zeros(included.shape))
    # Built before the model that takes them up: inside it they would be parts of it.
    stage1 = {str(case): build_ideal_point_model(votes[case], ideal_point) for case in panel["case"].values}
    with pm.Model(coords=dict(stage2.coords)) as joint:
        position = []
        for number, (case, model) in enumerate(stage1.items()):
            raw = _place_case(model, panel, ideal_point, case)
            weight = included[number] / included[number].sum()
            position.append(included[number] * (raw - pt.dot(weight, raw)))
        position = pm.Deterministic("position", pt.stack(position), dims=("case", "state"))
        n = sum(value.size for value in stage2.initial_point().values())
        # Not at zero, where scale and offset of every effect have no slope and the sampler no first step.
        start = np.random.default_rng(1).uniform(-1, 1, size=n)
        logp, kept = express(
            stage2,
            pm.Flat("coalition_raw", shape=n, initval=start),
            [*saved, "eta"],
            {stage2["alignment"]: stage2["alignment"].type.filter_variable(position)},
        )
        pm.Potential("coalition", logp)
        for name, value in kept.items():
            pm.Deterministic(name, value, dims=stage2.named_vars_to_dims.get(name))
    return joint


def _place_case(stage1: pm.Model, panel: xr.Dataset, spec: IdealPointSpec, case: str):
    """Add one case's votes to the model in context; positions of the panel's states."""
    start = stage1.initial_point()
    flat = np.concatenate([np.ravel(start[value.name]) for value in stage1.value_vars])
    logp, kept = express(
        stage1,
        pm.Flat(f"{case}_raw", shape=len(flat), initval=flat),
        ["ideal_point", "region_mean", "region_sd"],
    )
    pm.Potential(f"{case}_votes", logp)
    states = list(stage1.coords["state"])
    unseen = [state for state in panel["state"].values if state not in states]
    known = kept["ideal_point"]
    if unseen:
        regions = list(stage1.coords["region"])
        by_state = panel["region"].sel(state=unseen).values
        region_idx = [regions.index(r if spec.pooling == "region" else "World") for r in by_state]
        offset = (
            pm.Normal(f"{case}_unseen", shape=len(unseen))
            if spec.family == "normal"
            else pm.StudentT(f"{case}_unseen", nu=spec.family_df, shape=len(unseen))
        )
        drawn = kept["region_mean"][region_idx] + kept["region_sd"][region_idx] * offset
        known = pt.concatenate([known, drawn])
    order = [*states, *unseen]
    return known[[order.index(state) for state in panel["state"].values]]
