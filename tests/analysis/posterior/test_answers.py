"""Functions of draws for any data: equal to the model's own likelihood, and to the labelled effects."""

import numpy as np
import pytest
import xarray as xr
from support.densities import evaluate_logp
from support.made_bench import SPEC, make_data, make_draws

from analysis.posterior.answers import log_likelihood_by_state, state_contrasts
from analysis.posterior.joining import average_contrasts, predict_joining, weigh_state_effects
from models.coalition import build_coalition_model, compute_eta
from models.panel import prepare_panel_data


def test_draws_give_the_log_likelihood_of_the_model():
    panel, positions, data = make_data()
    model = build_coalition_model(prepare_panel_data(panel), SPEC, positions)
    rng = np.random.default_rng(1)
    point = {k: v + rng.normal(0, 0.3, size=np.shape(v)) for k, v in model.initial_point(0).items()}
    names = [
        "intercept",
        "covariate_slope",
        "region_effect",
        "subregion_effect",
        "guarantee_effect",
        "alignment_slope",
        "state_sd",
    ]
    values = model.compile_fn(
        [model[n] for n in names], inputs=model.free_RVs, mode="FAST_COMPILE", on_unused_input="ignore"
    )(point)
    template = make_draws(panel, n=1)
    posterior = template.assign(
        {n: template[n].copy(data=v[None]) for n, v in zip(names, values, strict=True)}
    )
    prior = model.compile_logp(vars=model.free_RVs, mode="FAST_COMPILE")(point)
    total = log_likelihood_by_state(posterior, data).sum()
    assert total == pytest.approx(evaluate_logp(model, point) - prior, abs=1e-8)
    # The same comparison detects one state that did the opposite.
    data.joined_observed[1, 4] = 1 - data.joined_observed[1, 4]
    assert abs(log_likelihood_by_state(posterior, data).sum() - total) > 1e-3


def test_contrasts_are_those_of_the_effects():
    panel, positions, data = make_data()
    posterior = make_draws(panel)
    located = xr.DataArray(positions, dims=("case", "state"), coords={"case": panel["case"]})
    with_eta = posterior.assign(eta=compute_eta(posterior, prepare_panel_data(panel), located))
    weights = weigh_state_effects(with_eta, panel)
    given, without = (predict_joining(with_eta, panel, level, weights) for level in ("pact", "none"))
    np.testing.assert_allclose(state_contrasts(posterior, data, 1), (given - without).values, atol=1e-12)
    average = average_contrasts(state_contrasts(posterior, data, 1))
    np.testing.assert_allclose(average[:, :2], (given - without).mean("state").values)
    np.testing.assert_allclose(average[:, 2], average[:, :2].mean(1))
