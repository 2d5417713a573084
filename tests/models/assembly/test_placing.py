"""A voter placed on known items: against quadrature by another route, and over simulated voters."""

import numpy as np
import pytest
from scipy.integrate import quad

from models.assembly.placing import place_voter


def simulate_items(rng, n_item):
    slope, middle = rng.normal(0, 1.5, n_item), rng.normal(0, 1, n_item)
    gap = np.exp(rng.normal(-0.5, 0.4, n_item))
    return slope, np.stack([middle - gap / 2, middle + gap / 2], -1)


def probabilities(position, slope, cutpoint):
    below = 1 / (1 + np.exp(slope * position - cutpoint.T))
    return np.stack([below[0], below[1] - below[0], 1 - below[1]], -1)


def test_position_and_evidence_agree_with_quadrature():
    rng = np.random.default_rng(3)
    slope, cutpoint = simulate_items(rng, 12)
    answer = rng.integers(-1, 3, 12)

    def density(position):
        chosen = probabilities(position, slope, cutpoint)[np.arange(12), answer]
        return np.exp(-(position**2) / 2) / np.sqrt(2 * np.pi) * chosen[answer >= 0].prod()

    evidence = quad(density, -8, 8)[0]
    mean = quad(lambda x: x * density(x), -8, 8)[0] / evidence
    placed = place_voter(answer, np.tile(slope, (6000, 1)), np.tile(cutpoint, (6000, 1, 1)), 0, 1, 1)
    assert placed.log_evidence == pytest.approx(np.log(evidence), abs=1e-4)
    assert placed.position.mean() == pytest.approx(mean, abs=0.04)


def covers(prior_sd, n_voter=200):
    """Share of simulated voters, Normal(0, 1), whose 90 % interval holds their position."""
    rng = np.random.default_rng(5)
    held = 0
    for k in range(n_voter):
        slope, cutpoint = simulate_items(rng, 20)
        truth = rng.normal()
        chance = probabilities(truth, slope, cutpoint)
        answer = np.array([rng.choice(3, p=p) for p in chance])
        draws = np.tile(slope, (400, 1)), np.tile(cutpoint, (400, 1, 1))
        lower, upper = np.quantile(place_voter(answer, *draws, 0, prior_sd, k).position, [0.05, 0.95])
        held += lower < truth < upper
    return held / n_voter


def test_intervals_cover_simulated_voters_and_a_wrong_prior_fails():
    assert 0.85 < covers(1.0) < 0.95
    assert covers(0.2) < 0.8


def test_a_voter_without_answers_is_refused():
    slope, cutpoint = simulate_items(np.random.default_rng(1), 4)
    with pytest.raises(ValueError, match="answered none"):
        place_voter(np.full(4, -1), slope[None], cutpoint[None], 0, 1, 1)
