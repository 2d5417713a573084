"""Chains that start apart: a second mode is found, and the gates refuse a fit that is stuck in two."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr

from analysis.fitting import chains, whitened
from analysis.fitting.fit import fit_model
from analysis.fitting.gates import ConvergenceError
from analysis.fitting.modes import place_chains
from analysis.fitting.whitened import compile_whitened, fit_whitened
from analysis.variants.sampler import SamplerSpec
from models.coordinates.arrow import find_places

SAMPLER = SamplerSpec(draws=400, tune=100)
ITEMS = ("slope", "place")
RUN_CHAINS = chains.run_chains


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
    return compile_whitened(model, ["shared"], find_places(model, ITEMS)).find_modes(seed=1)[1]


def fit(model: pm.Model, sampler=SAMPLER, seed=1, **settings) -> xr.DataTree:
    return fit_whitened(
        model,
        sampler,
        places=find_places(model, ITEMS),
        saved=["shared", "all"],
        name="toy",
        seed=seed,
        **settings,
    )


def count_attempts(monkeypatch) -> list[int]:
    """Return a list to which each further attempt adds its number of draws."""
    asked = []

    def run(compiled, sampler, *args, **how):
        asked.append(sampler.draws)
        return RUN_CHAINS(compiled, sampler, *args, **how)

    monkeypatch.setattr(chains, "run_chains", run)
    return asked


def test_one_mode_is_one():
    assert len(find(build_model(0.0))) == 1


def test_a_search_comes_back_from_where_the_density_overflows():
    model = build_model(0.0)
    with model:
        far = pt.sqr(model["shared"]) + pt.sqr(model["slope"]).sum()
        # Infinite less infinite where a long step ends.
        pm.Potential("overflow", pt.exp(far) - pt.exp(far))
    assert [np.isfinite(mode.weight) for mode in find(model)] == [True]


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
    asked = count_attempts(monkeypatch)
    with pytest.raises(ConvergenceError, match="R-hat"):
        fit(model)
    # No number of draws would bring the chains together.
    assert asked == [SAMPLER.draws]
    # Chains that start together pass the same gates in one of the two modes: what was wrong before.
    monkeypatch.setattr(
        whitened, "place_chains", lambda modes, chains, seed: place_chains(modes[:1], chains, seed)
    )
    assert fit(model).attrs["convergence"]["max_rhat"] < 1.01


def build_hills(apart: float) -> pm.Model:
    """Two hills at the given distance, without a start: chains begin about the middle, on both sides."""
    with pm.Model() as model:
        place = pm.Normal("place", 0, 1)
        sides = [-0.5 * (20 * (place - side * apart / 2)) ** 2 for side in (-1, 1)]
        pm.Potential("sides", pt.logaddexp(*sides))
    return model


def test_a_fit_without_a_search_starts_apart_and_the_gates_refuse_two_modes(monkeypatch):
    how = {"saved": ["place"], "name": "toy", "seed": 1}
    assert fit_model(build_hills(0.0), SAMPLER, **how).attrs["convergence"]["max_rhat"] < 1.01
    asked = count_attempts(monkeypatch)
    with pytest.raises(ConvergenceError, match="R-hat"):
        fit_model(build_hills(2.0), SAMPLER, **how)
    assert asked == [SAMPLER.draws]


@pytest.mark.parametrize("searched", [True, False])
def test_a_fit_that_is_too_short_goes_on(searched, monkeypatch):
    asked, short = count_attempts(monkeypatch), SamplerSpec(draws=100, tune=100)
    longer = (
        fit(build_model(0.0), short)
        if searched
        else fit_model(build_hills(0.0), short, saved=["place"], name="toy", seed=1)
    )
    assert len(asked) > 1
    assert asked == [100, *(100 * 2**k for k in range(len(asked) - 1))]
    assert longer["posterior"].sizes["draw"] == sum(asked)


def test_a_fit_with_divergences_begins_again_with_smaller_steps(monkeypatch):
    begun = []

    def run(compiled, sampler, starts, saved, **how):
        drawn, ends = RUN_CHAINS(compiled, sampler, starts, saved, **how)
        drawn["sample_stats"]["diverging"][0, 0] = not begun
        begun.append((sampler, starts))
        return drawn, ends

    monkeypatch.setattr(chains, "run_chains", run)
    kept = fit(build_model(0.0), SamplerSpec(draws=1000, tune=100))
    (first, starts), (second, others) = begun
    assert second.target_accept > first.target_accept
    assert not np.allclose(starts, others)
    assert kept["posterior"].sizes["draw"] == 1000


def test_interrupted_chains_are_stopped(monkeypatch):
    """Ctrl-C must not leave chains at work, or count their draws as a fit."""
    cancelled = []

    class Run:
        def __init__(self, *args, **how):
            self.cancel = lambda: cancelled.append(self)

        @property
        def is_finished(self):
            raise KeyboardInterrupt

    monkeypatch.setattr(chains.nutpie, "sample", Run)
    with pytest.raises(KeyboardInterrupt):
        fit(build_model(0.0))
    assert len(cancelled) == chains.CORES


def test_draws_are_the_same_on_one_core_and_on_two():
    one, two = (fit(build_model(0.0), cores=cores)["posterior"].dataset for cores in (1, 2))
    xr.testing.assert_equal(one, two)


def test_microcanonical_trajectories_are_a_choice_that_agrees():
    usual, other = (
        fit(build_model(0.0), SamplerSpec(draws=2000, tune=200, microcanonical=choice))["posterior"]["all"]
        for choice in (False, True)
    )
    assert not np.allclose(usual.isel(draw=0), other.isel(draw=0))
    np.testing.assert_allclose(usual.mean(("chain", "draw")), other.mean(("chain", "draw")), atol=0.15)
    np.testing.assert_allclose(usual.std(("chain", "draw")), other.std(("chain", "draw")), rtol=0.1)
