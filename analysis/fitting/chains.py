"""Run chains from given points until they pass the gates; chains that are too short go on."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import nutpie
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.fitting.convergence import gate
from analysis.fitting.gates import ATTEMPTS, GATES, ConvergenceError
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed

POLL = 0.02
"""Seconds between two looks at running chains."""
DOUBT = 3.0
"""How many times more effective draws than foreseen a fit may turn out to have."""
SAVED_STATISTICS = ["diverging", "energy", "n_steps"]


def sample_to_gates(
    compiled: CompiledModel,
    sampler: SamplerSpec,
    place: Callable[[int], np.ndarray],
    saved: list[str],
    *,
    name: str,
    text: str,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Sample until the gates are passed.

    A fit that is only too short goes on from where its chains stand, until it has twice the draws. A fit with
    divergences begins again with smaller steps, for its draws may miss what lies where the steps failed. A
    fit that is too short by far is refused at once; see ``is_hopeless``.

    Parameters
    ----------
    compiled : CompiledModel
        From ``analysis.fitting.compile.compile_model``.
    sampler : SamplerSpec
        Draws and warm-up of each chain at the first attempt.
    place : callable
        Takes a seed; returns the chains' starts (chain, parameter), on the unconstrained scale, apart.
    saved : list of str
        Variables to keep.
    name, text : str
        What is fitted, for messages; the model's text, for the result.
    seed, cores, progress
        See ``analysis.fitting.fit.Settings``. The draws do not depend on ``cores``.

    Returns
    -------
    xr.DataTree
        ``posterior`` and ``sample_stats`` (chain, draw, ...), with the attributes ``model`` and
        ``convergence``.

    Raises
    ------
    ConvergenceError
        If every attempt misses a gate, or the last one could not pass it.
    """
    attempt, kept, starts = sampler, None, place(seed)
    for number in range(ATTEMPTS):
        further = {"seed": derive_seed(seed, "chains", number), "cores": cores, "progress": progress}
        drawn, ends = run_chains(compiled, attempt, starts, saved, **further)
        kept = drawn if kept is None else append_draws(kept, drawn)
        kept.attrs["model"] = text
        try:
            return gate(kept, name, attempt, cores)
        except ConvergenceError as error:
            failure = error
        if is_hopeless(failure.figures, ATTEMPTS - 1 - number):
            raise failure
        if failure.figures["divergences"]:
            attempt, kept = replace(attempt.step_smaller(), draws=sampler.draws), None
            starts = place(derive_seed(seed, "starts", number))
        else:
            attempt, starts = replace(attempt, draws=kept["posterior"].sizes["draw"]), ends
    raise failure


def is_hopeless(figures: dict, further: int) -> bool:
    """Return whether a fit without divergences would miss the gate of sample size by far after all attempts.

    Each further attempt doubles the draws, and so the effective ones. Chains that stand in different modes
    have a handful however long they are.

    Parameters
    ----------
    figures : dict
        From ``analysis.fitting.convergence.measure_convergence``, of the draws so far.
    further : int
        Attempts that are left.
    """
    reached = min(figures["min_ess_bulk"], figures["min_ess_tail"]) * 2**further
    return not figures["divergences"] and reached * DOUBT < GATES.min_ess


def run_chains(
    compiled: CompiledModel,
    sampler: SamplerSpec,
    starts: np.ndarray,
    saved: list[str],
    *,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> tuple[xr.DataTree, np.ndarray]:
    """Sample one chain from each of the starts (chain, parameter), ``cores`` of them side by side.

    Returns the draws, and where the chains end (chain, parameter). If the run is interrupted, its chains are
    stopped.
    """
    waiting, running, done = list(range(len(starts))), {}, {}
    shares = np.zeros(len(starts))

    def begin(chain: int):
        def show(chains):
            shares[chain] = sum(c.finished_draws for c in chains) / max(1, sum(c.total_draws for c in chains))
            progress(shares.mean())

        return nutpie.sample(
            replace(compiled, initial_point_func=lambda _: starts[chain].copy()),
            draws=sampler.draws,
            tune=sampler.tune,
            chains=1,
            cores=1,
            seed=derive_seed(seed, chain),
            target_accept=sampler.target_accept,
            microcanonical_trajectory=sampler.microcanonical,
            save_warmup=False,
            store_unconstrained=True,
            progress_bar=False,
            progress_callback=show if progress else None,
            blocking=False,
        )

    try:
        while waiting or running:
            while waiting and len(running) < cores:
                chain = waiting.pop(0)
                running[chain] = begin(chain)
            for chain in [chain for chain, run in running.items() if _is_finished(run)]:
                done[chain] = running.pop(chain).wait()
            time.sleep(POLL)
    finally:
        for run in running.values():
            run.cancel()
    chains = [done[chain] for chain in range(len(starts))]
    groups = {"posterior": saved, "sample_stats": SAVED_STATISTICS}
    drawn = {
        group: _stack([chain[group].dataset[names] for chain in chains], "chain")
        for group, names in groups.items()
    }
    ends = [chain["sample_stats"]["unconstrained_draw"].values[0, -1] for chain in chains]
    return xr.DataTree.from_dict(drawn), np.stack(ends)


def append_draws(kept: xr.DataTree, drawn: xr.DataTree) -> xr.DataTree:
    """Put further draws of the same chains behind those that are there."""
    groups = ("posterior", "sample_stats")
    return xr.DataTree.from_dict(
        {group: _stack([tree[group].dataset for tree in (kept, drawn)], "draw") for group in groups}
    )


def _stack(parts: list[xr.Dataset], dim: str) -> xr.Dataset:
    stacked = xr.concat(parts, dim)
    return stacked.assign_coords({dim: np.arange(stacked.sizes[dim])})


def _is_finished(run) -> bool:
    try:
        return run.is_finished
    # nutpie gives up its look at a chain at work after a moment.
    except TimeoutError:
        return False
