"""What another prior would have said, by weights: against posteriors that are known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from analysis.posterior.priors import GOOD_K, measure_prior, summarize_weighted, weigh_prior
from models.spec import CoalitionSpec

SPEC = CoalitionSpec(guarantee_scale=2.0, guarantee_case_scale=1.0)
N = 20_000


def draw_posterior(seen: float, error: float, scale: float = SPEC.guarantee_scale) -> xr.Dataset:
    """Draws given one normal observation of the mean effect, whose posterior is normal."""
    rng = np.random.default_rng(1)
    shrink = scale**2 / (scale**2 + error**2)
    mean = rng.normal(shrink * seen, error * np.sqrt(shrink), size=(N, 1))
    case_sd = np.abs(rng.normal(0, SPEC.guarantee_case_scale, size=(N, 1)))
    return xr.Dataset(
        {
            "guarantee_effect_mean": (("sample", "level"), mean),
            "guarantee_effect_case_sd": (("sample", "level"), case_sd),
        },
        {"level": ["pact"]},
    )


def name_effect(posterior: xr.Dataset) -> xr.DataArray:
    effect = posterior["guarantee_effect_mean"].isel(level=0, drop=True)
    return effect.expand_dims(case=["iraq"]).rename("ame_pact_total")


@pytest.mark.parametrize("scale", [0.8, 1.0, 4.0])
def test_weights_give_the_posterior_under_another_scale(scale):
    posterior = draw_posterior(seen=2.0, error=1.0)
    weight, pareto_k = weigh_prior(posterior, SPEC, scale, SPEC.guarantee_case_scale)
    assert pareto_k < GOOD_K
    draws = posterior["guarantee_effect_mean"].values[:, 0]
    shrink = scale**2 / (scale**2 + 1)
    mean, lower, upper = summarize_weighted(draws, weight)
    assert mean == pytest.approx(2 * shrink, abs=0.05)
    assert [lower, upper] == pytest.approx(2 * shrink + np.sqrt(shrink) * np.array([-1.645, 1.645]), abs=0.12)


def test_the_standard_deviation_between_cases_has_its_own_scale():
    posterior = draw_posterior(seen=0.0, error=1.0)
    weight, _ = weigh_prior(posterior, SPEC, SPEC.guarantee_scale, 0.5)
    drawn = posterior["guarantee_effect_case_sd"].values[:, 0]
    assert np.sqrt(weight @ drawn**2) == pytest.approx(0.5, abs=0.03)


def test_the_same_prior_changes_nothing_and_a_far_one_is_not_believed():
    posterior = draw_posterior(seen=6.0, error=0.5)
    weight, pareto_k = weigh_prior(posterior, SPEC, 2.0, 1.0)
    assert pareto_k == 0
    assert (weight == 1 / N).all()
    assert weigh_prior(posterior, SPEC, 0.1, 0.05)[1] > GOOD_K


def test_the_prior_moves_what_few_data_tell_and_not_what_many_tell():
    moved = {}
    for error in (0.1, 1.5):
        posterior = draw_posterior(seen=3.0, error=error)
        table = measure_prior(name_effect(posterior), posterior, SPEC).set_index("prior")
        moved[error] = table["moved"]
        assert (table["pareto_k"].drop("a third as wide") < GOOD_K).all()
    assert moved[0.1].drop("a third as wide").abs().max() < 0.1
    # Half the scale: 3 * 1/(1 + 1.5^2) in place of 3 * 4/(4 + 1.5^2); width 3.29 * 1.5 * 0.8.
    assert moved[1.5]["half as wide"] == pytest.approx(
        3 * (1 / 3.25 - 4 / 6.25) / (3.29 * 1.5 * 0.8), abs=0.03
    )
    assert moved[1.5]["half as wide again"] > 0


def test_power_scaling_sees_the_same():
    few, many = (draw_posterior(seen=3.0, error=error) for error in (1.5, 0.1))
    sensitive, not_so = (
        measure_prior(name_effect(posterior), posterior, SPEC)["power_scaling"].iloc[0]
        for posterior in (few, many)
    )
    assert sensitive > 0.05 > not_so


def test_pooled_levels_are_refused():
    with pytest.raises(ValueError, match="guarantee_pooling = 'levels'"):
        weigh_prior(draw_posterior(0.0, 1.0), replace(SPEC, guarantee_pooling="levels"), 1.0, 1.0)
