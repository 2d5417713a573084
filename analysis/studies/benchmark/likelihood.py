"""Time of the likelihood's value and gradients: fused, and as a graph under numba and JAX."""

import time
from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt
import xarray as xr

from analysis.studies.benchmark.table import FUSED_FASTER, PER_CELL, VALUE_AND_GRADIENT, row
from models.coordinates.start import estimate_start
from models.likelihood.graded_response import graded_response_logp
from models.likelihood.votes import prepare_votes

CALLS = 10
"""Calls of one implementation a round. Only the fastest counts: other processes can only slow a call down."""


def compile_value_and_gradient(counts: np.ndarray, implementation: str, mode: str) -> Callable:
    """Compile the likelihood of fixed votes, with its gradients.

    Takes counts (item, state, response), ``fused`` or ``graph``, and PyTensor's mode, ``NUMBA`` or ``JAX``.
    The function takes ideal points (state,), discriminations (item,) and cutpoints (item, 2), all float64; it
    returns the value and the three gradients.
    """
    n_item, n_state, _ = counts.shape
    shapes = {"ideal_point": (n_state,), "discrimination": (n_item,), "cutpoint": (n_item, 2)}
    inputs = [pt.tensor(name, shape=shape, dtype="float64") for name, shape in shapes.items()]
    votes = prepare_votes(counts).as_shared()
    value = graded_response_logp(*inputs, votes, implementation=implementation)
    # PyTensor's default, whatever the fits of this project have set.
    with pytensor.config.change_flags(numba__fastmath=True):
        function = pytensor.function(inputs, [value, *pt.grad(value, inputs)], mode=mode)
        function.trust_input = True
        function(*point_of(counts))
    return function


def point_of(counts: np.ndarray) -> list[np.ndarray]:
    """Return a plausible point: rough estimates of positions and items, with cutpoints one logit apart."""
    start = estimate_start(counts, np.ones(len(counts)))
    cutpoint = np.stack([start.midpoint - 0.5, start.midpoint + 0.5], axis=-1)
    return [start.position, start.discrimination, cutpoint]


def time_call(function: Callable, point: list[np.ndarray], calls: int = CALLS) -> float:
    """Return the seconds of the fastest of several calls."""
    fastest = np.inf
    for _ in range(calls):
        begin = time.perf_counter()
        for result in function(*point):
            if hasattr(result, "block_until_ready"):
                result.block_until_ready()
        fastest = min(fastest, time.perf_counter() - begin)
    return fastest


def measure_likelihoods(
    votes: xr.Dataset,
    tallies: np.ndarray,
    *,
    graphs: dict[str, str],
    pairs: int,
    progress: Callable[[float], None],
) -> list[dict]:
    """Time all implementations in turn, over ``pairs`` rounds; return rows of the table.

    Takes votes with one vote a cell, and tallies (item, state, response), counts above one. ``graphs`` are
    the graph versions to time: PyTensor mode by name. An empty mode is reported as not installed.
    """
    counts = {"fused, votes": votes["counts"].values, "fused, counts": tallies}
    counts |= {name: counts["fused, votes"] for name in graphs}
    functions, failed = {}, {}
    for name, of in counts.items():
        mode = graphs.get(name, "NUMBA")
        if not mode:
            failed[name] = "not installed"
            continue
        try:
            implementation = "graph" if name in graphs else "fused"
            functions[name] = compile_value_and_gradient(of, implementation, mode)
        except Exception as error:
            if name not in graphs:
                raise
            failed[name] = f"failed: {type(error).__name__}: {str(error).splitlines()[0]}"
    points = {name: point_of(counts[name]) for name in functions}
    seconds = {name: [] for name in functions}
    for done in range(pairs):
        for name, function in functions.items():
            seconds[name].append(time_call(function, points[name]))
        progress((done + 1) / pairs)
    rows = []
    for name, values in seconds.items():
        values, cells = np.array(values), counts[name].shape[0] * counts[name].shape[1]
        size = f"{counts[name].shape[1]} x {counts[name].shape[0]}"
        rows.append(row("likelihood", name, VALUE_AND_GRADIENT, "ms", 1e3 * values, size=size))
        rows.append(row("likelihood", name, PER_CELL, "ns", 1e9 * values / cells, size=size))
        if name in graphs:
            ratio = values / np.array(seconds["fused, votes"])
            rows.append(row("likelihood", name, FUSED_FASTER, "times", ratio, size=size))
    return rows + [
        row("likelihood", name, VALUE_AND_GRADIENT, "ms", note=why) for name, why in failed.items()
    ]
