"""What a variant needs fitted, each piece keyed by its content before anything runs.

What makes a piece is imported when one is made: where all are there, no compiler and no sampler are loaded.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property

import pandas as pd
import xarray as xr

from analysis.dependencies import hash_code
from analysis.dynamic_positions import read_dynamic_fit, take_case_positions
from analysis.results import hash_content, hash_dataset, package_versions
from analysis.sampler import CORES, Progress
from analysis.variant import Variant

NEEDED_BY_STAGE2 = ["ideal_point", "region_mean", "region_sd"]
"""Variables of stage 1 that the rest of the analysis uses."""

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
class Effects:
    """What comes out of both stages.

    Attributes
    ----------
    table : pd.DataFrame
        See ``analysis.summaries.summarize_effects``.
    draws, mediator : xr.Dataset
        Labelled draws of every effect; of the model of alignment.
    """

    table: pd.DataFrame
    draws: xr.Dataset
    mediator: xr.Dataset


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


def make_ideal_points(
    votes: xr.Dataset, fits: list, variant: Variant, cores: int = CORES, progress: Progress | None = None
) -> xr.DataTree:
    """Stage 1 of the case of these votes."""
    from analysis.fit import derive_seed, fit_ideal_points

    seed = derive_seed(variant.run.seed, "ideal_point", votes.attrs["case"])
    settings = {"seed": seed, "cores": cores, "progress": progress}
    tree = fit_ideal_points(votes, variant.ideal_point, variant.run.ideal_point, **settings)
    if not variant.run.items_kept:
        tree["posterior"] = xr.DataTree(tree["posterior"].dataset[NEEDED_BY_STAGE2])
    return tree


def make_dynamic_positions(
    positions: xr.Dataset,
    fits: list,
    variant: Variant,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 1 of a case as the dynamic model has it: it is there already."""
    tree = xr.DataTree.from_dict({"posterior": positions.drop_attrs()})
    tree.attrs = dict(positions.attrs)
    return tree


def make_total(
    panel: xr.Dataset, fits: list, variant: Variant, cores: int = CORES, progress: Progress | None = None
) -> xr.DataTree:
    """Stage 2 without alignment."""
    from analysis.fit import derive_seed, fit_total

    seed = derive_seed(variant.run.seed, "total")
    return fit_total(panel, variant.coalition, variant.run.total, seed=seed, cores=cores, progress=progress)


def make_direct(
    data: xr.Dataset | tuple,
    fits: list,
    variant: Variant,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Stage 2 with alignment; ``fits`` are those of stage 1, case by case."""
    from analysis.fit import derive_seed
    from analysis.positions import draw_alignment
    from analysis.propagation import fit_propagated

    run = variant.run
    panel, votes = data if isinstance(data, tuple) else (data, None)
    return fit_propagated(
        variant.propagation,
        panel,
        draw_alignment(_by_case(fits, panel), panel, variant),
        variant.coalition,
        refit=run.refit,
        single=run.single,
        seed=derive_seed(run.seed, "direct"),
        votes=votes,
        ideal_point=variant.ideal_point,
        keep=run.kept_draws,
        cores=cores,
        progress=progress,
    )


def _by_case(stage1: list[xr.DataTree], panel: xr.Dataset) -> dict[str, xr.DataTree]:
    return dict(zip(map(str, panel["case"].values), stage1, strict=True))


def make_effects(
    panel: xr.Dataset, fits: list, variant: Variant, cores: int = CORES, progress: Progress | None = None
) -> Effects:
    """Every effect; ``fits`` are the total, the direct, and stage 1 case by case."""
    from analysis.effects import compute_effects
    from analysis.fit import count_draws, derive_seed, stack_draws
    from analysis.positions import draw_alignment, find_imputed, pair_positions
    from analysis.summaries import summarize_effects
    from models.alignment import draw_alignment_model

    run = variant.run
    # Equally many draws of both, or a quantity of one would have gaps where only the other has draws.
    every_draw = [tree["posterior"].dataset for tree in fits[:2]]
    keep = min(run.kept_draws, *(count_draws(posterior) for posterior in every_draw))
    total, direct = (stack_draws(posterior, keep) for posterior in every_draw)
    # Refit by refit: one draw of the positions feeds both the model of alignment and that of joining.
    mediator = draw_alignment_model(
        panel,
        pair_positions(direct, panel, draw_alignment(_by_case(fits[2:], panel), panel, variant)),
        variant.alignment,
        derive_seed(run.seed, "alignment given guarantee"),
        find_imputed(direct),
    )
    draws = compute_effects(total, direct, mediator, panel, variant.coalition.link)
    return Effects(
        table=summarize_effects(
            draws, direct.coords.get("refit"), variant.propagation, direct.get("position")
        ),
        draws=draws,
        mediator=mediator,
    )
