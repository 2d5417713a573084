"""What the study of acts fits: stage 1 before each act, the answers, permuted pacts, acts left out."""

from dataclasses import asdict, dataclass, field
from typing import Literal

import xarray as xr

from analysis.store.keys import hash_dataset
from analysis.store.task import Task
from analysis.studies.acts.make import make_answers, make_left_out, make_permuted, make_window
from analysis.variants.sampler import SamplerSpec
from data.acts.spec import ActsSpec
from models.acts.spec import ActsModelSpec
from models.spec import IdealPointSpec

VOTES = ("acts", "ordinary")
EFFECTS = ("total", "direct")
MODELLED = ("answer", "pact", "unpopular", "covariates", "region", "power", "military", "late", "window")
"""Variables of acts that the fits use."""


@dataclass(frozen=True, kw_only=True)
class ActsRun:
    """All choices of the study.

    Attributes
    ----------
    name : str
        ``main``, or what differs.
    data, model, ideal_point
        Specs of the coding, of the model of answers and of stage 1.
    seed : int
        Seed of the run; each fit derives its own.
    window, answers, refit : SamplerSpec
        Samplers of stage 1, of a fit of the answers, and of a refit to permuted pacts or without an act.
    window_draws : int
        Draws of positions that are kept of each window.
    permutations : int
        Number of permuted pacts.
    extent : {"whole", "permuted", "effects"}
        What is fitted: everything; effects and permuted pacts, but no acts left out; or the effects only.
    """

    name: str = "main"
    data: ActsSpec = field(default_factory=ActsSpec)
    model: ActsModelSpec = field(default_factory=ActsModelSpec)
    ideal_point: IdealPointSpec = field(default_factory=IdealPointSpec)
    seed: int = 19451024
    window: SamplerSpec = SamplerSpec(draws=500, tune=100)
    answers: SamplerSpec = SamplerSpec(draws=1000, tune=400)
    refit: SamplerSpec = SamplerSpec(draws=2000, tune=250, chains=2)
    window_draws: int = 400
    permutations: int = 20
    extent: Literal["whole", "permuted", "effects"] = "whole"


@dataclass(frozen=True, kw_only=True)
class ActsPlan:
    """Tasks of a run.

    Attributes
    ----------
    windows : dict of int to Task
        Stage 1 by last session.
    fits : dict of (str, str) to Task
        By votes (``acts``, ``ordinary``) and effect (``total``, ``direct``).
    permuted, left_out : Task or None
        Effects of permuted pacts; probabilities of the answers on acts left out.
    """

    windows: dict[int, Task]
    fits: dict[tuple[str, str], Task]
    permuted: Task | None
    left_out: Task | None

    @property
    def tasks(self) -> list[Task]:
        """All tasks, in an order in which they can run."""
        further = [task for task in (self.permuted, self.left_out) if task is not None]
        return [*self.windows.values(), *self.fits.values(), *further]


def plan_acts(
    run: ActsRun, acts: xr.Dataset, ordinary: xr.Dataset, windows: dict[int, xr.Dataset]
) -> ActsPlan:
    """List the tasks of a run, without running any.

    Parameters
    ----------
    run : ActsRun
    acts, ordinary, windows
        See ``data.acts.load.ActsData``.
    """
    about = {"data": acts.attrs["spec"], "files": acts.attrs["sha256"]}
    stage1 = {}
    for last, votes in windows.items():
        content = {
            "votes": hash_dataset(votes),
            "ideal_point": asdict(run.ideal_point),
            "sampler": asdict(run.window),
            "kept": run.window_draws,
            "seed": run.seed,
        }
        name = f"ideal points, {votes.attrs['case']}"
        stage1[last] = Task("acts_window", name, make_window, run, votes, content, about)
    both = {"acts": acts, "ordinary": ordinary}
    fits = {}
    for effect in EFFECTS:
        for votes in VOTES:
            modelled = both[votes][[name for name in MODELLED if name in both[votes].variables]]
            shared = {"votes": hash_dataset(modelled), "model": asdict(run.model), "seed": run.seed}
            content = shared | {"effect": effect, "sampler": asdict(run.answers)}
            needs = tuple(stage1.values()) if effect == "direct" else ()
            name = f"{votes}, {effect} effect"
            fits[votes, effect] = Task(
                "acts_answers", name, make_answers, run, both[votes], content, about, needs
            )
    if run.extent == "effects":
        return ActsPlan(windows=stage1, fits=fits, permuted=None, left_out=None)
    shared = {"votes": fits["acts", "total"].content["votes"], "model": asdict(run.model), "seed": run.seed}
    shared |= {"sampler": asdict(run.refit)}
    content = shared | {"permutations": run.permutations}
    permuted = Task("acts_permuted", "permuted pacts", make_permuted, run, acts, content, about)
    if run.extent == "permuted":
        return ActsPlan(windows=stage1, fits=fits, permuted=permuted, left_out=None)
    left_out = Task(
        *("acts_left_out", "acts left out", make_left_out, run, acts, shared, about, tuple(stage1.values()))
    )
    return ActsPlan(windows=stage1, fits=fits, permuted=permuted, left_out=left_out)
