"""The cut posterior from weights is that of exact refits; ignoring weights, or trusting bad ones, is seen."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.fitting import refits, reweighting
from analysis.fitting.propagation import fit_propagated
from analysis.fitting.reweighting import (
    GOOD_K,
    LEAST_EFFECTIVE,
    Weighed,
    fit_reweighted,
    smooth_weights,
    weigh_draws,
)
from analysis.variants.sampler import SamplerSpec
from analysis.variants.table import MAIN
from models.panel import centre_alignment, prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec, SpecError

SPEC = CoalitionSpec(geography="region")
SINGLE = SamplerSpec(draws=2000, tune=500, target_accept=0.9)
REFIT = SamplerSpec(draws=1000, tune=75, chains=2, target_accept=0.7)
N = 8


def noisy(alignment, sd, n=N, seed=0):
    noise = np.random.default_rng(seed).normal(0, sd, size=(n, *alignment.shape))
    return alignment.expand_dims(refit=n) + xr.DataArray(noise, dims=("refit", *alignment.dims))


def made_draws(data, n=4000, seed=1):
    """Draws of all that the likelihood needs, in arbitrary places."""
    rng = np.random.default_rng(seed)
    sizes = {
        "intercept": ("case",),
        "covariate_slope": ("case", "covariate"),
        "region_effect": ("case", "region"),
        "guarantee_effect": ("case", "level"),
        "alignment_slope": ("case",),
        "state_sd": (),
    }
    coords = {name: getattr(data, name) for name in ("case", "covariate", "region", "level")}
    drawn = {
        name: (("sample", *dims), rng.normal(0.3, 0.3, size=(n, *(len(coords[d]) for d in dims))))
        for name, dims in sizes.items()
    }
    return xr.Dataset(drawn, coords).assign_coords(sample=np.arange(n))


def test_equal_positions_give_equal_weights_and_use_every_draw_equally_often():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    data = prepare_panel_data(panel)
    same = centre_alignment(panel, noisy(alignment, 0.0, n=100))
    weighed = weigh_draws(made_draws(data), data, same, "logit", each=40, seed=2)
    assert weighed.reliable.all()
    np.testing.assert_allclose(weighed.effective, 1.0)
    # 100 draws of positions choose 40 draws each: as many as there are.
    assert np.bincount(weighed.picked.ravel(), minlength=4000).max() <= 2
    assert len(np.unique(weighed.picked)) > 3900


def test_draws_are_chosen_in_proportion_to_the_likelihood_at_the_positions():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    data, draws = prepare_panel_data(panel), made_draws(prepare_panel_data(panel), n=900)
    positions = centre_alignment(panel, noisy(alignment, 0.3, n=2, seed=3))
    weighed = weigh_draws(draws, data, positions, "logit", each=100_000, seed=2)
    at_mean = integrate_answers(draws, data, positions.mean(0))
    ratio = np.exp([integrate_answers(draws, data, at) - at_mean for at in positions])
    chosen = np.stack([np.bincount(picked, minlength=900) for picked in weighed.picked])
    for own, other in ((0, 1), (1, 0)):
        # Smoothing changes the largest weights only.
        usual = ratio[own] < np.quantile(ratio[own], 0.8)
        assert np.corrcoef(chosen[own, usual], ratio[own, usual])[0, 1] > 0.999
        assert np.corrcoef(chosen[own, usual], ratio[other, usual])[0, 1] < 0.9


def integrate_answers(draws, data, position):
    """Log probability of all answers (sample,), written out, with 40 nodes in place of the model's 16."""
    predictor = (
        draws["intercept"].values[:, :, None]
        + np.einsum("nck,csk->ncs", draws["covariate_slope"].values, data.covariates)
        + draws["region_effect"].values[:, :, data.region_idx]
        + np.einsum("ncl,lcs->ncs", draws["guarantee_effect"].values, data.has_level)
        + draws["alignment_slope"].values[:, :, None] * position
    )
    z, weight = np.polynomial.hermite_e.hermegauss(40)
    logits = predictor[..., None] + draws["state_sd"].values[:, None, None, None] * z
    answers = (1 / (1 + np.exp((1 - 2 * data.joined)[..., None] * logits))).prod(1)
    return np.log((answers * weight / weight.sum()).sum(-1)).sum(-1)


def test_heavy_tails_and_few_effective_draws_are_unreliable():
    rng = np.random.default_rng(4)
    _, light = smooth_weights(rng.normal(0, 0.3, size=1000))
    _, heavy = smooth_weights(rng.exponential(1.0, size=1000))
    assert light < 0.3 < 0.7 < heavy
    weights = Weighed(
        picked=np.zeros((4, 2), int),
        pareto_k=np.array([0.1, GOOD_K + 0.1, np.inf, 0.1]),
        effective=np.array([0.9, 0.9, 0.9, LEAST_EFFECTIVE / 2]),
    )
    np.testing.assert_array_equal(weights.reliable, [True, False, False, False])


def test_a_misspelt_cut_is_refused():
    panel, alignment, _ = simulate_panel(n_state=20, seed=1)
    with pytest.raises(SpecError, match="weights, refits"):
        fit_propagated(
            "draws", panel, noisy(alignment, 0.1), SPEC, refit=REFIT, single=SINGLE, cut="weight", seed=1
        )
    with pytest.raises(ValueError, match=r"RunSpec\.cut = 'refit'.*nearest: 'refits'"):
        replace(MAIN.run, cut="refit")


def remember(function):
    """Return a function that gives its first result every time."""
    made = []

    def once(*arguments, **settings):
        if not made:
            made.append(function(*arguments, **settings))
        return made[0]

    return once


@pytest.fixture(scope="module")
def world():
    """A small world. Its positions have the same mean however wide they are, so one fit serves all tests."""
    panel, alignment, _ = simulate_panel(n_state=60, seed=11)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reweighting, "fit_model", remember(reweighting.fit_model))
        # All draws of the fit are weighed each time, so that Monte Carlo error is small.
        patch.setattr(reweighting, "WEIGHED", SINGLE.chains * SINGLE.draws)
        compile_once = remember(refits.compile_refits)
        patch.setattr(refits, "compile_refits", compile_once)
        patch.setattr(reweighting, "compile_refits", compile_once)
        yield panel, alignment


def compare(world, sd):
    """Differences of posterior means from exact refits, by draw of the positions, in posterior sds.

    Returns those of the weights, those of a posterior that is the same for all draws of the positions, and
    the figures of convergence.
    """
    panel, alignment = world
    positions = noisy(alignment, sd)
    positions = positions - positions.mean("refit") + alignment
    tree = fit_reweighted(panel, positions, SPEC, single=SINGLE, refit=REFIT, keep=4000 * N, seed=5)
    exact = refits.fit_direct(panel, positions, SPEC, REFIT, seed=6)["posterior"].dataset
    weighed = tree["posterior"].dataset
    assert weighed["eta"].sizes == {"refit": N, "draw": 4000} | {d: exact.sizes[d] for d in ("case", "state")}
    by_weights, same = [], []
    for name in ("alignment_slope", "guarantee_effect", "intercept"):
        own, mean = exact[name].std(("chain", "draw")), exact[name].mean(("chain", "draw"))
        by_weights.append(((weighed[name].mean("draw") - mean) / own).values.ravel())
        same.append(((mean.mean("refit") - mean) / own).values.ravel())
    return np.abs(np.concatenate(by_weights)), np.abs(np.concatenate(same)), tree.attrs["convergence"]


@pytest.mark.slow
def test_weights_recover_exact_refits(world):
    by_weights, same, figures = compare(world, 0.25)
    assert figures["refits"] == 0
    assert figures["weighed"] == N
    assert by_weights.max() < 0.15
    # Weights that are ignored are seen.
    assert same.max() > 0.4


@pytest.mark.slow
def test_positions_that_are_hardly_known_get_exact_refits(world, monkeypatch):
    by_weights, _, figures = compare(world, 2.0)
    assert figures["refits"] >= N // 2
    assert figures["max_pareto_k"] > GOOD_K
    assert by_weights.max() < 0.15
    # Bad weights that are trusted are seen.
    monkeypatch.setattr(reweighting, "GOOD_K", np.inf)
    monkeypatch.setattr(reweighting, "LEAST_EFFECTIVE", 0.0)
    trusted, _, figures = compare(world, 2.0)
    assert figures["refits"] == 0
    assert trusted.max() > 0.4
