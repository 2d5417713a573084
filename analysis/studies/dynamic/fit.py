"""Sample the dynamic model a pair of chains at a time, and judge all chains together."""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import xarray as xr
from nutpie.sample import CompiledModel
from threadpoolctl import threadpool_limits

from analysis.fitting.chains import SAVED_STATISTICS
from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import measure_convergence
from analysis.fitting.fit import run_nutpie
from analysis.fitting.gates import check_convergence
from analysis.variants.sampler import CORES, Progress, SamplerSpec
from models.coordinates.dynamic_chains import place_chain
from models.coordinates.dynamic_mode import estimate_dynamic_start
from models.coordinates.layout import prepare_layout
from models.dynamic_ideal_point import SAVED_ITEMS, SAVED_POSITIONS, build_dynamic_ideal_point_model


class Compiled(NamedTuple):
    """The compiled model of a record.

    Attributes
    ----------
    model : CompiledModel
        Begins each chain at a point of its own.
    text : str
        The model's text.
    """

    model: CompiledModel
    text: str


@cache
def compile_record(record) -> Compiled:
    """Compile the model of a ``plan.Record``.

    Each chain climbs from other positions than any other chain, to the mode that is there, and begins at more
    than the posterior's width from it. Chains that began together would agree whatever other modes there are.
    """
    votes, spec = record.votes, record.spec
    layout = prepare_layout(votes)
    with threadpool_limits(limits=1):
        start = estimate_dynamic_start(votes, layout, spec.session_log_sd_scale)
    model = build_dynamic_ideal_point_model(votes, spec, start=start)
    compiled, first = compile_model(model, SAVED_POSITIONS + SAVED_ITEMS), model.initial_point()

    def place(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        at = estimate_dynamic_start(votes, layout, spec.session_log_sd_scale, rng)
        return place_chain(first, lambda x: compiled.logp_func(x)[1], start, at, layout, rng)

    return Compiled(replace(compiled, initial_point_func=place), model.str_repr())


def sample_pair(
    compiled: CompiledModel,
    text: str,
    sampler: SamplerSpec,
    seed: int,
    *,
    cores: int = CORES,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Sample the chains of one task of a compiled record side by side.

    Only what is kept is copied out of nutpie's memory, in single precision: all draws of all positions in
    double precision would need twice the memory. The draws do not depend on the number of cores.

    Returns ``posterior`` (chain, draw, ...; float32) with the variables of ``SAVED_POSITIONS`` and
    ``SAVED_ITEMS``, and ``sample_stats``. Attribute ``model``: the text. Raises KeyboardInterrupt if sampling
    was interrupted.
    """
    # Chains climb to their starts. Threads would round differently from machine to machine.
    with threadpool_limits(limits=1):
        trace = run_nutpie(
            compiled, sampler, cores=cores, seed=seed, progress=progress, return_raw_trace=True
        )
    draws, statistics = trace.get_arrow_trace()
    # After Ctrl-C nutpie returns the draws it has. An incomplete chain must not be stored.
    if any(chain.num_rows < sampler.draws + sampler.tune for chain in draws):
        raise KeyboardInterrupt
    coords = {name: np.asarray(values) for name, values in compiled.coords.items()}
    groups = {
        "posterior": _gather(draws, SAVED_POSITIONS + SAVED_ITEMS, sampler.tune, np.float32),
        "sample_stats": _gather(statistics, SAVED_STATISTICS, sampler.tune, None),
    }
    labelled = {}
    for group, variables in groups.items():
        own = {dim: coords[dim] for dims, _ in variables.values() for dim in dims if dim in coords}
        labelled[group] = xr.Dataset(variables, own)
    tree = xr.DataTree.from_dict(labelled)
    tree.attrs["model"] = text
    return tree


def _gather(batches: list, names: list[str], tune: int, dtype: type | None) -> dict:
    """Return all chains' draws after the warm-up: name -> (dims, array)."""
    gathered = {}
    for name in names:
        parts = []
        for batch in batches:
            column = batch.column(name)
            dims, shape = (
                [part for part in column.field.metadata.get(key, b"").decode().split(",") if part]
                for key in (b"dims", b"shape")
            )
            # nutpie's columns come from another Arrow library; pyarrow reads them without a copy.
            kept = pa.array(column).slice(tune)
            flat = kept.flatten() if pa.types.is_nested(kept.type) else kept
            values = flat.to_numpy(zero_copy_only=False).reshape((len(kept), *map(int, shape)))
            parts.append(values.astype(dtype) if dtype else values)
        gathered[name] = (("chain", "draw", *dims), np.stack(parts))
    return gathered


def join_pairs(pairs: list[xr.DataTree], sampler: SamplerSpec) -> xr.DataTree:
    """Join all pairs of chains into one fit and judge it.

    Returns ``posterior`` and ``sample_stats`` (chain, draw, ...). Attributes: ``convergence``, figures of the
    positions and step sizes, which the gates judge; ``items``, figures of resolutions; ``model``. Raises
    ConvergenceError if a position or a step size misses a gate.
    """
    joined = {
        group: xr.concat([tree[group].dataset for tree in pairs], "chain").assign_coords(
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
        "model": pairs[0].attrs["model"],
    }
    return idata
