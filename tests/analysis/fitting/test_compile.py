"""Compiled models: callbacks compute the density of the model, and code is reused for other data."""

import ctypes

import numpy as np
import nutpie
import pymc as pm
import pytest
from pytensor.compile.mode import Mode

from analysis.fitting.compile import compile_model
from analysis.fitting.fit import list_saved
from models.coalition import build_coalition_model
from models.coordinates.precondition import precondition
from models.ideal_point import SAVED, build_ideal_point_model
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel, simulate_votes
from models.spec import CoalitionSpec, IdealPointSpec

SIZES = {
    (11, 9): IdealPointSpec(),
    (14, 9): IdealPointSpec(discrimination_scale=3.0, region_log_sd_scale=0.7),
}

PYTHON = Mode(linker="py", optimizer="fast_compile")
"""Compiles nothing: each operation runs in Python."""


@pytest.fixture(scope="module")
def models():
    """The same model with two sizes and two priors, compiled one after the other."""
    built = [
        build_ideal_point_model(simulate_votes(n_state=n_state, n_item=n_item, seed=2)[0], spec)
        for (n_state, n_item), spec in SIZES.items()
    ]
    return [(model, compile_model(model, SAVED)) for model in built]


def call(callback, sizes, point, n_out, user_data, *more):
    """Call a C callback as nutpie does."""
    out = np.full(n_out, np.nan)
    doubles = [a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (point, out, *more)]
    addresses = user_data.ctypes.data_as(ctypes.POINTER(ctypes.c_uint64))
    return callback.ctypes(*sizes, *doubles, addresses), out


def test_callbacks_compute_density_gradient_and_saved_variables(models):
    for model, compiled in models:
        density = model.compile_logp(mode=PYTHON)
        rng = np.random.default_rng(3)
        start = model.initial_point()
        values = {name: value + rng.normal(size=value.shape) for name, value in start.items()}
        point = np.concatenate([np.ravel(values[v.name]) for v in model.value_vars])
        logp = np.empty(())
        code, gradient = call(
            compiled.compiled_logp_func, [point.size], point, point.size, compiled.user_data, logp
        )
        assert code == 0
        # PyMC computes logarithms of priors' numbers in single precision. They are the same at any point.
        np.testing.assert_allclose(logp, density(values), rtol=1e-9)
        first, begin = np.empty(()), np.concatenate([np.ravel(start[v.name]) for v in model.value_vars])
        call(compiled.compiled_logp_func, [point.size], begin, point.size, compiled.user_data, first)
        np.testing.assert_allclose(logp - first, density(values) - density(start), rtol=1e-12)
        np.testing.assert_allclose(gradient, model.compile_dlogp(mode=PYTHON)(values), rtol=1e-9, atol=1e-9)
        kept = [v for v in model.unobserved_value_vars if v.name in SAVED]
        wanted = model.compile_fn(kept, inputs=model.value_vars, mode=PYTHON, on_unused_input="ignore")(
            values
        )
        n_saved = compiled.n_expanded
        code, saved = call(
            compiled.compiled_expand_func, [point.size, n_saved], point, n_saved, compiled.user_data
        )
        assert code == 0
        np.testing.assert_allclose(
            saved, np.concatenate([np.ravel(x) for x in wanted]), rtol=1e-9, atol=1e-12
        )


def test_data_kept_column_by_column_are_read_right():
    table = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    assert not table.flags.c_contiguous
    with pm.Model() as model:
        slope = pm.Normal("slope", shape=4)
        pm.Potential("fit", -((pm.Data("table", table) @ slope - 1) ** 2).sum())
    compiled = compile_model(model, ["slope"])
    point, logp = np.array([0.3, -0.2, 0.1, 0.5]), np.empty(())
    code, _ = call(compiled.compiled_logp_func, [4], point, 4, compiled.user_data, logp)
    assert code == 0
    expected = -((table @ point - 1) ** 2).sum() - (point**2).sum() / 2 - 2 * np.log(2 * np.pi)
    assert logp == pytest.approx(expected, rel=1e-9)


def test_another_size_and_prior_need_no_compiler(models):
    (_, first), (_, second) = models
    assert first.n_dim != second.n_dim
    assert second.compiled_logp_func.cache_hits == 1
    assert second.compiled_expand_func.cache_hits == 1


def test_a_point_out_of_reach_is_reported(models):
    _, compiled = models[0]
    point = np.full(compiled.n_dim, np.nan)
    code, _ = call(
        compiled.compiled_logp_func, [point.size], point, point.size, compiled.user_data, np.empty(())
    )
    assert code in (3, 4)


def test_draws_carry_names_dims_and_coordinates(models):
    model, compiled = models[1]
    drawn = nutpie.sample(compiled, draws=20, tune=50, chains=2, cores=1, seed=1, progress_bar=False)
    posterior = drawn["posterior"].dataset
    assert set(list_saved(model, SAVED)) == set(posterior)
    assert posterior["cutpoint"].dims == ("chain", "draw", "item", "threshold")
    assert list(posterior["state"].values) == list(model.coords["state"])
    np.testing.assert_allclose(posterior["ideal_point"].std("state"), 1.0, rtol=1e-9)
    assert (posterior["discrimination_sd"] > 0).all()


def test_a_refit_of_another_shape_and_prior_needs_no_compiler():
    panel, alignment, _ = simulate_panel(n_state=40, seed=1)
    fewer = panel.copy(deep=True)
    fewer["guarantee"] = (
        fewer["guarantee"].where(fewer["guarantee"] != "rio", "none").assign_attrs(levels=["none", "pact"])
    )
    hits = []
    for given, spec in (
        (panel, CoalitionSpec()),
        (fewer, CoalitionSpec(region_scale=0.5, covariate_scale=2.0)),
    ):
        model = build_coalition_model(prepare_panel_data(given), spec, centre_alignment(given, alignment))
        compiled = compile_model(precondition(model, ["guarantee_effect"]), ["guarantee_effect"])
        hits.append((compiled.compiled_logp_func.cache_hits, compiled.compiled_expand_func.cache_hits))
    assert hits[1] == (1, 1)


def test_a_model_may_have_any_number_of_arrays():
    with pm.Model() as model:
        slope = pm.Normal("slope")
        places = [pm.Data(f"place_{k}", np.full(2, float(k))) for k in range(50)]
        pm.Potential("fit", -sum(((slope - place) ** 2).sum() for place in places))
    compiled = compile_model(model, ["slope"])
    logp = np.empty(())
    code, gradient = call(compiled.compiled_logp_func, [1], np.array([2.0]), 1, compiled.user_data, logp)
    assert code == 0
    assert gradient[0] == pytest.approx(-2.0 - 4 * sum(2.0 - k for k in range(50)))
