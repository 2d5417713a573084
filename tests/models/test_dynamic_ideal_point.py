"""The dynamic model means what it says: a plain random walk, whatever the coordinates of the sampler."""

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats
from support.densities import evaluate_logp, mirror

from models.coordinates.dynamic_mode import estimate_dynamic_start
from models.coordinates.layout import prepare_layout
from models.coordinates.walks import (
    Walks,
    evaluate_walks,
    prepare_walks,
    unwhiten_walks,
    weigh_scales,
    whiten_walks,
)
from models.coordinates.warp import compute_warp
from models.dynamic_ideal_point import build_dynamic_ideal_point_model
from models.simulate.dynamic import simulate_record
from models.spec import DynamicIdealPointSpec

SPEC = DynamicIdealPointSpec()


@pytest.fixture(scope="module")
def small():
    """A record small enough for a numerical Jacobian, with gaps, late entrants and repeated resolutions."""
    votes, _ = simulate_record(n_state=6, n_session=5, items_per_session=4, absent=0.3, repeated=0.5, seed=5)
    layout = prepare_layout(votes)
    return votes, layout, estimate_dynamic_start(votes, layout)


def some_point(model, seed):
    rng = np.random.default_rng(seed)
    return {
        name: np.asarray(value) + rng.normal(0, 0.2, size=np.shape(value))
        for name, value in model.initial_point(0).items()
    }


def evaluate(model, names, point):
    values = model.compile_fn(
        model.replace_rvs_by_values([model[name] for name in names]),
        inputs=model.value_vars,
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )(point)
    return dict(zip(names, values, strict=True))


def lay_out(layout, start):
    return prepare_walks(
        layout.state_idx, layout.previous_idx, layout.elapsed, start.information, start.votes_position
    )


def path_precision(walks, step_sd):
    """Precision matrix (position, position) of all paths given votes that know each position by itself."""
    precision = np.diag(walks.information)
    for p, before in enumerate(walks.previous_idx):
        if before >= 0:
            pair = np.ix_([before, p], [before, p])
            precision[pair] += np.array([[1, -1], [-1, 1]]) * walks.link[p] / step_sd[walks.path_idx[p]] ** 2
    return precision


def scale_logs(layout, start, point):
    """Each state's log step from the sampler's partly centred coordinate."""
    spread = max(start.step_log.std(), 0.1)
    centring = weigh_scales(lay_out(layout, start), np.exp(start.step_log), spread)
    mean, sd = point["step_log_mean"], np.exp(point["step_log_sd_log__"])
    return mean + sd ** (1 - centring) * (point["step_partial"] - centring * mean), centring


def raw_positions(layout, start, whitened, step_log, shift):
    """Positions from whitened ones, written without the model's recursions: the whole matrix at once."""
    walks = lay_out(layout, start)
    precision = path_precision(walks, np.exp(step_log))
    mean = np.linalg.solve(precision, walks.information * (walks.estimate + shift))
    return mean + np.linalg.solve(np.linalg.cholesky(precision).T, whitened)


def walk_logp(layout, position, step_log, point, spec):
    """Log density of a random walk from each state's own first session, in a loop over moves."""
    step = np.exp(step_log)
    first_sd = np.exp(point["raw_first_sd_log__"])
    total = 0.0
    for p, before in enumerate(layout.previous_idx):
        if before < 0:
            total += stats.norm.logpdf(position[p], point["raw_first_mean"], first_sd)
            continue
        elapsed = layout.session[layout.session_idx[p]] - layout.session[layout.session_idx[before]]
        scale = step[layout.state_idx[p]] * np.sqrt(elapsed)
        move = position[p] - position[before]
        if spec.step == "normal":
            total += stats.norm.logpdf(move, 0, scale)
        else:
            total += stats.t.logpdf(move, spec.step_df, 0, scale)
    return total


def vote_logp(votes, layout, ideal_point, discrimination, cutpoint):
    """Log likelihood vote by vote."""
    number = np.full(layout.sat.shape, -1)
    number[layout.sat] = np.arange(layout.sat.sum())
    total = 0.0
    for row, state, response in zip(*np.nonzero(votes["counts"].values), strict=True):
        j = layout.item_idx[row]
        eta = discrimination[j] * ideal_point[number[layout.row_session_idx[row], state]]
        below = [0, *stats.logistic.cdf(cutpoint[j] - eta), 1]
        total += np.log(below[response + 1] - below[response])
    return total


@pytest.mark.parametrize("step", ["normal", "student_t"])
def test_density_is_that_of_the_plain_model(small, step):
    """Everything but coordinates written again with scipy: differences between two points agree."""
    votes, layout, start = small
    spec = replace(SPEC, step=step)
    model = build_dynamic_ideal_point_model(votes, spec, start=start)

    def plain_logp(point):
        white = point["whitened_position"]
        step_log, centring = scale_logs(layout, start, point)
        warp = compute_warp(start.position, layout.session_idx, start.centre, layout.home_idx)
        weight = warp.curve @ point["warp_weight"]
        shift = (weight[layout.session_idx] * warp.state_shape).sum(1)
        raw = raw_positions(layout, start, white, step_log, shift)
        # Redundant coordinates: given the positions the warp is normal about their own share in it, which
        # integrates to one and leaves the density of positions as it is.
        share = np.zeros_like(weight)
        for t in range(len(weight)):
            here = layout.session_idx == t
            share[t] = ((raw - start.position)[here, None] * warp.state_shape[here]).mean(0)
        redundant = stats.norm.logpdf(point["warp_weight"], warp.curve.T @ share, spec.warp_gauge_scale).sum()
        small_step = 1e-6
        jacobian = np.stack(
            [
                (raw_positions(layout, start, white + small_step * unit, step_log, shift) - raw) / small_step
                for unit in np.eye(len(white))
            ]
        )
        total = redundant + np.linalg.slogdet(jacobian)[1] + walk_logp(layout, raw, step_log, point, spec)
        sd = {
            name: np.exp(point[f"{name}_log__"])
            for name in ("raw_first_sd", "step_log_sd", "discrimination_sd", "log_gap_sd", "midpoint_sd")
        }
        for name, scale in (
            ("raw_first_sd", spec.first_sd_scale),
            ("step_log_sd", spec.step_log_sd_scale),
            ("discrimination_sd", spec.discrimination_scale),
            ("log_gap_sd", spec.log_gap_sd_scale),
            ("midpoint_sd", spec.midpoint_sd_scale),
        ):
            total += stats.halfnorm.logpdf(sd[name], 0, scale) + np.log(sd[name])
        for name, loc, scale in (
            ("raw_first_mean", spec.first_loc, spec.first_loc_scale),
            ("step_log_mean", spec.step_log_loc, spec.step_log_scale),
            ("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale),
            ("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale),
            ("log_gap", point["log_gap_mean"], sd["log_gap_sd"]),
        ):
            total += stats.norm.logpdf(point[name], loc, scale).sum()
        total += stats.norm.logpdf(step_log, point["step_log_mean"], sd["step_log_sd"]).sum()
        total += ((1 - centring) * point["step_log_sd_log__"]).sum()
        total += stats.norm.logpdf(raw.mean(), 0, spec.gauge_scale)
        total += stats.norm.logpdf(np.log(raw.std()), 0, spec.gauge_scale)
        position = (raw - raw.mean()) / raw.std()
        # Items on the common scale; the sampler's coordinates stretch each slope with the warp.
        stretch = np.exp((weight[layout.home_idx] * warp.item_slope).sum(1))
        saved = evaluate(model, ["discrimination", "cutpoint"], point)
        slope = point["relative_discrimination"] / stretch
        np.testing.assert_allclose(np.abs(saved["discrimination"]), np.abs(slope))
        total += stats.norm.logpdf(slope, 0, sd["discrimination_sd"]).sum()
        total -= np.log(stretch).sum()
        cutpoint = saved["cutpoint"]
        np.testing.assert_allclose(np.diff(cutpoint)[:, 0], np.exp(point["log_gap"]))
        total += stats.norm.logpdf(cutpoint.mean(1), point["midpoint_mean"], sd["midpoint_sd"]).sum()
        return total + vote_logp(votes, layout, position, slope, cutpoint)

    one, other = some_point(model, 1), some_point(model, 2)
    difference = evaluate_logp(model, one) - evaluate_logp(model, other)
    assert difference == pytest.approx(plain_logp(one) - plain_logp(other), rel=1e-5, abs=1e-4)


def test_mirrored_points_have_the_same_density_and_the_same_saved_numbers(small):
    votes, _, start = small
    model = build_dynamic_ideal_point_model(votes, SPEC, start=start)
    reflected = build_dynamic_ideal_point_model(votes, SPEC, start=mirror(start))
    point = some_point(model, 3)
    turned = dict(point)
    for name in ("whitened_position", "relative_discrimination", "raw_first_mean"):
        turned[name] = -point[name]
    # Shapes of even degree are the same at mirrored places, those of odd degree change their sign.
    turned["warp_weight"] = point["warp_weight"] * [-1, 1, -1, 1]
    # The basis of the mirrored start differs in nothing but the sign of its estimates.
    assert evaluate_logp(model, point) == pytest.approx(evaluate_logp(reflected, turned), abs=1e-8)
    names = ["ideal_point", "discrimination", "cutpoint", "step_sd", "first_mean"]
    one, other = evaluate(model, names, point), evaluate(reflected, names, turned)
    for name in names:
        np.testing.assert_allclose(one[name], other[name], atol=1e-10)
    half = dict(point) | {"whitened_position": -point["whitened_position"]}
    assert abs(evaluate_logp(model, half) - evaluate_logp(model, point)) > 1


def test_gaps_and_entries_are_laid_out(small):
    votes, layout, _ = small
    cast = votes["counts"].values.any(-1)
    session = votes["session"].values
    for p, (t, i) in enumerate(zip(layout.session_idx, layout.state_idx, strict=True)):
        sessions = np.unique(session[cast[:, i]])
        assert layout.session[t] in sessions
        earlier = sessions[sessions < layout.session[t]]
        assert (layout.previous_idx[p] < 0) == (len(earlier) == 0)
        if len(earlier):
            assert layout.elapsed[p] == layout.session[t] - earlier[-1]
            assert layout.state_idx[layout.previous_idx[p]] == i
    assert len(layout.state_idx) == sum(len(np.unique(session[cast[:, i]])) for i in range(cast.shape[1]))
    assert layout.elapsed.max() > 1, "the fixture should have a gap"
    assert (np.bincount(layout.item_idx) > 1).any(), "and a repeated resolution"


@pytest.fixture(scope="module")
def walks(small):
    """Paths with gaps; what votes say of them, step precisions, whitened positions and shifts at random."""
    _, layout, _ = small
    rng, n = np.random.default_rng(1), len(layout.state_idx)
    information, estimate = rng.uniform(1, 50, n), rng.normal(size=n)
    walks = prepare_walks(layout.state_idx, layout.previous_idx, layout.elapsed, information, estimate)
    return walks, (rng.normal(size=n), rng.uniform(1, 50, layout.sat.shape[1]), rng.normal(size=n))


def test_whitened_positions_are_standard_normal_given_the_step(walks):
    walks, (whitened, precision, shift) = walks
    matrix = path_precision(walks, precision**-0.5)
    position, log_jacobian, *_ = evaluate_walks(whitened, precision, shift, *walks)
    away = position - np.linalg.solve(matrix, walks.information * (walks.estimate + shift))
    assert away @ matrix @ away == pytest.approx(whitened @ whitened)
    assert log_jacobian == pytest.approx(-np.linalg.slogdet(matrix)[1] / 2)
    unmoved = evaluate_walks(whitened, precision, 0 * shift, *walks)[0]
    np.testing.assert_allclose(whiten_walks(unmoved, precision, walks), whitened, atol=1e-10)


def test_gradients_of_whitening_are_its_slopes(walks):
    walks, point = walks
    inputs = [pt.dvector() for _ in point]
    position, log_jacobian = unwhiten_walks(*inputs, Walks(*map(pytensor.shared, walks)))
    weight = np.random.default_rng(2).normal(size=len(walks.link))
    value = (pt.sin(position) * weight).sum() + 1.3 * log_jacobian
    run = pytensor.function(inputs, [value, *pt.grad(value, inputs)], mode="NUMBA")
    for k, gradient in enumerate(run(*point)[1:]):
        for i, slope in enumerate(gradient):
            near = [[x.copy() for x in point] for _ in range(2)]
            near[0][k][i] += 1e-6
            near[1][k][i] -= 1e-6
            assert slope == pytest.approx((run(*near[0])[0] - run(*near[1])[0]) / 2e-6, abs=1e-6)


def test_scales_are_weighed_by_what_their_own_votes_say():
    """Positions known well tell a restless path's scale as its moves would: two units of information each."""
    n = 30
    before = np.arange(-1, n - 1)
    walks = prepare_walks(np.zeros(n, int), before, np.ones(n), np.full(n, 1e6), np.zeros(n))
    information = 2 * (n - 1)
    assert weigh_scales(walks, np.ones(1), 0.5)[0] == pytest.approx(information / (information + 4), rel=1e-3)
    assert weigh_scales(walks, np.array([1e-6]), 0.5)[0] < 0.01


def test_start_is_near_the_truth_and_on_its_side():
    votes, truth = simulate_record(n_state=50, n_session=10, items_per_session=25, seed=3)
    layout = prepare_layout(votes)
    start = estimate_dynamic_start(votes, layout)
    true = truth["ideal_point"].values[layout.sat]
    assert np.corrcoef(start.position, true)[0, 1] > 0.95
