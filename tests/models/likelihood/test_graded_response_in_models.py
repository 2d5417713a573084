"""The fused likelihood in models: samplers, starts, cached compiled code, new votes."""

import os
import subprocess
import sys
import time

import numpy as np
import nutpie
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest

from analysis.fitting.compile import compile_model
from models.likelihood.graded_response import IMPLEMENTATIONS, graded_response_logp
from models.likelihood.votes import prepare_votes

N_STATE, N_ITEM = 30, 40


def simulate_counts(seed, max_count=1):
    rng = np.random.default_rng(seed)
    point, slope = rng.normal(size=N_STATE), 1.5 * rng.normal(size=N_ITEM)
    cut = rng.normal(size=N_ITEM)[:, None] + np.array([-0.7, 0.7])
    eta = slope[:, None] * point
    counts = np.zeros((N_ITEM, N_STATE, 3), int)
    for _ in range(max_count):
        latent = eta + rng.logistic(size=eta.shape)
        counts += np.eye(3, dtype=int)[(latent > cut[:, :1]).astype(int) + (latent > cut[:, 1:])]
    counts[rng.random(eta.shape) < 0.1] = 0
    return point, slope, counts


def build_model(votes, implementation="fused", start=(None, None)):
    with pm.Model(coords={"state": range(N_STATE), "item": range(N_ITEM)}) as model:
        point = pm.Normal("ideal_point", dims="state", initval=start[0])
        slope = pm.Normal("discrimination", 0, 2, dims="item", initval=start[1])
        middle = pm.Normal("middle", 0, 3, dims="item")
        gap = pt.exp(pm.Normal("log_gap", dims="item"))
        cut = pt.stack([middle - gap / 2, middle + gap / 2], axis=-1)
        pm.Potential(
            "votes", graded_response_logp(point, slope, cut, votes.as_shared(), implementation=implementation)
        )
    return model


@pytest.mark.parametrize("max_count", [1, 5])
def test_compile_logp_and_gradient(max_count):
    votes = prepare_votes(simulate_counts(1, max_count)[2])
    models = [build_model(votes, implementation) for implementation in IMPLEMENTATIONS]
    rng = np.random.default_rng(2)
    point = {k: rng.normal(size=np.shape(v)) for k, v in models[0].initial_point().items()}
    # The reference needs no machine code.
    fused, graph = (
        (m.compile_logp(mode=mode)(point), m.compile_dlogp(mode=mode)(point))
        for m, mode in zip(models, ("NUMBA", "FAST_COMPILE"), strict=True)
    )
    np.testing.assert_allclose(fused[0], graph[0], rtol=1e-12)
    np.testing.assert_allclose(fused[1], graph[1], rtol=1e-10, atol=1e-10)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        models[0].compile_d2logp()


def test_new_votes_in_a_compiled_function():
    models = [build_model(prepare_votes(simulate_counts(seed)[2])) for seed in (1, 2)]
    point = models[0].initial_point()
    logp = models[0].compile_logp()
    before = logp(point)
    for name, value in prepare_votes(simulate_counts(2)[2]).as_dict().items():
        models[0][name].set_value(value)
    assert logp(point) == models[1].compile_logp()(point)
    assert logp(point) != before


@pytest.mark.slow
def test_find_map_and_pymc_nuts():
    point, slope, counts = simulate_counts(3)
    with build_model(prepare_votes(counts)):
        start = {"ideal_point": point, "discrimination": slope}
        mode = pm.find_MAP(initvals=start, progressbar=False, return_inferencedata=False, jitter=False)
        assert np.corrcoef(mode["ideal_point"], point)[0, 1] > 0.9
        draws = pm.sample(
            nuts_sampler="pymc",
            tune=200,
            draws=100,
            chains=1,
            cores=1,
            initvals=start,
            random_seed=4,
            progressbar=False,
        )
    mean = draws["posterior"]["ideal_point"].values.mean((0, 1))
    assert np.corrcoef(mean, point)[0, 1] > 0.9


def sample(compiled):
    result = nutpie.sample(compiled, draws=300, tune=300, chains=1, cores=1, seed=6, progress_bar=False)
    return result["posterior"]["ideal_point"].values[0]


@pytest.mark.slow
def test_nutpie_takes_new_votes_without_recompiling():
    """Other votes of the same shape give the same bits as a fresh compilation."""
    point, slope, counts = simulate_counts(5)
    other_counts = simulate_counts(50)[2]
    start = point, slope
    old, new = prepare_votes(counts), prepare_votes(other_counts)
    assert len(old.abstain_position) != len(new.abstain_position)
    compiled = compile_model(build_model(old, start=start), ["ideal_point"])
    fresh = compile_model(build_model(new, start=start), ["ideal_point"])
    draws = sample(compiled)
    assert np.corrcoef(draws.mean(0), point)[0, 1] > 0.9
    started = time.perf_counter()
    updated = sample(compiled.with_data(**new.as_dict()))
    assert time.perf_counter() - started < 10
    assert (updated == sample(fresh)).all()
    assert not np.allclose(updated, draws)


SCRIPT = """
import sys, time
sys.path[:0] = [{tests!r}, {root!r}]
from test_graded_response_in_models import build_model, compile_model, prepare_votes, sample, simulate_counts
point, slope, counts = simulate_counts(5)
model = build_model(prepare_votes(counts), start=(point, slope))
started = time.process_time()
compiled = compile_model(model, ["ideal_point"])
print(time.process_time() - started, sample(compiled).sum().hex())
"""


@pytest.mark.slow
def test_second_process_finds_compiled_code(tmp_path):
    """A second process compiles in a fraction of the time, and its draws are the same to the last bit."""
    tests = os.path.dirname(__file__)
    script = SCRIPT.format(tests=tests, root=os.path.dirname(tests))
    flags = f"base_compiledir={tmp_path}/pytensor"
    environment = os.environ | {"PYTENSOR_FLAGS": flags, "NUMBA_CACHE_DIR": f"{tmp_path}/numba"}
    cold, warm = (
        subprocess.run(
            [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
        ).stdout.split()[-2:]
        for _ in range(2)
    )
    print(f"seconds of processor time to compile: cold {cold[0]}, warm {warm[0]}")
    assert float(warm[0]) < 0.25 * float(cold[0])
    assert warm[1] == cold[1]


@pytest.mark.slow
def test_fused_is_much_faster_than_graph():
    """The loose bound fails if LLVM no longer vectorises the loop."""
    rng = np.random.default_rng(7)
    counts = np.eye(3, dtype=int)[rng.integers(0, 3, size=(336, 189))]
    inputs = [pt.dvector(), pt.dvector(), pt.dmatrix()]
    values = rng.normal(size=189), rng.normal(size=336), np.sort(rng.normal(size=(336, 2)), axis=1)
    seconds = {}
    for implementation in IMPLEMENTATIONS:
        value = graded_response_logp(
            *inputs, prepare_votes(counts).as_shared(), implementation=implementation
        )
        f = pytensor.function(inputs, [value, *pt.grad(value, inputs)], mode="NUMBA", trust_input=True)
        f(*values)
        times = []
        for _ in range(30):
            started = time.perf_counter()
            f(*values)
            times.append(time.perf_counter() - started)
        seconds[implementation] = min(times)
    assert seconds["graph"] > 12 * seconds["fused"]
