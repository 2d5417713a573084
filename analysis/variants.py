"""The table that a reviewer edits: the main analysis, and every other as a difference from it."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Self

from analysis.fit import SamplerSpec
from data.spec import DataSpec
from models.spec import CoalitionSpec, IdealPointSpec


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """How much is sampled. More of it makes Monte Carlo error smaller and changes nothing else.

    Attributes
    ----------
    seed : int
        Seed of the whole run; each fit derives its own from it and from what is fitted.
    ideal_point, total, refit : SamplerSpec
        Sampler of stage 1, of stage 2 without alignment, and of one refit of stage 2 with it.
    stage1_draws : int
        Stage-1 draws to which stage 2 is refitted.
    kept_draws : int
        Draws of stage 2 that are stored and from which effects are computed.
    quick : bool
        Marks a run for trying out; it is written into everything that the run writes.
    """

    seed: int = 20030320
    ideal_point: SamplerSpec = SamplerSpec(draws=1000, tune=500, target_accept=0.9)
    total: SamplerSpec = SamplerSpec(draws=1000, tune=1000)
    refit: SamplerSpec = SamplerSpec(draws=500, tune=100, chains=2, target_accept=0.7)
    stage1_draws: int = 200
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
    reference : str
        iso3 of the state from which alignment is measured.
    data, ideal_point, coalition, run
        The specs; each stands in its own file with its reasons.
    """

    name: str = "main"
    axis: str = "main"
    choice: str = "main"
    reason: str = "The coding and the priors that the project stands by."
    reference: str = "USA"
    data: DataSpec = field(default_factory=DataSpec)
    ideal_point: IdealPointSpec = field(default_factory=IdealPointSpec)
    coalition: CoalitionSpec = field(default_factory=CoalitionSpec)
    run: RunSpec = field(default_factory=RunSpec)

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


MAIN = Variant()
