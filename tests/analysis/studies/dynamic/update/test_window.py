"""The density of a window is the model's, given a draw of all else."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm
from support.made_stored import make_posterior, make_record

from analysis.studies.dynamic.update.mode import UNIT, find_mode
from analysis.studies.dynamic.update.run import join_votes, take_sessions
from analysis.studies.dynamic.update.stored import link, prepare_stored, take_rest
from analysis.studies.dynamic.update.window import (
    evaluate,
    expand_outside,
    place_cutpoints,
    prepare_window,
    split,
)
from models.spec import DynamicIdealPointSpec

SCALE = 0.05
SAMPLE = 7


@pytest.fixture(scope="module")
def setting():
    """A window of sessions 5 to 7, where session 7 is new."""
    old, new, truth = make_record()
    stored = prepare_stored(make_posterior(old, truth), old, DynamicIdealPointSpec())
    votes = join_votes(old, new)
    window, own = prepare_window(votes, 5), take_sessions(votes, 5)
    linked = link(window, stored, own["state"].values.astype(str))
    # The made-up paths are rougher than their scales of movement say.
    linked = linked._replace(grid=np.tile(np.linspace(-7, 2, 300), (len(linked.grid), 1)))
    return votes, own, window, stored, linked, find_mode(own, window, stored, linked)


def plain_density(x, votes, own, window, stored, mode):
    """The same density, written out vote by vote, with earlier votes on the window's resolutions exact."""
    position, slope, anchor, log_gap = split(x, window)
    _, midpoint, cutpoint = place_cutpoints(slope, anchor, log_gap, mode.centre)
    where = dict(zip(window.votes.position, position, strict=True))
    before = dict(zip(stored.label, stored.position[SAMPLE], strict=True))
    before = {label: at for label, at in before.items() if int(label.split("-")[1]) < 5}
    number = {group: k for k, group in enumerate(window.layout.item)}
    total = 0.0
    for row, group, t in zip(
        votes["counts"].values, votes["match_group"].values, votes["session"].values, strict=True
    ):
        if group not in number:
            continue
        k = number[group]
        for state, answer in zip(votes["state"].values, row, strict=True):
            if answer.any():
                eta = slope[k] * (where | before)[f"{state}-{t}"]
                upper, lower = expit(eta - cutpoint[k])
                total += np.log([1 - upper, upper - lower, lower][answer.argmax()])
    means = {name: values[SAMPLE] for name, values in stored.scales.items()}
    known = before | where
    window_states = sorted({label.split("-")[0] for label in where})
    for state in window_states:
        path = sorted(
            (int(label.split("-")[1]), at) for label, at in known.items() if label.startswith(f"{state}-")
        )
        session, at = np.array(path).T
        if session[0] >= 5:
            total += norm.logpdf(at[0], *means["first"])
        square = np.diff(at) ** 2 / np.diff(session)

        def chance(log, square=square):
            moves = norm.logpdf(np.sqrt(square), 0, np.exp(log)).sum()
            return np.exp(moves + norm.logpdf(log, *means["step"]))

        total += np.log(quad(chance, -7, 2, limit=400, points=[-3, -2, -1, 0])[0])
    spread = [
        np.log(np.std([at for label, at in known.items() if label.endswith(f"-{t}")])) for t in range(1, 8)
    ]
    total += norm.logpdf(spread, np.mean(spread), SCALE).sum()
    total += norm.logpdf(slope, *means["discrimination"]).sum()
    total += norm.logpdf(midpoint, *means["midpoint"]).sum() + norm.logpdf(log_gap, *means["log_gap"]).sum()
    return total


def test_the_density_is_that_of_the_model_written_out(setting):
    votes, own, window, stored, linked, mode = setting
    rest = take_rest(window, stored, linked, SAMPLE)
    # Where earlier votes are expanded, they are exact at the draw: there all resolutions that have some stay.
    base = mode.x.copy()
    n, m = len(window.votes.position), len(window.layout.item)
    rng = np.random.default_rng(1)
    other = base + 0.1 * rng.normal(size=len(base))
    for at in window.outside_item:
        other[[n + at, n + m + at, n + 2 * m + at]] = base[[n + at, n + m + at, n + 2 * m + at]]
    ours = [evaluate(x, window, rest, mode.centre, linked.grid, SCALE)[0] for x in (base, other)]
    plain = [plain_density(x, votes, own, window, stored, mode) for x in (base, other)]
    assert ours[1] - ours[0] == pytest.approx(plain[1] - plain[0], rel=1e-5)


def test_the_gradient_is_that_of_the_density(setting):
    _, _, window, stored, linked, mode = setting
    rest = take_rest(window, stored, linked, SAMPLE)
    rng = np.random.default_rng(2)
    x = mode.x + 0.2 * rng.normal(size=len(mode.x))
    gradient = evaluate(x, window, rest, mode.centre, linked.grid, SCALE)[1]
    for direction in rng.normal(size=(5, len(x))):
        ahead, behind = (
            evaluate(x + s * direction, window, rest, mode.centre, linked.grid, SCALE)[0]
            for s in (1e-5, -1e-5)
        )
        assert gradient @ direction == pytest.approx((ahead - behind) / 2e-5, rel=1e-4)


def test_earlier_votes_are_expanded_to_second_order(setting):
    _, _, window, stored, linked, _ = setting
    assert len(window.outside_item)
    rest = take_rest(window, stored, linked, SAMPLE)
    position = stored.position[SAMPLE][linked.outside]
    step = np.tile([0.05, 0.03, 0.04], (len(rest.outside_at), 1))
    exact = expand_outside(window, position, rest.outside_at + step) - rest.outside_pull
    told = np.einsum("ijk,ik->ij", rest.outside_curve, step)
    assert np.corrcoef(exact.ravel(), told.ravel())[0, 1] > 0.98


def test_the_mode_is_a_mode(setting):
    _, _, window, stored, linked, mode = setting
    rest = take_rest(window, stored, linked, None)
    gradient = evaluate(mode.x, window, rest, mode.centre, linked.grid, stored.session_log_sd_scale)[1]
    # In units in which the optimiser works; a tenth is far inside the posterior.
    unit = np.repeat(UNIT, [len(part) for part in split(mode.x, window)])
    assert np.abs(gradient * unit).max() < 0.1
