"""Stage 1 with two axes: what is saved does not depend on sides, and axes are found again."""

import numpy as np
import pytest
from support.densities import draw_point, evaluate_logp
from support.ungated import short_fits

from analysis.fitting.fit import fit_ideal_points
from analysis.variants.sampler import SamplerSpec
from models.coordinates.start import estimate_start, prepare_direction
from models.ideal_point import build_ideal_point_model
from models.simulate.worlds import World, simulate_window
from models.spec import IdealPointSpec

TWO = IdealPointSpec(dimensions=2)
SMALL = World(n_state=60, n_item=120, second_sd=5.0)
MIRRORED = {
    "": ("position_part", "raw_discrimination", "region_part"),
    "second_": ("second_position_part", "second_raw_discrimination", "second_region_part"),
}
SAVED = ("ideal_point", "discrimination", "second_ideal_point", "second_discrimination", "second_region_mean")


@pytest.mark.parametrize("prefix", ["", "second_"])
def test_either_axis_can_be_mirrored_without_changing_what_is_saved(prefix):
    votes, _ = simulate_window(World(n_state=20, n_item=30, second_sd=3.0), 1)
    model = build_ideal_point_model(votes, TWO)
    point = draw_point(model, 3)
    mirrored = {name: value.copy() for name, value in point.items()}
    for name in MIRRORED[prefix]:
        mirrored[name] = -point[name]
    if not prefix:
        # The midpoint, which stays, is the anchor and what follows from the slope.
        centre = estimate_start(votes["counts"].values, prepare_direction(votes)).centre
        mirrored["anchor"] = point["anchor"] + 2 * centre * point["raw_discrimination"]
    assert evaluate_logp(model, mirrored) == pytest.approx(evaluate_logp(model, point), rel=1e-9)
    outputs = model.replace_rvs_by_values([model[name] for name in SAVED])
    saved = model.compile_fn(outputs, inputs=model.value_vars, on_unused_input="ignore")
    for one, other in zip(saved(point), saved(mirrored), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_the_axes_are_standardised_and_share_nothing():
    votes, _ = simulate_window(World(n_state=20, n_item=30, second_sd=3.0), 1)
    model = build_ideal_point_model(votes, TWO)
    point = draw_point(model, 4)
    outputs = model.replace_rvs_by_values([model["ideal_point"], model["second_ideal_point"]])
    axes = model.compile_fn(outputs, inputs=model.value_vars, on_unused_input="ignore")(point)
    np.testing.assert_allclose(np.cov(axes, bias=True), np.eye(2), atol=1e-9)


@pytest.mark.slow
def test_two_axes_are_found_again():
    """One axis alone leaves the second in its errors; the fit of two finds both."""
    votes, truth = simulate_window(SMALL, 2)
    sampler = SamplerSpec(draws=400, tune=150, chains=2)
    with short_fits():
        fit = fit_ideal_points(votes, TWO, sampler, seed=1, cores=2)
    mean = fit["posterior"].dataset.mean(("chain", "draw"))
    first = np.corrcoef(mean["ideal_point"], truth["ideal_point"])[0, 1]
    second = np.corrcoef(mean["second_ideal_point"], truth["second_ideal_point"])[0, 1]
    assert first > 0.95
    assert abs(second) > 0.85
    assert abs(np.corrcoef(mean["second_ideal_point"], truth["ideal_point"])[0, 1]) < 0.3
