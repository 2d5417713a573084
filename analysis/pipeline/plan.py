"""What a variant needs fitted, each piece keyed by its content before anything runs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property

import xarray as xr

from analysis.pipeline.dynamic_positions import read_dynamic_fit, take_case_positions
from analysis.pipeline.make import (
    make_direct,
    make_dynamic_positions,
    make_effects,
    make_ideal_points,
    make_total,
)
from analysis.store.code import hash_code
from analysis.store.files import hash_content, hash_dataset, package_versions
from analysis.variants.variant import Variant

MODELLED = ("joined", "included", "guarantee", "dose", "covariates_transformed", "region")
"""What the models of stage 2 see of a panel."""


@dataclass(frozen=True, eq=False)
class Task:
    """One piece of work, with all that it depends on.

    Attributes
    ----------
    kind : {"ideal_point", "total", "direct", "effects"}
        What is made.
    name : str
        What it is called while it runs.
    make : callable
        ``make(data, fits, variant, cores, progress)`` makes it: an ``xr.DataTree`` with the attribute
        ``convergence``, or for ``effects`` an ``Effects``.
    variant : Variant
        The first variant that asked for it. Whatever of it ``make`` uses is in ``content``.
    data : xr.Dataset or tuple
        Votes of a case, or the panel; for the joint model the panel and all votes.
    content : dict
        What the result depends on besides code and package versions.
    about : dict
        Where the content comes from, for people: it tells two keys apart in words, and is in neither.
    needs : tuple of Task
        Whose results it takes, in this order.
    """

    kind: str
    name: str
    make: Callable
    variant: Variant
    data: xr.Dataset | tuple
    content: dict
    about: dict
    needs: tuple["Task", ...] = ()

    @cached_property
    def whole(self) -> dict:
        """The content with the kind, code and versions: what the key is made of."""
        versions = {k: v for k, v in package_versions().items() if k not in ("pandas", "arviz")}
        return {"kind": self.kind, "code": hash_code(self.make), "versions": versions, **self.content}

    @cached_property
    def data_key(self) -> str:
        """Hash of the data alone."""
        return hash_content([self.content.get("votes"), self.content.get("panel")])[:24]

    @cached_property
    def key(self) -> str:
        """Hash of what the result depends on; the keys of what it needs are part of it."""
        return f"{self.kind}-{hash_content(self.whole)[:24]}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The tasks of one variant, in an order in which they can be made.

    Attributes
    ----------
    variant : Variant
    stage1 : dict of str to Task
        By case.
    total, direct, effects : Task
    """

    variant: Variant
    stage1: dict[str, Task] = field(default_factory=dict)
    total: Task
    direct: Task
    effects: Task

    @property
    def tasks(self) -> list[Task]:
        """All of them."""
        return [*self.stage1.values(), self.total, self.direct, self.effects]


def plan_variant(variant: Variant, votes: dict[str, xr.Dataset], panel: xr.Dataset) -> Plan:
    """Say what a variant needs, without making any of it.

    Parameters
    ----------
    variant : Variant
    votes : dict of str to xr.Dataset
        The contract's votes by case.
    panel : xr.Dataset
        The contract's panel.
    """
    run = variant.run
    stage1 = {case: plan_stage1(variant, dataset) for case, dataset in votes.items()}
    about = {"data": panel.attrs.get("spec", ""), "files": panel.attrs.get("sha256", "")}
    shared = {
        "panel": hash_dataset(panel[[name for name in MODELLED if name in panel.variables]]),
        "levels": panel["guarantee"].attrs["levels"],
        "coalition": asdict(variant.coalition),
        "seed": run.seed,
    }
    total = Task(
        "total",
        "joining, total effect",
        make_total,
        variant,
        panel,
        shared | {"sampler": asdict(run.total)},
        about,
    )
    positions = {"stage1": [task.key for task in stage1.values()], "propagation": variant.propagation}
    positions |= {"stage1_draws": run.stage1_draws, "ideal_point": asdict(variant.ideal_point)}
    joint = variant.propagation == "joint"
    if joint:
        # Of the votes themselves only the joint model sees more than the draws made from them.
        positions["votes"] = {case: task.content["votes"] for case, task in stage1.items()}
    direct = Task(
        "direct",
        "joining, direct effect",
        make_direct,
        variant,
        (panel, votes) if joint else panel,
        shared
        | positions
        | {"samplers": {"refit": asdict(run.refit), "single": asdict(run.single)}, "kept": run.kept_draws},
        about,
        tuple(stage1.values()),
    )
    groups = hash_dataset(panel[["capability_group"]]) if "capability_group" in panel else ""
    effects = Task(
        "effects",
        "effects",
        make_effects,
        variant,
        panel,
        shared
        | {"alignment": asdict(variant.alignment), "kept": run.kept_draws, "groups": groups}
        | {"total": total.key, "direct": direct.key},
        about,
        (total, direct, *stage1.values()),
    )
    return Plan(variant=variant, stage1=stage1, total=total, direct=direct, effects=effects)


def plan_stage1(variant: Variant, votes: xr.Dataset) -> Task:
    """Stage 1 of a case: the fit to its votes, or positions from the dynamic model."""
    run = variant.run
    if variant.positions == "dynamic":
        positions = take_case_positions(read_dynamic_fit(), votes)
        return Task(
            "ideal_point",
            f"positions from the dynamic model, {votes.attrs['case']}",
            make_dynamic_positions,
            variant,
            positions,
            {"votes": hash_dataset(positions), "case": votes.attrs["case"]},
            {"data": votes.attrs.get("votes_spec", ""), "files": votes.attrs.get("sha256", "")},
        )
    return Task(
        "ideal_point",
        f"ideal points, {votes.attrs['case']}",
        make_ideal_points,
        variant,
        votes,
        {
            "votes": hash_dataset(votes),
            "case": votes.attrs["case"],
            "ideal_point": asdict(variant.ideal_point),
            "sampler": asdict(run.ideal_point),
            "items_kept": run.items_kept,
            "seed": run.seed,
        },
        {"data": votes.attrs.get("votes_spec", ""), "files": votes.attrs.get("sha256", "")},
    )
