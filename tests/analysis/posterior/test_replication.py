"""Replicated votes: their expectation, absences, repeats in order, and a second dimension."""

import numpy as np
import pytest
import xarray as xr
from support.made_votes import make_window, repeat_draws

from analysis.posterior.replication import align_votes, replicate_votes, sum_answers
from models.likelihood.repeated.turns import find_last_answers, order_repeats


def test_the_last_answer_is_found_by_date_and_passes_over_absences():
    votes, _, _ = make_window(seed=1, n_state=40, n_resolution=4, absent=0.3)
    shuffled = votes.isel(item=np.random.default_rng(2).permutation(votes.sizes["item"]))
    last, turn = find_last_answers(shuffled), order_repeats(shuffled)
    group, session = shuffled["match_group"].values, shuffled["session"].values
    answered = shuffled["counts"].values.any(-1)
    assert (turn == session - 53).all()
    passed_over = 0
    for item, state in np.argwhere(answered):
        earlier = (group == group[item]) & (session < session[item]) & answered[:, state]
        expected = np.flatnonzero(earlier)[session[earlier].argmax()] if earlier.any() else -1
        assert last[item, state] == expected
        passed_over += expected >= 0 and session[expected] < session[item] - 1
    assert passed_over > 3
    assert (last[~answered] == -1).all()


def test_replicates_keep_absences_and_have_the_mean_and_variance_that_they_say():
    votes, posterior, _ = make_window(seed=1, n_state=30, n_resolution=5, draws=2000)
    replicates = list(replicate_votes(votes, posterior, 2000, seed=3))
    answers = np.array([replicate.answers for replicate in replicates])
    absent = ~votes["counts"].values.any(-1)
    assert absent.any()
    assert not answers[:, absent].any()
    expected, variance = replicates[0].expected, replicates[0].variance
    assert np.abs((answers.mean(0) - expected) / np.sqrt(variance / 2000 + 1e-6)).max() < 5
    assert answers.var(0).sum() == pytest.approx(variance.sum(), rel=0.01)
    assert replicates[0].chance.sum(0) == pytest.approx(1)


def test_tallies_are_replicated_vote_by_vote():
    votes, posterior, _ = make_window(seed=1, n_state=30, n_resolution=5, draws=2000)
    replicates = list(replicate_votes(votes * 4, posterior, 2000, seed=3))
    answers = np.array([replicate.answers for replicate in replicates])
    assert answers.max() == 8
    assert answers.var(0).sum() == pytest.approx(replicates[0].variance.sum(), rel=0.01)


def test_with_inertia_replicates_repeat_answers_as_often_as_the_votes():
    votes, posterior, odd = make_window(seed=1, inertia=0.7)
    last = find_last_answers(votes)
    item, state = np.nonzero(last >= 0)

    def differ(answers):
        return (answers[item, state] != answers[last[item, state], state]).sum()

    repeating = posterior.assign(repeat_draws(odd[["inertia"]], posterior.sizes["draw"]))
    apart, again = (
        np.array([differ(r.answers) for r in replicate_votes(votes, draws, 100, seed=3)])
        for draws in (posterior, repeating)
    )
    seen = differ(sum_answers(votes["counts"].values))
    assert abs(seen - again.mean()) < 3 * again.std()
    assert seen < apart.mean() - 10 * apart.std()


def test_with_testlets_answers_to_a_resolution_agree_and_their_mean_is_averaged():
    votes, posterior, _ = make_window(seed=1, n_state=30, n_resolution=5, draws=2000)
    group, item = votes["match_group"].values, votes["item"].values
    once = votes.assign_coords(match_group=("item", np.where(group < 2, group, item)))
    testlet = posterior.assign(testlet_sd=repeat_draws(xr.DataArray(2.0), 2000))
    replicates = list(replicate_votes(once, testlet, 2000, seed=3))
    answers = np.array([replicate.answers for replicate in replicates])
    expected, variance = replicates[0].expected, replicates[0].variance
    assert np.abs((answers.mean(0) - expected) / np.sqrt(variance / 2000 + 1e-6)).max() < 5
    plain = next(replicate_votes(once, posterior, 1, seed=3)).expected
    again = (once["match_group"] < 2).values
    assert (expected[~again] == plain[~again]).all()
    assert np.abs(expected[again] - plain[again]).max() > 0.15
    residual = (answers - expected) / np.sqrt(variance + 1e-6)
    products = [(residual[:, a] * residual[:, b]).mean() for a, b in ((0, 5), (4, 9))]
    assert products[0] > 0.15 > 0.05 > products[1]


def test_a_second_dimension_is_part_of_the_expectation():
    votes, posterior, odd = make_window(seed=1, second=3.0)
    both = posterior.assign(repeat_draws(odd.drop_vars("inertia"), posterior.sizes["draw"]))
    one, two = (next(replicate_votes(votes, draws, 1, seed=3)) for draws in (posterior, both))
    seen, change = sum_answers(votes["counts"].values), np.abs(one.expected - two.expected).sum(1)
    assert (change[votes["issue"].values == "me"] > 0).all()
    assert not change[votes["issue"].values != "me"].any()
    assert ((seen - two.expected) ** 2).sum() < ((seen - one.expected) ** 2).sum()


def test_what_cannot_be_replicated_is_refused():
    votes, posterior, _ = make_window(seed=1, n_state=20, n_resolution=3)
    with pytest.raises(ValueError, match="no discrimination, cutpoint of items"):
        align_votes(votes, posterior[["ideal_point"]])
    with pytest.raises(ValueError, match="items that are not among the votes"):
        align_votes(votes.isel(item=slice(1, None)), posterior)
    some = align_votes(votes, posterior.isel(state=slice(None, None, -1), item=slice(3)))
    assert (some["state"].values == votes["state"].values[::-1]).all()
    assert some.sizes["item"] == 3
