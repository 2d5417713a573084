"""A state's votes with its position integrated out: by the fast way, and by brute force."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit, logsumexp

from analysis.posterior.schema.integrated import (
    count_support,
    log_likelihood_by_state,
    replicate_support,
)
from analysis.posterior.schema.prior import draw_position_prior
from models.likelihood.repeated.turns import find_last_answers
from models.simulate.static import simulate_votes
from models.spec import IdealPointSpec


@pytest.fixture(scope="module")
def votes():
    """Roll calls, of which some put a resolution again."""
    rng = np.random.default_rng(3)
    made, _ = simulate_votes(n_state=25, n_item=30, seed=1)
    group = np.arange(30)
    group[20:] = rng.permutation(20)[:10]
    return made.assign_coords(match_group=("item", group))


def brute(draw, votes, spec):
    """Sum over a fine grid of positions, cell by cell."""
    counts, last = votes["counts"].values, find_last_answers(votes)
    regions = list(draw["region"].values)
    node = np.linspace(-8, 8, 1601)
    found = []
    for state, region in enumerate(votes["region"].values):
        lower, upper = (
            draw["discrimination"].values[:, None] * node - draw["cutpoint"].values[:, [k]] for k in (0, 1)
        )
        # P(at least abstain) - P(yes), written so that it does not vanish where both are near 1.
        abstain = expit(lower) * expit(-upper) * -np.expm1(upper - lower)
        chance = np.stack([expit(-lower), abstain, expit(upper)])
        total = np.zeros(len(node))
        for item in range(len(counts)):
            if not counts[item, state].any():
                continue
            answer = counts[item, state].argmax()
            p = chance[answer, item]
            if spec.repeats == "inertia" and last[item, state] >= 0:
                rho = float(draw["inertia"])
                same = counts[last[item, state], state].argmax() == answer
                p = rho * same + (1 - rho) * p
            total += np.log(np.maximum(p, 1e-300))
        mean, sd = (float(draw[name][regions.index(region)]) for name in ("region_mean", "region_sd"))
        prior = -0.5 * ((node - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
        found.append(logsumexp(total + prior) + np.log(node[1] - node[0]))
    return np.array(found)


@pytest.mark.parametrize("repeats", ["inertia", "apart"])
def test_the_fast_way_agrees_with_brute_force(votes, repeats):
    spec = IdealPointSpec(repeats=repeats, discrimination_scale=1.5, midpoint_scale=1, midpoint_sd_scale=1)
    draws = draw_position_prior(votes, spec, np.random.default_rng(5), 3)
    # Nodes reach as far as the positions; those of a prior say nothing of where the votes place a state.
    draws["ideal_point"][:, :2] = [-7, 7]
    found = log_likelihood_by_state(draws, votes, spec)
    for k in range(3):
        expected = brute(draws.isel(sample=k), votes, spec)
        assert found[k] == pytest.approx(expected, abs=0.03)


def test_replicated_votes_have_the_mean_of_their_chances(votes):
    spec = IdealPointSpec(repeats="apart", discrimination_scale=1, midpoint_scale=1, midpoint_sd_scale=1)
    one = draw_position_prior(votes, spec, np.random.default_rng(5), 1)
    many = xr.concat([one] * 4000, "sample").assign_coords(sample=np.arange(4000))
    drawn = replicate_support(many, votes, spec, np.random.default_rng(6))
    again = replicate_support(many, votes, spec, np.random.default_rng(6))
    assert (drawn == again).all()
    cast = votes["counts"].sum(("item", "response")).values
    assert (drawn <= cast).all()
    assert (count_support(votes).values <= cast).all()
    regions = votes["region"].values
    alike = drawn[:, regions == regions[0]] / np.maximum(cast[regions == regions[0]], 1)
    # States of one region that voted on nearly the same items expect the same.
    assert np.ptp(alike.mean(0)) < 0.25
