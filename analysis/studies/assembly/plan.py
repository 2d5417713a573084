"""What a fit of an assembly needs: one task, stored under a key of votes, choices and code."""

from dataclasses import asdict, dataclass

import xarray as xr

from analysis.store.keys import hash_dataset
from analysis.store.task import Task
from analysis.variants.sampler import CORES, Progress, SamplerSpec
from models.spec import IdealPointSpec


@dataclass(frozen=True, kw_only=True)
class AssemblyRun:
    """What is fitted, and how much is sampled.

    Attributes
    ----------
    model : IdealPointSpec
        Priors and choices. Every roll call is a question of its own: ``repeats="apart"``.
    sampler : SamplerSpec
        Draws and warm-up of each chain at the first attempt.
    seed : int
    """

    model: IdealPointSpec
    sampler: SamplerSpec = SamplerSpec(draws=1000, tune=200)
    seed: int = 1789


def choose_run(votes: xr.Dataset, *, quick: bool = False) -> AssemblyRun:
    """Return the run for an assembly; members shrink towards their groups if there are several."""
    grouped = len(set(votes["region"].values.tolist())) > 1
    model = IdealPointSpec(pooling="region" if grouped else "world", repeats="apart")
    few = {"sampler": SamplerSpec(draws=300, tune=150)} if quick else {}
    return AssemblyRun(model=model, **few)


def plan_assembly(run: AssemblyRun, votes: xr.Dataset) -> list[Task]:
    """Return the task of the fit, without sampling anything."""
    content = {
        "votes": hash_dataset(votes.drop_attrs()),
        "spec": asdict(run.model),
        "sampler": asdict(run.sampler),
        "seed": run.seed,
    }
    return [Task("assembly", "positions of members", make_assembly, run, votes, content)]


def make_assembly(
    votes: xr.Dataset,
    fits: list,
    run: AssemblyRun,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Fit the model to an assembly; the result has passed the gates."""
    from analysis.fitting.fit import fit_ideal_points

    return fit_ideal_points(votes, run.model, run.sampler, seed=run.seed, cores=cores, progress=progress)
