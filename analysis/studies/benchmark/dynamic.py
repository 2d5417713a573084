"""Cost of the dynamic model: a gradient, its growth with sessions, and effective draws a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import arviz as az
import numpy as np
import xarray as xr

from analysis.fitting.compile import compile_model
from analysis.studies.benchmark.growth import fit_exponent
from analysis.studies.benchmark.likelihood import time_call
from analysis.studies.benchmark.table import MEDIAN_ESS, MIN_ESS, VALUE_AND_GRADIENT, row
from analysis.studies.benchmark.worker import run_nutpie
from analysis.variants.sampler import CORES, SamplerSpec
from data.load import find_rollcalls, load_record_votes
from models.dynamic_ideal_point import build_dynamic_ideal_point_model
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec

SAVED = ["ideal_point", "step_sd"]


@dataclass(frozen=True, kw_only=True)
class DynamicBenchmarkSpec:
    """What is measured of the dynamic model.

    Attributes
    ----------
    last : int
        Last session.
    sessions : tuple of int
        How many sessions before and with it a gradient is timed on, rising.
    sampled : int
        How many sessions are sampled.
    sampler : SamplerSpec
        Of the chains from which effective draws are counted.
    repetitions : int
        Turns of timing a gradient.
    """

    last: int = 74
    sessions: tuple[int, ...] = (5, 10, 20, 40, 74)
    sampled: int = 10
    sampler: SamplerSpec = SamplerSpec(draws=500, tune=300, chains=CORES)
    repetitions: int = 5


QUICK_DYNAMIC = DynamicBenchmarkSpec(
    last=6, sessions=(3, 6), sampled=3, sampler=SamplerSpec(draws=50, tune=50, chains=CORES)
)


def measure_dynamic(
    spec: DynamicBenchmarkSpec, votes_path: Path | None, *, simulated: bool, progress: Callable
) -> list[dict]:
    """Time gradients of growing stretches of the record, and sample one of them.

    Parameters
    ----------
    spec : DynamicBenchmarkSpec
    votes_path : Path, optional
        File or folder of the roll calls.
    simulated : bool
        Measure on a small simulated record.
    progress : callable
        Told the share done and what comes next.

    Returns
    -------
    list of dict
        Rows of the table; one that says why, where there are no roll calls.
    """
    if not simulated and find_rollcalls(votes_path) is None:
        return [row("dynamic", "dynamic model", VALUE_AND_GRADIENT, "ms", note="no roll calls")]
    if simulated:
        record, _ = simulate_record(n_state=20, n_session=spec.last, items_per_session=10, seed=1)
    else:
        record = load_record_votes((spec.last - max(spec.sessions) + 1, spec.last), votes_path)
    rows, cast, seconds = [], [], []
    for number, count in enumerate(spec.sessions):
        progress(number / (len(spec.sessions) + 1), f"{count} sessions")
        votes = take_last(record, count)
        model = build_dynamic_ideal_point_model(votes, DynamicIdealPointSpec())
        compiled = compile_model(model, SAVED)
        point = np.concatenate([np.ravel(x) for x in model.initial_point().values()])
        times = [time_call(compiled.logp_func, [point]) for _ in range(spec.repetitions)]
        cast.append(int(votes["counts"].sum()))
        seconds.append(min(times))
        size = describe(votes)
        rows.append(
            row("dynamic", "dynamic model", VALUE_AND_GRADIENT, "ms", 1e3 * np.array(times), size=size)
        )
        if count == spec.sampled:
            rows += count_effective_draws(compiled, spec.sampler, size)
    progress(1.0, "done")
    slope = fit_exponent(cast, seconds)
    note = f"{min(cast):,} to {max(cast):,} votes cast"
    return [*rows, row("dynamic", "dynamic model", "exponent of time in votes cast", "", slope, note=note)]


def take_last(record: xr.Dataset, count: int) -> xr.Dataset:
    """The last ``count`` sessions of a record, with the states that voted in them."""
    session = record["session"].values
    votes = record.isel(item=np.flatnonzero(session > session.max() - count))
    return votes.isel(state=np.flatnonzero(votes["counts"].values.any((0, 2))))


def describe(votes: xr.Dataset) -> str:
    """Sessions and size of a stretch of the record."""
    session = votes["session"].values
    sizes = f"{votes.sizes['state']} x {votes.sizes['item']}"
    return f"sessions {session.min()}-{session.max()}, {sizes}"


def count_effective_draws(compiled, sampler: SamplerSpec, size: str) -> list[dict]:
    """Effective draws of positions and scales in a second, warm-up included, chains side by side."""
    begin = time.perf_counter()
    trace = run_nutpie(compiled, sampler, 1)
    seconds = time.perf_counter() - begin
    found = az.ess(trace["posterior"].dataset[SAVED], method="bulk")
    values = np.concatenate([np.ravel(found[name]) for name in SAVED])
    note = f"{sampler.chains} x {sampler.draws} draws after {sampler.tune} of warm-up"
    return [
        row("dynamic", "dynamic model", MIN_ESS, "1/s", values.min() / seconds, size=size, note=note),
        row("dynamic", "dynamic model", MEDIAN_ESS, "1/s", np.median(values) / seconds, size=size, note=note),
    ]
