"""Plan the tasks of a variant. Each gets its key before anything runs."""

from dataclasses import asdict, dataclass, field

import numpy as np
import xarray as xr

from analysis.pipeline.dynamic_positions import read_dynamic_fit, take_case_positions
from analysis.pipeline.make import (
    make_direct,
    make_dynamic_positions,
    make_effects,
    make_ideal_points,
    make_total,
)
from analysis.store.keys import hash_dataset
from analysis.store.task import Task
from analysis.variants.variant import AREAS, Variant

MODELLED = ("joined", "included", "guarantee", "dose", "covariates_transformed", "region", "subregion")
"""Variables of a panel that the models of stage 2 use."""

LEAST_ITEMS = 10
"""Items from which positions on one issue area are estimated."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The tasks of one variant, in an order in which they can run.

    Attributes
    ----------
    variant : Variant
    stage1 : dict of str to Task
        Stage 1 by case, and by issue area if each has positions of its own.
    total, direct, effects : Task
        Stage 2 without and with alignment, and the effects.
    """

    variant: Variant
    stage1: dict[str, Task] = field(default_factory=dict)
    total: Task
    direct: Task
    effects: Task

    @property
    def tasks(self) -> list[Task]:
        """All tasks."""
        return [*self.stage1.values(), self.total, self.direct, self.effects]


def plan_variant(variant: Variant, votes: dict[str, xr.Dataset], panel: xr.Dataset) -> Plan:
    """List the tasks of a variant, without running any.

    Parameters
    ----------
    variant : Variant
    votes : dict of str to xr.Dataset
        Votes by case, see ``data.load.load_votes``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    """
    run = variant.run
    stage1 = plan_positions(variant, votes)
    axes = {} if variant.axes == "one" else {"axes": list(variant.axis_names)}
    about = {"data": panel.attrs.get("spec", ""), "files": panel.attrs.get("sha256", "")}
    # Published errors of covariates matter only where they are modelled.
    errors = ("covariates_transformed_sd",) if variant.coalition.measurement_error == "model" else ()
    shared = {
        "panel": hash_dataset(panel[[name for name in (*MODELLED, *errors) if name in panel.variables]]),
        "levels": panel["guarantee"].attrs["levels"],
        "coalition": asdict(variant.coalition),
        "seed": run.seed,
    }
    # A prior of the slope of alignment has no part in the model without alignment.
    used = {k: v for k, v in shared["coalition"].items() if not k.startswith("alignment_")}
    content = shared | {"coalition": used, "sampler": asdict(run.total)}
    total = Task("total", "joining, total effect", make_total, variant, panel, content, about)

    content = (
        shared
        | axes
        | {
            "propagation": variant.propagation,
            "cut": run.cut,
            "stage1_draws": run.stage1_draws,
            "ideal_point": asdict(variant.ideal_point),
            "samplers": {"refit": asdict(run.refit), "single": asdict(run.single)},
            "kept": run.kept_draws,
        }
    )
    data, needs = panel, tuple(stage1.values())
    if variant.propagation == "joint":
        # Only the joint model uses the votes themselves, not just the positions drawn from them.
        data = (panel, votes)
        content["votes"] = {case: task.content["votes"] for case, task in stage1.items()}
    direct = Task("direct", "joining, direct effect", make_direct, variant, data, content, about, needs)

    groups = hash_dataset(panel[["capability_group"]]) if "capability_group" in panel else ""
    content = (
        shared | axes | {"alignment": asdict(variant.alignment), "kept": run.kept_draws, "groups": groups}
    )
    # All that the model of alignment takes from the panel: it does not see who joined.
    predictors = [name for name in (*MODELLED, *errors) if name in panel.variables and name != "joined"]
    content["predictors"] = hash_dataset(panel[predictors])
    needs = (total, direct, *stage1.values())
    effects = Task("effects", "effects", make_effects, variant, panel, content, about, needs)
    return Plan(variant=variant, stage1=stage1, total=total, direct=direct, effects=effects)


def plan_positions(variant: Variant, votes: dict[str, xr.Dataset]) -> dict[str, Task]:
    """Plan each fit of stage 1 that stage 2 needs, by name: ``analysis.posterior.positions.name_fits``."""
    if variant.axes != "issues":
        return {case: plan_stage1(variant, dataset) for case, dataset in votes.items()}
    return {
        f"{case}/{area}": plan_stage1(variant, take_area(dataset, area))
        for case, dataset in votes.items()
        for area in variant.axis_names
    }


def take_area(votes: xr.Dataset, area: str) -> xr.Dataset:
    """Take the votes on one issue area, with the states that cast one.

    Parameters
    ----------
    votes : xr.Dataset
        Votes of a case, see ``data.load.load_votes``.
    area : str
        One of ``analysis.variants.variant.AREAS``. A vote with several codes counts in the first of them.

    Returns
    -------
    xr.Dataset
        Its attribute ``case`` is ``case/area``.

    Raises
    ------
    ValueError
        If fewer than ``LEAST_ITEMS`` votes, or cells of the agenda, are left.
    """
    case = votes.attrs["case"]
    chosen = votes.isel(item=np.flatnonzero(np.isin(votes["issue"].values, AREAS[area])))
    if chosen.sizes["item"] < LEAST_ITEMS:
        raise ValueError(
            f"case {case}: {chosen.sizes['item']} items on {area.replace('_', ' ')}, too few for positions "
            f"of their own (at least {LEAST_ITEMS}). Tallies have few: axes = 'issues' needs roll calls"
        )
    # A state without a vote has no position of its own; stage 2 draws one from its region.
    voted = chosen["counts"].sum(("item", "response")) > 0
    return chosen.isel(state=np.flatnonzero(voted.values)).assign_attrs(case=f"{case}/{area}")


def plan_stage1(variant: Variant, votes: xr.Dataset) -> Task:
    """Plan stage 1 of a case: a fit to its votes, or the stored positions of the dynamic model."""
    run, case = variant.run, votes.attrs["case"]
    about = {"data": votes.attrs.get("votes_spec", ""), "files": votes.attrs.get("sha256", "")}
    if variant.positions == "dynamic":
        positions = take_case_positions(read_dynamic_fit(), votes)
        name = f"positions from the dynamic model, {case}"
        content = {"votes": hash_dataset(positions), "case": case}
        return Task("ideal_point", name, make_dynamic_positions, variant, positions, content, about)
    content = {
        "votes": hash_dataset(votes),
        "case": case,
        "ideal_point": asdict(variant.ideal_point),
        "sampler": asdict(run.ideal_point),
        "items_kept": run.items_kept,
        "seed": run.seed,
    }
    return Task("ideal_point", f"ideal points, {case}", make_ideal_points, variant, votes, content, about)
