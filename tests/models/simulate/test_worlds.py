"""Simulated worlds: single answers against closed forms, and dependence as strong as asked for."""

from dataclasses import replace

import numpy as np
import pytest

from models.simulate.dependence import compute_residuals, measure_dependence
from models.simulate.static import REGIONS
from models.simulate.worlds import (
    DEPENDENT,
    World,
    draw_chances,
    repeat_answers,
    simulate_votes_at,
    simulate_window,
)


def test_chances_are_logistic_and_correlate_along_repeats_as_asked():
    world = World(n_state=400, repeat_correlation=0.6)
    chance = draw_chances(np.repeat(np.arange(300), 3), world, np.random.default_rng(1))
    for place in (-3.0, -0.5, 1.0, 4.0):
        assert (chance < place).mean() == pytest.approx(1 / (1 + np.exp(-place)), abs=0.005)
    first, second, third = chance.reshape(300, 3, 400).transpose(1, 0, 2).reshape(3, -1)
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.59, abs=0.02)
    assert np.corrcoef(first, third)[0, 1] == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize(
    "dependence",
    [{}, {"repeat_correlation": 0.88}, {"inertia": 0.7, "alike": False}],
    ids=["independent", "repeats", "inertia"],
)
def test_answers_have_the_probabilities_of_graded_responses(dependence):
    world = World(n_state=60, n_item=80, absent=0.2, **dependence)
    position, region_idx = np.linspace(-1.7, 1.7, 60), np.arange(60) % len(REGIONS)
    abstained, expected = [], []
    for seed in range(60):
        votes, truth = simulate_votes_at(world, position, region_idx, np.random.default_rng(seed))
        if world.inertia:
            # Answers that are repeated follow the probabilities of the first one's roll call.
            first = np.unique(votes["match_group"].values, return_index=True)[1]
            votes, truth = votes.isel(item=first), truth.isel(item=first)
        predictor = truth["discrimination"].values[:, None] * position
        exceed = 1 / (1 + np.exp(truth["cutpoint"].values[:, None, :] - predictor[..., None]))
        cast = votes["counts"].values.any(-1)
        abstained.append(votes["counts"].values[cast][:, 1])
        expected.append((exceed[..., 0] - exceed[..., 1])[cast])
    abstained, expected = np.concatenate(abstained), np.concatenate(expected)
    tenth = np.digitize(expected, np.quantile(expected, np.linspace(0.1, 0.9, 9)))
    for number in range(10):
        within = tenth == number
        assert abstained[within].mean() == pytest.approx(expected[within].mean(), abs=0.02)


def test_inertia_repeats_the_last_answer_that_was_given():
    answer = np.array([[0, 0], [2, 2], [1, 1]])
    absent = np.array([[False, False], [False, True], [False, False]])
    always = repeat_answers(answer, absent, np.array([7, 7, 7]), 1.0, np.random.default_rng(1))
    assert always.tolist() == [[0, 0], [0, 0], [0, 0]]
    apart = repeat_answers(answer, absent, np.array([1, 2, 3]), 1.0, np.random.default_rng(1))
    assert (apart == answer).all()


def measure(world: World, seeds: int = 3) -> dict[str, float]:
    found = [measure_dependence(*simulate_window(world, seed)) for seed in range(seeds)]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def test_worlds_without_dependence_have_independent_residuals():
    found = measure(World())
    assert found["repeats"] == pytest.approx(0, abs=0.02)
    assert found["first_share"] < 0.03


def test_dependent_worlds_are_as_dependent_as_the_real_windows():
    found = measure(DEPENDENT)
    assert found["repeats"] == pytest.approx(0.7, abs=0.05)
    assert found["first_share"] == pytest.approx(0.17, abs=0.03)
    # The real windows: 2 and 1 % of answers to a resolution put again differ from the last one.
    assert found["contradictions"] < 0.6 * measure(World())["contradictions"]


def test_blocs_make_their_members_agree_and_nobody_else():
    votes, truth = simulate_window(World(bloc_sd=3.0), 1)
    # Residuals of members of one bloc go together on a resolution; those of others do not.
    residual, bloc = compute_residuals(votes, truth), truth["bloc"].values
    correlation = np.corrcoef(residual.T)
    same = (bloc[:, None] == bloc) & (bloc != "")[:, None] & ~np.eye(bloc.size, dtype=bool)
    alone = (bloc[:, None] == "") | (bloc[None] == "")
    assert correlation[same].mean() > 0.25
    assert abs(correlation[alone & ~np.eye(bloc.size, dtype=bool)].mean()) < 0.02


def test_absence_is_as_frequent_as_asked_and_grows_at_the_cutpoint_where_asked():
    position, region_idx = np.linspace(-1.7, 1.7, 150), np.arange(150) % len(REGIONS)

    def share_absent(world):
        votes, truth = simulate_votes_at(world, position, region_idx, np.random.default_rng(1))
        distance = truth["discrimination"].values[:, None] * position - truth["cutpoint"].values[:, [0]]
        absent = ~votes["counts"].values.any(-1)
        return absent[:, 1:].mean(), absent[np.abs(distance) < 0.3].mean(), absent[:, 0].any()

    random = replace(World(), absent=0.1, absent_sd=0.0)
    everywhere, close, us = share_absent(random)
    assert everywhere == pytest.approx(0.1, abs=0.005)
    assert close == pytest.approx(0.1, abs=0.03)
    assert not us
    everywhere, close, _ = share_absent(replace(random, absent_awkward=2.0))
    assert close > 0.3 > everywhere


def test_votes_have_what_the_loader_gives_and_the_us_stands_at_the_upper_end():
    votes, truth = simulate_window(World(n_state=40, n_item=60), 2)
    assert {"session", "date", "issue", "us_vote", "match_group", "region", "name"} <= set(votes.coords)
    assert (votes["counts"].sum("response") <= 1).all()
    assert ((votes["counts"].sum("state") > 0).sum("response") > 1).all()
    position = truth["ideal_point"]
    assert position.idxmax("state") == "USA"
    assert float(position.mean()) == pytest.approx(0, abs=1e-12)
    assert float(position.std()) == pytest.approx(1)
    assert abs(np.corrcoef(position, truth["second_ideal_point"])[0, 1]) < 1e-9
