"""The dynamic model means what it says: a plain random walk, whatever the coordinates of the sampler."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from models.dynamic_ideal_point import build_dynamic_ideal_point_model
from models.dynamic_layout import prepare_layout
from models.dynamic_mode import estimate_dynamic_start
from models.path_basis import (
    compute_path_basis,
    map_paths,
    map_paths_transposed,
    weigh_scales,
    whiten_paths,
)
from models.simulate_record import simulate_record
from models.spec import DynamicIdealPointSpec
from models.warp import compute_warp
from tests.conftest import evaluate_logp

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


def own_basis(layout, start):
    order = layout.path_order
    return compute_path_basis(
        start.votes_position[order], start.information[order], layout.elapsed[order], layout.path_offset
    )


def scale_logs(layout, start, point):
    """Each state's log step from the sampler's partly centred coordinate."""
    spread = max(start.step_log.std(), 0.1)
    centring = weigh_scales(own_basis(layout, start), np.exp(start.step_log), spread)
    mean, sd = point["step_log_mean"], np.exp(point["step_log_sd_log__"])
    return mean + sd ** (1 - centring) * (point["step_partial"] - centring * mean), centring


def raw_positions(layout, start, whitened, step_log, shift):
    """Positions from whitened coordinates, written without the model: path by path, matrices and all."""
    order, basis = layout.path_order, own_basis(layout, start)
    position, at = np.empty(len(order)), 0
    for i, (begin, end) in enumerate(pairwise(layout.path_offset)):
        size = end - begin
        matrix = basis.vector[at : at + size**2].reshape(size, size)
        at += size**2
        precision = 1 + basis.roughness[begin:end] / np.exp(step_log[i]) ** 2
        # What the votes say has moved by the shift, read off in the basis.
        estimate = basis.estimate[begin:end] + np.linalg.solve(matrix, shift[order[begin:end]])
        component = estimate / precision + whitened[begin:end] / np.sqrt(precision)
        position[order[begin:end]] = matrix @ component
    return position


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


def mirror(start):
    return start._replace(
        position=-start.position,
        votes_position=-start.votes_position,
        discrimination=-start.discrimination,
        centre=-start.centre,
    )


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


def test_basis_makes_prior_and_information_diagonal():
    rng = np.random.default_rng(1)
    size = 7
    information, elapsed = rng.uniform(1, 50, size), np.array([0, 1, 1, 3, 1, 2, 1.0])
    estimate = rng.normal(size=size)
    basis = compute_path_basis(estimate, information, elapsed, np.array([0, size]))
    matrix = basis.vector.reshape(size, size)
    difference = np.diff(np.eye(size), axis=0)
    prior = difference.T @ np.diag(1 / elapsed[1:]) @ difference
    np.testing.assert_allclose(matrix.T @ np.diag(information) @ matrix, np.eye(size), atol=1e-10)
    np.testing.assert_allclose(matrix.T @ prior @ matrix, np.diag(basis.roughness), atol=1e-10)
    # Whitened at the conditional posterior mean is zero, whatever the step.
    for step_sd in (0.02, 0.3):
        precision = np.diag(information) + prior / step_sd**2
        mean = np.linalg.solve(precision, information * estimate)
        np.testing.assert_allclose(whiten_paths(mean, np.array([step_sd]), basis), 0, atol=1e-9)


def test_path_maps_are_block_diagonal():
    rng = np.random.default_rng(2)
    offset = np.array([0, 3, 4, 8], dtype=np.int32)
    blocks = [rng.normal(size=(n, n)) for n in np.diff(offset)]
    vector, values = np.concatenate([b.ravel() for b in blocks]), rng.normal(size=8)
    pieces = np.split(values, offset[1:-1])
    np.testing.assert_allclose(
        map_paths(values, vector, offset),
        np.concatenate([b @ p for b, p in zip(blocks, pieces, strict=True)]),
    )
    np.testing.assert_allclose(
        map_paths_transposed(values, vector, offset),
        np.concatenate([b.T @ p for b, p in zip(blocks, pieces, strict=True)]),
    )


def test_start_is_near_the_truth_and_on_its_side():
    votes, truth = simulate_record(n_state=50, n_session=10, items_per_session=25, seed=3)
    layout = prepare_layout(votes)
    start = estimate_dynamic_start(votes, layout)
    true = truth["ideal_point"].values[layout.sat]
    assert np.corrcoef(start.position, true)[0, 1] > 0.95
