"""Chains of the dynamic model: a pair at a time, each pair stored when it is done, all judged together."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import nutpie
import pyarrow as pa
import xarray as xr

from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import measure_convergence
from analysis.fitting.fit import SAVED_STATISTICS
from analysis.fitting.gates import check_convergence
from analysis.store.files import RESULTS, load_or_fit
from analysis.store.keys import hash_dataset
from analysis.variants.sampler import CORES, Progress, SamplerSpec, derive_seed
from models.dynamic_ideal_point import SAVED_ITEMS, SAVED_POSITIONS, build_dynamic_ideal_point_model
from models.spec import DynamicIdealPointSpec

CHAINS = RESULTS / ".chains"
"""Where pairs of chains wait for the others."""


def fit_dynamic(
    votes: xr.Dataset,
    spec: DynamicIdealPointSpec,
    sampler: SamplerSpec,
    *,
    seed: int,
    progress: Progress | None = None,
    folder: Path = CHAINS,
) -> xr.DataTree:
    """Sample and judge the dynamic model.

    nutpie cannot take up a chain where it stopped. Chains therefore run in pairs, one on each core, and a
    finished pair is stored: a run that is stopped goes on with the pairs that are missing, and at most the
    pair at work is lost.

    Parameters
    ----------
    votes : xr.Dataset
        From ``data.load.load_record_votes``.
    spec : DynamicIdealPointSpec
        Priors and choices.
    sampler : SamplerSpec
        Draws and warm-up of each chain, an even number of chains.
    seed : int
        Seed.
    progress : callable, optional
        Told the share done.
    folder : Path
        Where pairs are stored.

    Returns
    -------
    xr.DataTree
        ``posterior`` (chain, draw, ...; float32) with the variables of ``SAVED_POSITIONS`` and
        ``SAVED_ITEMS``, ``sample_stats``; attributes ``convergence`` (figures of positions and scales, which
        the gates judge), ``items`` (those of resolutions) and ``model``.

    Raises
    ------
    ConvergenceError
        If a position or a scale misses a gate.
    KeyboardInterrupt
        If it was stopped.
    """
    pairs = sampler.chains // CORES
    if pairs * CORES != sampler.chains:
        raise ValueError(f"chains = {sampler.chains}: they run in pairs, so an even number is needed")
    content = {
        "votes": hash_dataset(votes),
        "spec": asdict(spec),
        "draws": sampler.draws,
        "tune": sampler.tune,
        "target_accept": sampler.target_accept,
    }
    prepared: list = []

    def prepare() -> tuple:
        # Reading votes and compiling takes half a minute: not for chains that are all there.
        if not prepared:
            model = build_dynamic_ideal_point_model(votes, spec)
            prepared.append((compile_model(model, SAVED_POSITIONS + SAVED_ITEMS), model.str_repr()))
        return prepared[0]

    trees = []
    for pair in range(pairs):
        pair_seed = derive_seed(seed, "dynamic", pair)
        told = _share(progress, pair, pairs) if progress else None
        tree, _, _ = load_or_fit(
            "dynamic",
            content | {"seed": pair_seed},
            lambda pair_seed=pair_seed, told=told: _sample_pair(*prepare(), sampler, pair_seed, told),
            folder,
        )
        trees.append(tree)
    joined = {
        group: xr.concat([tree[group].dataset for tree in trees], "chain").assign_coords(
            chain=np.arange(sampler.chains)
        )
        for group in ("posterior", "sample_stats")
    }
    idata = xr.DataTree.from_dict(joined)
    posterior, stats = joined["posterior"], joined["sample_stats"]
    figures = measure_convergence(posterior[SAVED_POSITIONS], stats) | {
        "target_accept": sampler.target_accept,
        "gradients_per_draw": float(stats["n_steps"].mean()),
    }
    check_convergence(figures, name="dynamic ideal points")
    idata.attrs = {
        "convergence": figures,
        "items": measure_convergence(posterior[SAVED_ITEMS], stats),
        "model": trees[0].attrs["model"],
    }
    return idata


def _share(progress: Progress, pair: int, pairs: int) -> Callable[[list], None]:
    def report(chains):
        done = sum(c.finished_draws for c in chains) / max(1, sum(c.total_draws for c in chains))
        progress((pair + done) / pairs)

    return report


def _sample_pair(compiled, text: str, sampler: SamplerSpec, seed: int, progress) -> xr.DataTree:
    """Two chains side by side; only what is kept is copied out of nutpie's memory, in single precision."""
    trace = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=CORES,
        cores=CORES,
        seed=seed,
        target_accept=sampler.target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=progress,
        return_raw_trace=True,
    )
    draws, statistics = trace.get_arrow_trace()
    # Stopped by Ctrl-C, nutpie gives what it has: that is no chain to be judged.
    if any(chain.num_rows < sampler.draws + sampler.tune for chain in draws):
        raise KeyboardInterrupt
    coords = {name: np.asarray(values) for name, values in compiled.coords.items()}
    groups = {
        "posterior": _gather(draws, SAVED_POSITIONS + SAVED_ITEMS, sampler.tune, np.float32),
        "sample_stats": _gather(statistics, SAVED_STATISTICS, sampler.tune, None),
    }
    tree = xr.DataTree.from_dict(
        {
            group: xr.Dataset(
                variables,
                {d: coords[d] for v in variables.values() for d in v[0] if d in coords},
            )
            for group, variables in groups.items()
        }
    )
    tree.attrs["model"] = text
    return tree


def _gather(batches: list, names: list[str], tune: int, dtype: type | None) -> dict:
    """Columns of all chains' draws after the warm-up: name -> (dims, array)."""
    gathered = {}
    for name in names:
        parts = []
        for batch in batches:
            column = batch.column(name)
            dims, shape = (
                [part for part in column.field.metadata.get(key, b"").decode().split(",") if part]
                for key in (b"dims", b"shape")
            )
            # nutpie's columns are Arrow's in another library's hands.
            kept = pa.array(column).slice(tune)
            flat = kept.flatten() if pa.types.is_nested(kept.type) else kept
            values = flat.to_numpy(zero_copy_only=False).reshape((len(kept), *map(int, shape)))
            parts.append(values.astype(dtype) if dtype else values)
        gathered[name] = (("chain", "draw", *dims), np.stack(parts))
    return gathered
