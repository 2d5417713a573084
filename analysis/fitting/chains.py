"""Run chains from given points, and let chains that are too short go on."""

import time
from dataclasses import replace

import numpy as np
import nutpie
import xarray as xr
from nutpie.sample import CompiledModel

from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed

POLL = 0.02
"""Seconds between two looks at running chains."""
SAVED_STATISTICS = ["diverging", "energy", "n_steps"]


def run_chains(
    compiled: CompiledModel,
    sampler: SamplerSpec,
    starts: np.ndarray,
    saved: list[str],
    *,
    seed: int,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Sample one chain from each of the starts (chain, parameter), ``cores`` of them side by side."""
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
            save_warmup=False,
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
    groups = {"posterior": [*saved, "raw"], "sample_stats": SAVED_STATISTICS}
    return xr.DataTree.from_dict(
        {
            group: xr.concat(
                [done[chain][group].dataset[names] for chain in range(len(starts))], "chain"
            ).assign_coords(chain=np.arange(len(starts)))
            for group, names in groups.items()
        }
    )


def append_draws(kept: xr.DataTree, drawn: xr.DataTree) -> xr.DataTree:
    """Put further draws of the same chains behind those that are there."""
    return xr.DataTree.from_dict(
        {
            group: xr.concat([tree[group].dataset for tree in (kept, drawn)], "draw").assign_coords(
                draw=np.arange(kept[group].sizes["draw"] + drawn[group].sizes["draw"])
            )
            for group in ("posterior", "sample_stats")
        }
    )


def _is_finished(run) -> bool:
    try:
        return run.is_finished
    # nutpie gives up its look at a chain at work after a moment.
    except TimeoutError:
        return False
