"""What a run of the dynamic model needs: pairs of chains, each a task of its own."""

from dataclasses import asdict, dataclass, replace

import xarray as xr

from analysis.store.keys import hash_dataset
from analysis.store.task import Task
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from models.spec import DynamicIdealPointSpec

PAIR = 2
"""Chains of one task."""


@dataclass(frozen=True, kw_only=True)
class DynamicRun:
    """What is fitted, and how much is sampled.

    Attributes
    ----------
    sessions : tuple of int
        First and last session.
    model : DynamicIdealPointSpec
        Priors and choices.
    sampler : SamplerSpec
        Draws and warm-up of each chain; an even number of chains.
    seed : int
        Seed of the run; each pair of chains derives its own.
    """

    sessions: tuple[int, int] = (1, 80)
    model: DynamicIdealPointSpec = DynamicIdealPointSpec()
    sampler: SamplerSpec = SamplerSpec(chains=8, draws=1200, tune=300)
    seed: int = 1946


@dataclass(frozen=True, eq=False)
class Record:
    """What the model is built from. All pairs of a run share one object, so the model is compiled once."""

    votes: xr.Dataset
    spec: DynamicIdealPointSpec


def plan_dynamic(run: DynamicRun, votes: xr.Dataset) -> list[Task]:
    """Return one task for each pair of chains, without sampling anything.

    nutpie cannot resume a chain. Each pair is therefore stored when it is done: an interrupted run loses at
    most the pair it was working on.

    Parameters
    ----------
    run : DynamicRun
        What to fit.
    votes : xr.Dataset
        Votes of many sessions, see ``data.load.load_record_votes``.

    Raises
    ------
    ValueError
        If the number of chains is odd.
    """
    pairs, odd = divmod(run.sampler.chains, PAIR)
    if odd:
        raise ValueError(f"chains = {run.sampler.chains}: chains run in pairs, so their number must be even")
    record = Record(votes, run.model)
    # More chains of the same kind leave those that are there as they are.
    sampler = replace(run.sampler, chains=PAIR)
    content = {"votes": hash_dataset(votes), "spec": asdict(run.model), "sampler": asdict(sampler)}
    about = {"files": votes.attrs.get("sha256", "")}
    tasks = []
    for pair in range(pairs):
        seed = derive_seed(run.seed, "dynamic", pair)
        name = f"dynamic model, chains {PAIR * pair + 1}-{PAIR * (pair + 1)}"
        settings, own = (sampler, seed), content | {"seed": seed}
        tasks.append(Task("dynamic", name, make_pair, settings, record, own, about))
    return tasks


def make_pair(
    record: Record,
    fits: list,
    settings: tuple[SamplerSpec, int],
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Sample one pair of chains; the settings are sampler and seed."""
    from analysis.studies.dynamic.fit import compile_record, sample_pair

    return sample_pair(*compile_record(record), *settings, cores=cores, progress=progress)
