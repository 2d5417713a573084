"""The fused linear predictor of stage 2 against the plain graph, its gradients too."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor import function, grad

from analysis.fitting.compile import compile_model
from models.coalition import build_coalition_model
from models.likelihood.predictor import linear_predictor
from models.panel import prepare_panel_data
from models.simulate.static import simulate_panel
from models.spec import CoalitionSpec

RNG = np.random.default_rng(1)
SHAPES = ((2,), (2, 4), (2, 3), (2, 2))


def example(n_state=20):
    return {
        "covariates": RNG.normal(size=(2, n_state, 4)),
        "place_idx": RNG.integers(3, size=(2, n_state)),
        "has_level": RNG.random((2, 2, n_state)),
    }


def compiled(data, implementation, mode=None):
    symbols = [pt.dvector(), *(pt.dmatrix() for _ in SHAPES[1:])]
    eta = linear_predictor(*symbols, **data, implementation=implementation)
    return function(symbols, [eta, *grad((pt.sin(eta) * eta).sum(), symbols)], mode=mode)


@pytest.mark.parametrize("mode", ["FAST_COMPILE", "NUMBA"])
def test_fused_equals_graph(mode):
    data = example()
    at = [RNG.normal(size=shape) for shape in SHAPES]
    fused = compiled(data, "fused", mode)(*at)
    for a, b in zip(fused, compiled(data, "graph", "FAST_COMPILE")(*at), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    # The same check sees a state that moved to another region.
    data["place_idx"][1, 0] = (data["place_idx"][1, 0] + 1) % 3
    assert np.abs(compiled(data, "fused")(*at)[0] - fused[0]).max() > 1e-3


def test_the_whole_model_has_the_same_density_and_gradient_either_way():
    panel, _, _ = simulate_panel(n_state=30, seed=1)
    found = {}
    for implementation in ("fused", "graph"):
        model = build_coalition_model(prepare_panel_data(panel), CoalitionSpec(likelihood=implementation))
        run = compile_model(model, ["eta"]).logp_func
        n = sum(value.size for value in model.initial_point().values())
        at = np.random.default_rng(2).normal(size=n)
        found[implementation] = run(at)
    for a, b in zip(found["fused"], found["graph"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def test_second_derivatives_and_wrong_shapes_are_refused():
    data = example()
    symbols = [pt.dvector(), *(pt.dmatrix() for _ in SHAPES[1:])]
    first = grad((linear_predictor(*symbols, **data) ** 2).sum(), symbols[0])
    with pytest.raises(NotImplementedError, match="graph"):
        grad(first.sum(), symbols[0])
    with pytest.raises(TypeError, match="intercept must be float64 with 1 dimension"):
        linear_predictor(pt.dmatrix(), *symbols[1:], **data)
