"""The fused likelihood of joining against the plain graph, its gradients against differences."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor import function, grad

from models.likelihood.joining import joining_logp, log_likelihood_at


def example(seed=0, n_state=30):
    rng = np.random.default_rng(seed)
    eta = rng.normal(0, 2, size=(2, n_state))
    joined = (rng.random(eta.shape) < 0.4).astype(float)
    included = (rng.random(eta.shape) < 0.9).astype(float)
    return eta, joined, included


def compiled(implementation, joined, included, *, with_state=True, mode=None):
    eta, sd = pt.dmatrix(), pt.dscalar()
    value = joining_logp(eta, sd if with_state else None, joined, included, implementation=implementation)
    by = [eta, sd] if with_state else [eta]
    return function([eta, sd], [value, *grad(value, by)], mode=mode, on_unused_input="ignore")


@pytest.mark.parametrize("with_state", [True, False])
def test_fused_equals_graph(with_state):
    eta, joined, included = example()
    fused = compiled("fused", joined, included, with_state=with_state)
    graph = compiled("graph", joined, included, with_state=with_state, mode="FAST_COMPILE")
    for sd in (0.01, 1.0, -1.0, 3.0):
        for a, b in zip(fused(eta, sd), graph(eta, sd), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    # The same check sees a state that did the opposite.
    joined, included = joined.copy(), np.ones_like(included)
    joined[0, 0] = 1 - joined[0, 0]
    changed = compiled("fused", joined, included, with_state=with_state)
    assert abs(changed(eta, 1.0)[0] - graph(eta, 1.0)[0]) > 1e-3


def test_gradient_equals_differences():
    eta, joined, included = example(1)
    fused = compiled("fused", joined, included)
    _, by_eta, by_sd = fused(eta, 0.8)
    h = 1e-6
    assert (fused(eta, 0.8 + h)[0] - fused(eta, 0.8 - h)[0]) / (2 * h) == pytest.approx(by_sd, abs=1e-6)
    for place in ((0, 0), (1, 7), (1, 29)):
        step = np.zeros_like(eta)
        step[place] = h
        slope = (fused(eta + step, 0.8)[0] - fused(eta - step, 0.8)[0]) / (2 * h)
        assert slope == pytest.approx(by_eta[place], abs=1e-6)


@pytest.mark.parametrize("size", [30.0, 150.0])
def test_far_out_nothing_overflows(size):
    eta, joined, included = example(2)
    values = compiled("fused", joined, included)(np.sign(eta) * size, 1.0)
    graph = compiled("graph", joined, included, mode="FAST_COMPILE")(np.sign(eta) * size, 1.0)
    for a, b in zip(values, graph, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-15)


def test_second_derivatives_and_wrong_shapes_are_refused():
    _, joined, included = example()
    x = pt.dmatrix()
    first = grad(joining_logp(x, 1.0, joined, included), x)
    with pytest.raises(NotImplementedError, match="graph"):
        grad(first.sum(), x)
    with pytest.raises(TypeError, match="eta must be float64 with 2 dimension"):
        joining_logp(pt.dvector(), 1.0, joined, included)


@pytest.mark.parametrize("link", ["logit", "probit", "cauchit"])
@pytest.mark.parametrize("with_state", [True, False])
def test_likelihood_of_many_draws_equals_that_of_each(link, with_state):
    predictor, joined, included = example(3)
    rng = np.random.default_rng(4)
    predictor = predictor + rng.normal(size=(5, *predictor.shape))
    slope, sd, position = rng.normal(size=(5, 2)), rng.normal(size=5), rng.normal(size=predictor.shape[1:])
    eta, state_sd = pt.dmatrix(), pt.dscalar()
    value = joining_logp(eta, state_sd if with_state else None, joined, included, link=link)
    one = function([eta, state_sd], value, mode="FAST_COMPILE", on_unused_input="ignore")
    expected = [one(p + b[:, None] * position, s) for p, b, s in zip(predictor, slope, sd, strict=True)]
    draws = predictor, slope, sd if with_state else None
    many = log_likelihood_at(position, *draws, joined, included, link=link)
    np.testing.assert_allclose(many, expected, rtol=1e-9)
    moved = log_likelihood_at(position + 0.1, *draws, joined, included, link=link)
    assert np.abs(moved - expected).min() > 1e-3
