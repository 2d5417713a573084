"""Chains that start apart: a second mode is found, and the gates refuse a fit that is stuck in two."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr

from analysis.fitting import whitened
from analysis.fitting.gates import ConvergenceError
from analysis.fitting.modes import place_chains
from analysis.fitting.whitened import compile_whitened, fit_whitened
from analysis.variants.sampler import SamplerSpec

SAMPLER = SamplerSpec(draws=400, tune=100)
ITEMS = ("slope", "place")


def build_model(apart: float) -> pm.Model:
    """Items, and one shared number with two equal modes at the given distance, 0 for one mode."""
    with pm.Model(coords={"item": range(6)}) as model:
        slope = pm.Normal("slope", 0, 1, dims="item")
        place = pm.Normal("place", 0.5 * slope, 1, dims="item")
        shared = pm.Flat("shared", initval=np.array(-apart / 2))
        sides = [-0.5 * (shared - side * apart / 2) ** 2 for side in (-1, 1)]
        pm.Potential("sides", pt.logaddexp(*sides))
        pm.Deterministic("all", place + shared, dims="item")
    return model


def find(model: pm.Model):
    return compile_whitened(model, ["shared"], ITEMS).find_modes(seed=1)[1]


def fit(model: pm.Model, sampler=SAMPLER, seed=1, **settings) -> xr.DataTree:
    return fit_whitened(
        model, sampler, of_items=ITEMS, saved=["shared", "all"], name="toy", seed=seed, **settings
    )


def test_one_mode_is_one():
    assert len(find(build_model(0.0))) == 1


def test_two_planted_modes_are_found_and_chains_start_in_both():
    # Not quite the same height, or the second would pass for a mirror image.
    model = build_model(16.0)
    with model:
        pm.Potential("tilt", 0.1 * model["shared"])
    modes = find(model)
    assert len(modes) == 2
    starts = place_chains(modes, 4, seed=2)
    shared = [modes[0].arrow.move(start)[-1] for start in starts]
    assert sorted(np.sign(shared)) == [-1, -1, 1, 1]


def test_the_gates_refuse_chains_in_two_modes(monkeypatch):
    model = build_model(16.0)
    with model:
        pm.Potential("tilt", 0.1 * model["shared"])
    monkeypatch.setattr(whitened, "ATTEMPTS", 1)
    with pytest.raises(ConvergenceError, match="R-hat"):
        fit(model)
    # Chains that start together pass the same gates in one of the two modes: what was wrong before.
    monkeypatch.setattr(
        whitened, "place_chains", lambda modes, chains, seed: place_chains(modes[:1], chains, seed)
    )
    assert fit(model).attrs["convergence"]["max_rhat"] < 1.01


def test_a_fit_that_is_too_short_goes_on():
    model = build_model(0.0)
    short = SamplerSpec(draws=100, tune=100)
    longer = fit(model, short)
    assert longer["posterior"].sizes["draw"] > 100
    assert longer["posterior"].sizes["draw"] % 100 == 0
    assert "raw" not in longer["posterior"]


def test_draws_are_the_same_on_one_core_and_on_two():
    one, two = (fit(build_model(0.0), cores=cores)["posterior"].dataset for cores in (1, 2))
    xr.testing.assert_equal(one, two)
