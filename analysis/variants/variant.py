"""One way through the whole analysis: every choice in one object."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Self, get_args

from analysis.variants.sampler import SamplerSpec
from data.case import check_choice
from data.spec import DataSpec
from models.spec import AlignmentSpec, CoalitionSpec, IdealPointSpec

Propagation = Literal["plugin", "draws", "measurement", "joint"]
"""How stage-1 uncertainty travels into stage 2; ``analysis.fitting.propagation`` says what each does."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """How much is sampled. More of it makes Monte Carlo error smaller and changes nothing else.

    Attributes
    ----------
    seed : int
        Seed of the whole run; each fit derives its own from it and from what is fitted.
    ideal_point, total, refit, single : SamplerSpec
        Sampler of stage 1, of stage 2 without alignment, of one refit of stage 2 with it, and of the one fit
        of stage 2 with it where stage-1 uncertainty travels otherwise than by ``draws``.
    stage1_draws : int
        Stage-1 draws to which stage 2 is refitted.
    items_kept : bool
        Store what was learned about the items (discriminations, cutpoints) beside positions; no result of
        stage 2 needs it.
    kept_draws : int
        Draws of stage 2 that are stored and from which effects are computed; at least two of each refit, or
        the share of stage 1 could not be told from noise.
    quick : bool
        Marks a run for trying out; it is written into everything that the run writes.
    """

    seed: int = 20030320
    ideal_point: SamplerSpec = SamplerSpec(draws=1000, tune=300, target_accept=0.9)
    total: SamplerSpec = SamplerSpec(draws=1000, tune=1000)
    refit: SamplerSpec = SamplerSpec(draws=150, tune=50, chains=2, target_accept=0.7)
    single: SamplerSpec = SamplerSpec(draws=1000, tune=1000, target_accept=0.9)
    stage1_draws: int = 300
    items_kept: bool = True
    kept_draws: int = 4000
    quick: bool = False


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way through the whole analysis.

    Attributes
    ----------
    name : str
        Names the folder of its results.
    axis, choice, reason : str
        Which kind of choice differs from the main analysis, how, and why somebody would choose so.
    source : str
        Where the idea, or the doubt, comes from.
    reference : str
        iso3 of the state from which alignment is measured.
    positions : {"window", "dynamic"}
        Where stage 1 comes from: a fit of the case's own window of votes, or the last positions within the
        window in the stored fit of the dynamic model (``analysis.pipeline.dynamic_positions``).
    propagation : {"plugin", "draws", "measurement", "joint"}
        How stage-1 uncertainty travels into stage 2; see ``analysis.fitting.propagation``.
    data, ideal_point, coalition, alignment, run
        The specs; each stands in its own file with its reasons.
    """

    name: str = "main"
    axis: str = "main"
    choice: str = "main"
    reason: str = "The coding and the priors that the project stands by."
    source: str = "The project."
    reference: str = "USA"
    positions: Literal["window", "dynamic"] = "window"
    propagation: Propagation = "draws"
    data: DataSpec = field(default_factory=DataSpec)
    ideal_point: IdealPointSpec = field(default_factory=IdealPointSpec)
    coalition: CoalitionSpec = field(default_factory=CoalitionSpec)
    alignment: AlignmentSpec = field(default_factory=AlignmentSpec)
    run: RunSpec = field(default_factory=RunSpec)

    def __post_init__(self) -> None:
        """Refuse a choice that does not exist, with the nearest that does, and what excludes each other."""
        check_choice("Variant", "propagation", self.propagation, get_args(Propagation))
        check_choice("Variant", "positions", self.positions, ("window", "dynamic"))
        if self.positions == "dynamic" and self.propagation == "joint":
            raise ValueError(
                "Variant: positions = 'dynamic' come from a stored fit, and 'joint' fits votes anew"
            )

    def to_dict(self) -> dict:
        """Everything that was chosen, ready for JSON."""
        return {**asdict(self), "data": json.loads(self.data.to_json())}

    def quick(self) -> Self:
        """The same analysis on the shipped tallies with few stage-1 draws, for trying out."""
        return replace(
            self,
            name=f"{self.name}-quick",
            data=replace(self.data, granularity="agenda"),
            run=replace(self.run, stage1_draws=30, quick=True),
        )
