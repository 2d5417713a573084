"""One run of a sampler in its own process, so that a crash, a hang or its memory use affects nothing else.

``python -m analysis.studies.benchmark.worker FOLDER`` reads ``task.json`` and ``votes.pickle`` there, and
writes ``figures.json`` and the positions, ``draws.npy`` (chain, draw, state).
"""

import json
import pickle
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pymc as pm
import pytensor
import xarray as xr

from analysis.fitting.chains import append_draws, run_chains
from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import measure_convergence
from analysis.fitting.fit import list_saved, run_nutpie
from analysis.fitting.gates import ATTEMPTS, ConvergenceError, check_convergence
from analysis.fitting.modes import place_chains
from analysis.fitting.whitened import compile_whitened
from analysis.variants.sampler import CORES, SamplerSpec, derive_seed
from models.coordinates.arrow import find_places
from models.ideal_point import OF_ITEMS, SAVED, build_ideal_point_model
from models.spec import IdealPointSpec

FUSED = IdealPointSpec(repeats="apart")
"""What the peers fit: every answer is new evidence."""
GRAPH = replace(FUSED, likelihood="graph")


def sample_project(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """Run stage 1 as ``fit_whitened`` does, with its search for modes and its gates; a short fit goes on.

    Returns positions (chain, draw, state) and seconds: ``compile``; ``sample``, search and all attempts;
    ``judge``, the gates. ``passed`` says whether the gates were met, ``note`` otherwise why not.
    """
    begin = time.perf_counter()
    model = build_ideal_point_model(votes, FUSED)
    saved = list_saved(model, SAVED)
    whitened = compile_whitened(model, saved, find_places(model, OF_ITEMS))
    compiled = time.perf_counter()
    shaped, modes = whitened.find_modes(seed)
    figures = {"compile": compiled - begin, "sample": time.perf_counter() - compiled, "judge": 0.0}
    starts, kept = place_chains(modes, sampler.chains, seed), None
    for number in range(ATTEMPTS):
        begin = time.perf_counter()
        drawn, starts = run_chains(shaped, sampler, starts, saved, seed=derive_seed(seed, "chains", number))
        kept = drawn if kept is None else append_draws(kept, drawn)
        sampled = time.perf_counter()
        measured = measure_convergence(kept["posterior"].dataset[saved], kept["sample_stats"].dataset)
        figures["sample"] += sampled - begin
        figures["judge"] += time.perf_counter() - sampled
        try:
            check_convergence(measured, name="the fit")
            verdict = {"passed": True, "note": ""}
            break
        except ConvergenceError as error:
            verdict = {"passed": False, "note": str(error)}
    return kept["posterior"]["ideal_point"].values, figures | verdict


def sample_nutpie(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """Run the same model and sampler with the likelihood as a graph."""
    pytensor.config.numba__fastmath = True
    begin = time.perf_counter()
    compiled = compile_model(build_ideal_point_model(votes, GRAPH), ["ideal_point"])
    compiling = time.perf_counter() - begin
    begin = time.perf_counter()
    tree = run_nutpie(compiled, sampler, cores=CORES, seed=seed)
    figures = {"compile": compiling, "sample": time.perf_counter() - begin}
    return tree["posterior"]["ideal_point"].values, figures


def sample_pymc(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """Run the same model, its likelihood as a graph, with PyMC's own NUTS."""
    pytensor.config.numba__fastmath = True
    begin = time.perf_counter()
    with build_ideal_point_model(votes, GRAPH):
        tree = pm.sample(
            sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            cores=min(CORES, sampler.chains),
            target_accept=sampler.target_accept,
            random_seed=seed,
            nuts_sampler="pymc",
            # No jitter: chains begin at the starting points of the model.
            init="adapt_diag",
            progressbar=False,
            compute_convergence_checks=False,
        )
    sampling = float(tree["posterior"].attrs["sampling_time"])
    figures = {"compile": time.perf_counter() - begin - sampling, "sample": sampling}
    return tree["posterior"]["ideal_point"].values, figures


def sample_numpyro(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """Run the same model, its likelihood as a graph translated to JAX, with NumPyro."""
    from pymc.sampling.jax import sample_numpyro_nuts

    def run(tune, draws):
        with build_ideal_point_model(votes, GRAPH):
            return sample_numpyro_nuts(
                draws,
                tune=tune,
                chains=sampler.chains,
                target_accept=sampler.target_accept,
                random_seed=seed,
                jitter=False,
                var_names=["ideal_point"],
                progressbar=False,
                compute_convergence_checks=False,
                chain_method="parallel",
            )

    # NumPyro compiles when sampling begins: a run of one draw measures how long that takes.
    compiling = float(run(1, 1)["posterior"].attrs["sampling_time"])
    tree = run(sampler.tune, sampler.draws)
    figures = {"compile": compiling, "sample": float(tree["posterior"].attrs["sampling_time"]) - compiling}
    return tree["posterior"]["ideal_point"].values, figures


SAMPLERS = {
    "project": sample_project,
    "nutpie": sample_nutpie,
    "pymc": sample_pymc,
    "numpyro": sample_numpyro,
}


def work(folder: Path) -> None:
    """Run the sampler that ``task.json`` in the folder names."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    votes = pickle.loads((folder / "votes.pickle").read_bytes())
    run = SAMPLERS[task["sampler"]]
    positions, figures = run(votes, SamplerSpec(**task["settings"]), task["seed"])
    np.save(folder / "draws.npy", positions)
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    work(Path(sys.argv[1]))
