"""The dynamic model is a plain random walk, whatever the coordinates of the sampler."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.densities import evaluate_logp, mirror
from support.record import path_precision, simulate_small_record

from models.coordinates.dynamic_mode import estimate_dynamic_start
from models.coordinates.walks import prepare_walks, weigh_scales
from models.coordinates.warp import compute_warp
from models.dynamic_ideal_point import build_dynamic_ideal_point_model
from models.spec import DynamicIdealPointSpec

SPEC = DynamicIdealPointSpec()


@pytest.fixture(scope="module")
def small():
    votes, layout = simulate_small_record()
    return votes, layout, estimate_dynamic_start(votes, layout, SPEC.session_log_sd_scale)


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


def scale_logs(layout, start, point):
    """Compute each state's log step from the partly centred coordinate."""
    spread = max(start.step_log.std(), 0.1)
    centring = weigh_scales(lay_out(layout, start), np.exp(start.step_log), spread)
    mean, sd = point["raw_step_log_mean"], np.exp(point["step_log_sd_log__"])
    return mean + sd ** (1 - centring) * (point["step_partial"] - centring * mean), centring


def raw_positions(layout, start, whitened, step_log, shift):
    """Compute positions from whitened ones with the whole matrix instead of the model's recursions."""
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
    """The density has the same differences between points if written with scipy, without coordinates."""
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
            ("raw_step_log_mean", spec.step_log_loc, spec.step_log_scale),
            ("log_gap_mean", spec.log_gap_loc, spec.log_gap_scale),
            ("midpoint_mean", spec.midpoint_loc, spec.midpoint_scale),
            ("log_gap", point["log_gap_mean"], sd["log_gap_sd"]),
        ):
            total += stats.norm.logpdf(point[name], loc, scale).sum()
        total += stats.norm.logpdf(step_log, point["raw_step_log_mean"], sd["step_log_sd"]).sum()
        total += ((1 - centring) * point["step_log_sd_log__"]).sum()
        spread = np.log([raw[layout.session_idx == t].std() for t in range(len(layout.session))])
        total += stats.norm.logpdf(spread, spread.mean(), spec.session_log_sd_scale).sum()
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
