"""A variant of the analysis: every choice in one object."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Self, get_args

from analysis.variants.sampler import SamplerSpec
from data.case import check_choice
from data.spec import ISSUES, UNSURE, DataSpec
from models.spec import CAPABILITY, AlignmentSpec, CoalitionSpec, IdealPointSpec

Propagation = Literal["plugin", "draws", "measurement", "joint"]
"""How stage 2 accounts for the uncertainty of stage 1; see ``analysis.fitting.propagation``."""

Cut = Literal["weights", "refits"]
"""How the posterior of stage 2 is had for each draw of stage 1, with the propagation ``draws``."""


ONE_AXIS: tuple[Propagation, ...] = ("measurement", "joint")
"""Ways to propagate uncertainty that take one alignment only."""

Axes = Literal["one", "dimensions", "issues"]
"""On which axes stage 2 takes the alignment of states; see ``Variant``."""

FIRST, SECOND = "first", "second"
"""Names of the axes of a two-dimensional stage 1."""

AREAS: dict[str, tuple[str, ...]] = {
    "security": ("nu", "di"),
    "human_rights": ("hr",),
    "economy": ("ec",),
    "middle_east": ("me",),
}
"""Issue areas with positions of their own, and the codes of their votes (``data.codings.ISSUES``).

A vote with several codes counts in the first of them, so no vote is in two areas. Votes on colonialism and
those without a code are in none.
"""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """How much is sampled. More sampling reduces Monte Carlo error and changes nothing else.

    Attributes
    ----------
    seed : int
        Seed of the whole run. Each fit derives its own from it and from its name.
    ideal_point, total, single, refit : SamplerSpec
        Samplers of stage 1, of stage 2 without alignment, and of stage 2 with alignment: of a single fit, and
        of an exact refit to one stage-1 draw.
    cut : {"weights", "refits"}
        How stage 2 follows each stage-1 draw if ``propagation`` is ``draws``: by weights of the draws of one
        fit (``analysis.fitting.reweighting``), with exact refits where weights are unreliable, or by exact
        refits throughout. Both give the same posterior.
    stage1_draws : int
        Stage-1 draws that stage 2 follows.
    items_kept : bool
        Store discriminations and cutpoints of the items too. Stage 2 does not need them.
    kept_draws : int
        Stage-2 draws that are stored and from which effects are computed. At least two for each stage-1 draw
        are needed to separate the share of stage 1 from noise.
    quick : bool
        Mark the run as one for trying out. Everything that the run writes carries the mark.
    """

    seed: int = 20030320
    ideal_point: SamplerSpec = SamplerSpec(draws=1300, tune=150)
    total: SamplerSpec = SamplerSpec(draws=1000, tune=1000)
    single: SamplerSpec = SamplerSpec(draws=2000, tune=1000, target_accept=0.9)
    refit: SamplerSpec = SamplerSpec(draws=150, tune=50, chains=2, target_accept=0.7)
    cut: Cut = "weights"
    stage1_draws: int = 1000
    items_kept: bool = True
    kept_draws: int = 4000
    quick: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown cut; the message names the nearest."""
        check_choice("RunSpec", "cut", self.cut, get_args(Cut))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """All choices of one analysis.

    Attributes
    ----------
    name : str
        Name of the folder of results.
    axis, choice, reason : str
        The kind of choice that differs from the main analysis, the choice, and why somebody would make it.
    source : str
        Who proposed the choice or raised the doubt.
    reference : str
        iso3 of the state from which alignment is measured.
    positions : {"window", "dynamic"}
        Source of the positions: a fit to the case's own window of votes, or the stored fit of the dynamic
        model at the end of the window (``analysis.pipeline.dynamic_positions``).
    axes : {"one", "dimensions", "issues"}
        On which axes stage 2 takes alignment: on the first of stage 1, on both of a two-dimensional stage 1
        (``ideal_point.dimensions = 2``), or on one for each of ``AREAS``, each from a stage 1 of its own.
        Several alignments enter stage 2 together.
    propagation : {"plugin", "draws", "measurement", "joint"}
        How stage 2 accounts for the uncertainty of stage 1; see ``analysis.fitting.propagation``.
    data, ideal_point, coalition, alignment, run
        Specs of the data, the models and the sampling. Each is explained in its own file. The main analysis
        lets a guarantee's effect change with capability and region (models/docs/causes.md).
    """

    name: str = "main"
    axis: str = "main"
    choice: str = "main"
    reason: str = "The project's preferred coding and priors."
    source: str = "The project."
    reference: str = "USA"
    positions: Literal["window", "dynamic"] = "window"
    axes: Axes = "one"
    propagation: Propagation = "draws"
    data: DataSpec = field(default_factory=DataSpec)
    ideal_point: IdealPointSpec = field(default_factory=IdealPointSpec)
    coalition: CoalitionSpec = CoalitionSpec(heterogeneity="capability-region")
    alignment: AlignmentSpec = field(default_factory=AlignmentSpec)
    run: RunSpec = field(default_factory=RunSpec)

    def __post_init__(self) -> None:
        """Refuse unknown choices (the message names the nearest) and choices that exclude each other."""
        check_choice("Variant", "propagation", self.propagation, get_args(Propagation))
        check_choice("Variant", "positions", self.positions, ("window", "dynamic"))
        if self.positions == "dynamic" and self.propagation == "joint":
            raise ValueError(
                "Variant: positions = 'dynamic' uses a stored fit, propagation = 'joint' fits the votes again"
            )
        self._check_axes()
        names = [name for name, _ in self.data.covariates]
        if self.coalition.measurement_error == "model" and not set(names) & set(UNSURE):
            raise ValueError(
                "Variant: coalition.measurement_error = 'model' needs a covariate with a published standard "
                f"deviation ({', '.join(UNSURE)}); covariates: {', '.join(names)}"
            )
        if self.coalition.heterogeneity != "none" and CAPABILITY not in names:
            raise ValueError(
                f"Variant: coalition.heterogeneity = {self.coalition.heterogeneity!r} needs the covariate "
                f"{CAPABILITY!r}; covariates: {', '.join(names)}"
            )

    def _check_axes(self) -> None:
        check_choice("Variant", "axes", self.axes, get_args(Axes))
        given, dimensions = f"Variant: axes = {self.axes!r}", self.ideal_point.dimensions
        areas = set(self.data.issues_in or (*ISSUES, "other")) - set(self.data.issues_out)
        if dimensions > 1 and len(areas) == 1:
            raise ValueError(
                f"Variant: ideal_point.dimensions = {dimensions} needs votes on several issue areas; "
                f"data.issues_in and issues_out leave {areas.pop()!r} alone"
            )
        if dimensions > 1 and self.positions == "dynamic":
            raise ValueError(f"Variant: positions = 'dynamic' have one axis, not {dimensions} dimensions")
        if self.axes == "dimensions" and dimensions == 1:
            raise ValueError(f"{given} needs ideal_point.dimensions = 2")
        if self.axes == "issues" and (dimensions > 1 or self.positions == "dynamic"):
            raise ValueError(f"{given} needs ideal_point.dimensions = 1 and positions = 'window'")
        if self.axes == "issues" and (lost := [a for a, codes in AREAS.items() if not areas & set(codes)]):
            raise ValueError(
                f"{given}, but data.issues_in and issues_out leave no votes on {', '.join(lost)}"
            )
        if self.axes != "one" and self.propagation in ONE_AXIS:
            raise ValueError(f"{given} needs propagation = 'draws' or 'plugin', not {self.propagation!r}")

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Names of the axes on which stage 2 takes alignment; empty if there is one."""
        return {"one": (), "dimensions": (FIRST, SECOND), "issues": tuple(AREAS)}[self.axes]

    def require_plain_stage2(self, what: str, *, one_axis: bool = True) -> None:
        """Raise ValueError if stage 2 has what ``what``, a feature, cannot take; with one axis, several."""
        if self.coalition.measurement_error == "model":
            raise ValueError(f"{what} take covariates as known; not for measurement_error = 'model'")
        if one_axis and self.axes != "one":
            raise ValueError(f"{what} take alignment on one axis; not for axes = {self.axes!r}")

    def to_dict(self) -> dict:
        """Return all choices, ready for JSON."""
        return {**asdict(self), "data": json.loads(self.data.to_json())}

    def quick(self) -> Self:
        """Return the same analysis on the shipped tallies with few stage-1 draws, for trying out."""
        return replace(
            self,
            name=f"{self.name}-quick",
            data=replace(self.data, granularity="agenda"),
            run=replace(self.run, stage1_draws=100, quick=True),
        )
