"""One measurement in a process of its own, where it can fail, hang or use memory without touching others.

``python -m analysis.studies.benchmark.worker FOLDER`` reads what to do from ``task.json`` and ``votes.pickle`` there,
and leaves its figures in ``figures.json`` and, for samplers, positions in ``draws.npy`` (chain, draw, state).
"""

import json
import pickle
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import nutpie
import pymc as pm
import pytensor
import xarray as xr

from analysis.fitting.compile import compile_model
from analysis.fitting.convergence import measure_convergence
from analysis.fitting.fit import ATTEMPTS
from analysis.fitting.gates import ConvergenceError, check_convergence, sample_harder
from analysis.studies.benchmark.likelihood import compile_value_and_gradient, point_of, time_call
from analysis.variants.sampler import CORES, SamplerSpec
from models.ideal_point import SAVED, build_ideal_point_model
from models.simulate.static import simulate_votes
from models.spec import IdealPointSpec

GRAPH = IdealPointSpec(likelihood="graph")


def sample_project(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """Stage 1 of this project as ``fit_ideal_points`` runs it, gates and further attempts included.

    Returns
    -------
    positions : np.ndarray
        (chain, draw, state).
    figures : dict
        Seconds: ``compile``; ``sample``, all attempts; ``judge``, the gates. ``passed`` and ``note``.
    """
    begin = time.perf_counter()
    compiled = compile_model(build_ideal_point_model(votes, IdealPointSpec()), SAVED)
    figures = {
        "compile": time.perf_counter() - begin,
        "sample": 0.0,
        "judge": 0.0,
        "passed": False,
        "note": "",
    }
    attempt = sampler
    for _ in range(ATTEMPTS):
        begin = time.perf_counter()
        tree = run_nutpie(compiled, attempt, seed)
        posterior, stats = tree["posterior"].dataset[SAVED], tree["sample_stats"].dataset
        figures["sample"] += time.perf_counter() - begin
        begin = time.perf_counter()
        try:
            measured = measure_convergence(posterior, stats)
            check_convergence(measured, name="the fit")
        except ConvergenceError as error:
            figures["note"] = str(error)
            attempt = sample_harder(attempt, measured)
        else:
            figures |= {"passed": True, "note": ""}
        figures["judge"] += time.perf_counter() - begin
        if figures["passed"]:
            break
    return posterior["ideal_point"].values, figures


def run_nutpie(compiled, sampler: SamplerSpec, seed: int, **settings) -> xr.DataTree:
    """Sample with the settings that all of the project's fits share."""
    return nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=CORES,
        seed=seed,
        target_accept=sampler.target_accept,
        progress_bar=False,
        **{"save_warmup": False} | settings,
    )


def sample_nutpie(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """The same model and sampler with the likelihood as a graph."""
    pytensor.config.numba__fastmath = True
    begin = time.perf_counter()
    compiled = compile_model(build_ideal_point_model(votes, GRAPH), ["ideal_point"])
    compiling = time.perf_counter() - begin
    begin = time.perf_counter()
    tree = run_nutpie(compiled, sampler, seed)
    figures = {"compile": compiling, "sample": time.perf_counter() - begin}
    return tree["posterior"]["ideal_point"].values, figures


def sample_pymc(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """The same model with the likelihood as a graph under PyMC's own NUTS."""
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
            # Without jitter: chains begin at the model's own starting points.
            init="adapt_diag",
            progressbar=False,
            compute_convergence_checks=False,
        )
    sampling = float(tree["posterior"].attrs["sampling_time"])
    figures = {"compile": time.perf_counter() - begin - sampling, "sample": sampling}
    return tree["posterior"]["ideal_point"].values, figures


def sample_numpyro(votes: xr.Dataset, sampler: SamplerSpec, seed: int) -> tuple[np.ndarray, dict]:
    """The same model with the likelihood as a graph, translated to JAX and sampled by NumPyro."""
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

    # NumPyro compiles as it begins: a run of next to no draws shows how long that takes.
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


def measure_fit(n_state: int, n_item: int, sampler: SamplerSpec, maxdepth: int) -> dict:
    """Time and peak memory of a fit to simulated votes, its trajectories cut at ``2 ** maxdepth`` gradients.

    Returns
    -------
    dict
        ``gradient``, seconds of the likelihood's value and gradient; ``step``, seconds of one chain for one
        gradient of the whole model, the sampler's own work included; ``seconds`` of the fit;
        ``before`` and ``peak``, MB resident before the model is built and at most.
    """
    votes, _ = simulate_votes(n_state=n_state, n_item=n_item, seed=1)
    counts = votes["counts"].values
    before = peak_memory()
    function = compile_value_and_gradient(counts, "fused", "NUMBA")
    gradient = time_call(function, point_of(counts), calls=20)
    compiled = compile_model(build_ideal_point_model(votes, IdealPointSpec()), SAVED)
    short = replace(sampler, draws=30, tune=50)
    begin = time.perf_counter()
    tree = run_nutpie(compiled, short, 1, save_warmup=True, maxdepth=maxdepth)
    seconds = time.perf_counter() - begin
    steps = sum(int(tree[group]["n_steps"].sum()) for group in ("sample_stats", "warmup_sample_stats"))
    step = seconds * min(CORES, sampler.chains) / steps
    if sampler.draws > short.draws:
        del tree
        # How long a trajectory is, memory does not see: it is cut to spare time.
        tree = run_nutpie(compiled, sampler, 1, maxdepth=1)
        measure_convergence(tree["posterior"].dataset, tree["sample_stats"].dataset)
    return {"gradient": gradient, "step": step, "seconds": seconds, "before": before, "peak": peak_memory()}


def peak_memory() -> float:
    """Most memory that this process has held at once, MB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: what that reports includes the parent's memory at the time of the fork.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    # Kilobytes, but bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def work(folder: Path) -> None:
    """Do the task that the folder describes."""
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    sampler = SamplerSpec(**task["sampler"])
    if task["task"] == "fit":
        figures = measure_fit(task["n_state"], task["n_item"], sampler, task["maxdepth"])
    else:
        votes = pickle.loads((folder / "votes.pickle").read_bytes())
        positions, figures = SAMPLERS[task["task"]](votes, sampler, task["seed"])
        np.save(folder / "draws.npy", positions)
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")


if __name__ == "__main__":
    work(Path(sys.argv[1]))
