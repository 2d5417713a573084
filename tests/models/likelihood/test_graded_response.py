"""The likelihood of votes against the definition in extended precision, at random and at extremes."""

from functools import cache

import mpmath
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytensor.compile.mode import Mode
from scipy.special import gammaln

from models.likelihood.graded_response import (
    IMPLEMENTATIONS,
    graded_response_logp,
    graded_response_prob,
)
from models.likelihood.tallies_numba import log1p_ratio
from models.likelihood.votes import ARRAYS, Votes, prepare_votes
from models.likelihood.votes_numba import exp_negative

TOLERANCE = 1e-10
PYTHON = Mode(linker="py", optimizer="fast_compile")
"""Runs each operation in Python, without compilation."""


@cache
def compiled(is_tally, implementation):
    """Compile value and gradients as a function of parameters and votes, once."""
    point, slope, cut = pt.dvector("point"), pt.dvector("slope"), pt.dmatrix("cut")
    data = [pt.matrix(dtype="int16") if is_tally else pt.bvector(), *(pt.ivector() for _ in ARRAYS[1:])]
    votes = Votes(*data, is_rectangular=False)
    value = graded_response_logp(point, slope, cut, votes, implementation=implementation)
    outputs = [value, *pt.grad(value, [point, slope, cut])]
    return pytensor.function([point, slope, cut, *data], outputs, mode="NUMBA", on_unused_input="ignore")


def evaluate(point, slope, cut, votes, implementation="fused"):
    f = compiled(votes.is_tally, implementation)
    return f(point, slope, cut, *(getattr(votes, name) for name in ARRAYS))


def reference(point, slope, cut, counts):
    """Compute value and gradients from the definition: differences of logistic functions.

    Each number comes with the sum of its terms' absolute values: where terms cancel, no double-precision sum
    can be exact relative to the total.
    """
    # Digits enough for the difference of two logistic functions in the far tail.
    reach = np.abs(cut).max(initial=0) + np.abs(np.multiply.outer(slope, point)).max(initial=0)
    with mpmath.workdps(60 + int(reach)):
        mpf = mpmath.mpf
        value, size = mpf(0), mpf(0)
        gradients = [np.full(np.shape(x), mpf(0), dtype=object) for x in (point, slope, cut)]
        sizes = [np.full(np.shape(x), mpf(0), dtype=object) for x in (point, slope, cut)]
        for j, i in np.argwhere(counts.any(axis=2)):
            theta, beta = mpf(point[i]), mpf(slope[j])
            below = [1 / (1 + mpmath.exp(beta * theta - mpf(k))) for k in cut[j]]
            density = [p * (1 - p) for p in below]
            probability = [below[0], below[1] - below[0], 1 - below[1]]
            by_cut = [
                (density[0] / probability[0], mpf(0)),
                (-density[0] / probability[1], density[1] / probability[1]),
                (mpf(0), -density[1] / probability[2]),
            ]
            for response in range(3):
                n = int(counts[j, i, response])
                if n:
                    value += n * mpmath.log(probability[response])
                    size -= n * mpmath.log(probability[response])
                    d = [n * x for x in by_cut[response]]
                    terms = [
                        ((i,), -beta * (d[0] + d[1])),
                        ((j,), -theta * (d[0] + d[1])),
                        ((j, 0), d[0]),
                        ((j, 1), d[1]),
                    ]
                    for which, (place, term) in zip((0, 1, 2, 2), terms, strict=True):
                        gradients[which][place] += term
                    # The slope in eta is a difference of the slopes in the cutpoints.
                    spread = abs(d[0]) + abs(d[1])
                    sizes[0][i] += abs(beta) * spread
                    sizes[1][j] += abs(theta) * spread
                    sizes[2][j, 0] += abs(d[0])
                    sizes[2][j, 1] += abs(d[1])
        return [value, *gradients], [size, *sizes]


def worst_error(result, expected):
    """Largest error relative to the sum of absolute terms; values below 1e-300 are ignored."""
    worst = 0.0
    for got, want, size in zip(result, *expected, strict=True):
        got, want, size = np.atleast_1d(got).ravel(), np.atleast_1d(want).ravel(), np.atleast_1d(size).ravel()
        assert np.isfinite(got.astype(float)).all()
        for g, w, s in zip(got, want, size, strict=True):
            worst = max(worst, float(abs(mpmath.mpf(float(g)) - w) / (s + mpmath.mpf("1e-290"))))
    return worst


def draw_case(seed, n_item, n_state, scale, max_count):
    rng = np.random.default_rng(seed)
    point = rng.normal(size=n_state)
    slope = scale * rng.normal(size=n_item)
    middle = scale * rng.normal(size=n_item)
    half = 0.5 * np.exp(rng.normal(scale=2.0, size=n_item))
    cut = np.stack([middle - half, middle + half], axis=1)
    if max_count == 1:
        counts = np.eye(4, dtype=int)[rng.integers(0, 4, size=(n_item, n_state))][..., :3]
    else:
        counts = rng.integers(0, max_count + 1, size=(n_item, n_state, 3))
        counts[rng.random((n_item, n_state)) < 0.2] = 0
    return point, slope, cut, counts


cases = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(1, 4),
    st.sampled_from([1, 2, 15, 16, 17, 33]),
    st.sampled_from([0.01, 1.0, 5.0, 30.0]),
    st.sampled_from([1, 3, 60]),
)
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@relaxed
@given(cases)
# One cutpoint's gradient is 1e-19 of the other's.
@example((2, 2, 2, 30.0, 1))
def test_fused_agrees_with_definition(case):
    point, slope, cut, counts = draw_case(*case)
    result = evaluate(point, slope, cut, prepare_votes(counts))
    assert worst_error(result, reference(point, slope, cut, counts)) < TOLERANCE


def test_check_fails_on_wrong_likelihood():
    point, slope, cut, counts = draw_case(1, 3, 17, 1.0, 1)
    expected = reference(point, slope, cut, counts)
    assert worst_error(evaluate(point, slope, cut, prepare_votes(counts)), expected) < TOLERANCE
    assert worst_error(evaluate(point, slope, cut, prepare_votes(counts[..., ::-1])), expected) > 0.01
    assert worst_error(evaluate(point, slope, cut + 1e-8, prepare_votes(counts)), expected) > TOLERANCE


@relaxed
@given(
    st.floats(-700, 700),
    st.floats(-700, 700),
    st.floats(-12, 3),
    st.integers(0, 2),
    st.sampled_from([1, 7]),
)
def test_extremes_of_one_cell(eta, middle, log10_gap, response, n):
    """One state, one item: |eta| to 700, gaps from 1e-12 to 1000, every response."""
    gap = 10.0**log10_gap
    cut = np.array([[middle - gap / 2, middle + gap / 2]])
    if not cut[0, 0] < cut[0, 1]:
        cut[0, 1] = np.nextafter(cut[0, 0], np.inf)
    counts = np.zeros((1, 1, 3), int)
    counts[0, 0, response] = n
    point, slope = np.array([eta]), np.array([1.0])
    expected = reference(point, slope, cut, counts)
    assert worst_error(evaluate(point, slope, cut, prepare_votes(counts)), expected) < TOLERANCE


@pytest.mark.parametrize("max_count", [1, 5])
def test_certain_votes_keep_their_digits(max_count):
    """If every vote is nearly certain the value is tiny, and still accurate to a relative 1e-10."""
    point, slope, cut = np.linspace(20, 40, 33), np.array([1.0, -1.0]), np.array([[-1.0, 1.0], [-1.0, 1.0]])
    counts = np.zeros((2, 33, 3), int)
    counts[0, :, 2] = max_count
    counts[1, :, 0] = max_count
    result = evaluate(point, slope, cut, prepare_votes(counts))
    assert -1e-6 < result[0] < 0
    assert worst_error(result, reference(point, slope, cut, counts)) < TOLERANCE


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_empty_items_and_no_items(implementation):
    point, slope, cut, counts = draw_case(3, 3, 20, 1.0, 1)
    counts[1] = 0
    value, d_point, d_slope, d_cut = evaluate(point, slope, cut, prepare_votes(counts), implementation)
    rest = evaluate(point, slope[[0, 2]], cut[[0, 2]], prepare_votes(counts[[0, 2]]), implementation)
    np.testing.assert_allclose(value, rest[0], rtol=1e-12)
    np.testing.assert_allclose(d_point, rest[1], rtol=1e-10)
    assert d_slope[1] == 0
    assert (d_cut[1] == 0).all()
    nothing = evaluate(point, slope[:0], cut[:0], prepare_votes(counts[:0]), implementation)
    assert nothing[0] == 0
    assert not nothing[1].any()


@pytest.mark.parametrize("max_count", [1, 4])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_crossed_cutpoints_are_impossible(max_count, implementation):
    point, slope, cut, counts = draw_case(4, 2, 9, 1.0, max_count)
    crossed = cut[:, ::-1].copy()
    assert evaluate(point, slope, crossed, prepare_votes(counts), implementation)[0] == -np.inf


@pytest.mark.parametrize("max_count", [1, 4])
def test_not_a_number_is_passed_on(max_count):
    point, slope, cut, counts = draw_case(4, 2, 20, 1.0, max_count)
    for wrong in (np.nan, np.inf):
        bad = point.copy()
        bad[3] = wrong
        assert not np.isfinite(evaluate(bad, slope, cut, prepare_votes(counts))[0])


@pytest.mark.parametrize("max_count", [1, 6])
@pytest.mark.parametrize("n_state", [190, 1100])
def test_ragged_rows_and_shared_items(max_count, n_state):
    """Several sessions and repeated resolutions give the same as the graph and as a dense table."""
    rng = np.random.default_rng(5)
    n_row, n_item = 30, 12
    length = rng.integers(1, n_state // 2, size=n_row)
    length[0] = 0
    length[1] = n_state
    start = np.array([rng.integers(0, n_state - n + 1) for n in length])
    item = rng.integers(0, n_item, size=n_row)
    point, slope, cut, _ = draw_case(6, n_item, n_state, 1.0, 1)
    counts = draw_case(7, n_row, n_state, 1.0, max_count)[3]
    counts[np.arange(n_state) >= length[:, None]] = 0
    votes = prepare_votes(counts, item_idx=item, row_start=start, row_length=length)
    fused = evaluate(point, slope, cut, votes)
    dense = np.zeros((n_row, n_state, 3), int)
    for r in range(n_row):
        dense[r, start[r] : start[r] + length[r]] = counts[r, : length[r]]
    for other in (
        evaluate(point, slope, cut, votes, "graph"),
        evaluate(point, slope, cut, prepare_votes(dense, item_idx=item)),
    ):
        for got, want in zip(fused, other, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)


def test_rectangular_graph_agrees():
    for max_count in (1, 4):
        point, slope, cut, counts = draw_case(8, 5, 21, 1.0, max_count)
        votes = prepare_votes(counts)
        assert votes.is_rectangular
        for implementation in IMPLEMENTATIONS:
            value = graded_response_logp(point, slope, cut, votes.as_shared(), implementation=implementation)
            got = value.eval(mode=PYTHON)
            np.testing.assert_allclose(got, evaluate(point, slope, cut, votes)[0], rtol=1e-12)


def test_python_fallback_calls_the_same_kernel():
    point, slope, cut, counts = draw_case(9, 5, 21, 1.0, 1)
    votes = prepare_votes(counts)
    x = pt.dvector()
    value = graded_response_logp(x, slope, cut, votes)
    f = pytensor.function([x], [value, pt.grad(value, x)], mode=PYTHON)
    expected = evaluate(point, slope, cut, votes)
    for got, want in zip(f(point), expected[:2], strict=True):
        assert (got == want).all()


def test_polynomials():
    x = np.concatenate([np.linspace(0, 5, 400), np.linspace(5, 706, 400)])
    for v in x:
        assert abs(exp_negative(v) / mpmath.exp(-mpmath.mpf(v)) - 1) < 2e-12
    for z in np.concatenate([np.linspace(0, 1, 400)[1:], 10.0 ** np.arange(-300, 0, 10)]):
        assert abs(log1p_ratio(z / (2 + z)) / mpmath.log1p(mpmath.mpf(z)) - 1) < 1e-15


def test_second_derivatives_and_forward_mode_are_refused():
    point, slope, cut, counts = draw_case(9, 5, 21, 1.0, 1)
    x = pt.dvector()
    value = graded_response_logp(x, slope, cut, prepare_votes(counts))
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        pt.grad(pt.grad(value, x).sum(), x)
    with pytest.raises(NotImplementedError, match="forward mode"):
        pytensor.gradient.pushforward(value, x, pt.ones_like(x), use_op_pushforward=True)
    other = graded_response_logp(x, slope, cut, prepare_votes(counts), implementation="graph")
    # Each state's votes know its own position alone: the Hessian is diagonal.
    curvature = pt.grad(pt.grad(other, x).sum(), x).eval({x: point}, mode=PYTHON)
    assert (curvature < 0).all()


@pytest.mark.parametrize(
    ("counts", "arguments", "message"),
    [
        (np.zeros((2, 3), int), {}, "shape \\(row, state, 3\\)"),
        (np.zeros((2, 3, 3)), {}, "must be integers"),
        (-np.ones((2, 3, 3), int), {}, "rows \\[0, 1\\]"),
        (np.full((2, 3, 3), 40_000), {}, "must not exceed 32767"),
        (np.zeros((2, 3, 3), int), {"item_idx": [0]}, "each of the 2 rows"),
        (np.zeros((2, 3, 3), int), {"row_length": [3, 4]}, "must not exceed the 3 states"),
        (np.ones((2, 3, 3), int), {"row_length": [3, 2]}, "rows \\[1\\] hold votes beyond"),
    ],
)
def test_bad_counts_are_named(counts, arguments, message):
    with pytest.raises(ValueError, match=message):
        prepare_votes(counts, **arguments)


def test_layout_that_would_leave_the_arrays_is_refused():
    point, slope, cut, counts = draw_case(9, 5, 21, 1.0, 1)
    with pytest.raises(ValueError, match="beyond the ideal points"):
        evaluate(point[:20], slope, cut, prepare_votes(counts))
    with pytest.raises(ValueError, match="outside the items"):
        evaluate(point, slope[:4], cut[:4], prepare_votes(counts))
    votes, other = prepare_votes(counts), prepare_votes(counts[..., [1, 0, 2]])
    mixed = Votes(other.response, *(getattr(votes, name) for name in ARRAYS[1:]), is_rectangular=True)
    with pytest.raises(ValueError, match="does not list the abstentions"):
        evaluate(point, slope, cut, mixed)
    with pytest.raises(ValueError, match="must be one of fused, graph"):
        graded_response_logp(point, slope, cut, votes, implementation="jax")
    with pytest.raises(TypeError, match="2 dimension"):
        graded_response_logp(point, slope, cut[0], votes)


def test_probabilities_give_predictions_and_pointwise_log_likelihood():
    """The Potential has no observed values; a Multinomial of the same parameters provides them."""
    point, slope, cut, counts = draw_case(10, 6, 18, 1.0, 4)
    probability = graded_response_prob(point, slope, cut)
    with pm.Model(coords={"item": range(6), "state": range(18), "response": range(3)}) as model:
        x = pm.Normal("ideal_point", dims="state")
        p = graded_response_prob(x, slope, cut)
        pm.Multinomial("vote", n=counts.sum(-1), p=p, observed=counts, dims=("item", "state", "response"))
        prior = pm.sample_prior_predictive(draws=5, random_seed=1, compile_kwargs={"mode": PYTHON})
        pm.Deterministic("probability", p)
    np.testing.assert_allclose(probability.eval(mode=PYTHON).sum(-1), 1.0, rtol=1e-12)
    drawn = prior["prior_predictive"]["vote"].values
    assert (drawn.sum(-1) == counts.sum(-1)).all()
    posterior = prior["prior"].dataset.assign(ideal_point=prior["prior"]["ideal_point"] * 0 + point)
    with model:
        predicted = pm.sample_posterior_predictive(
            posterior, random_seed=2, progressbar=False, compile_kwargs={"mode": PYTHON}
        )
        pointwise = pm.compute_log_likelihood(
            pm_tree(posterior), progressbar=False, compile_kwargs={"mode": PYTHON}
        )
    assert (predicted["posterior_predictive"]["vote"].values.sum(-1) == counts.sum(-1)).all()
    pointwise = pointwise["log_likelihood"]["vote"].values[0, 0]
    coefficient = gammaln(counts.sum(-1) + 1) - gammaln(counts + 1).sum(-1)
    np.testing.assert_allclose(
        (pointwise - coefficient).sum(), evaluate(point, slope, cut, prepare_votes(counts))[0], rtol=1e-10
    )


def pm_tree(posterior):
    return xr.DataTree.from_dict({"posterior": posterior})
