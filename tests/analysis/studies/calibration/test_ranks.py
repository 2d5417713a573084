"""Ranks: uniform ones pass, those of posteriors that are too narrow, too wide or beside the truth fail."""

import numpy as np
import pandas as pd
import pytest

from analysis.studies.calibration.ranks import (
    BINS,
    POSSIBLE,
    count_ranks,
    draw_reference,
    find_band,
    judge,
    list_counts,
    measure_distance,
    say,
)

WORLDS = 200
QUANTITIES = 20


def draw_ranks(spread: float = 1.0, shift: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Ranks of true values whose posterior has so many times their spread, and a mean beside them."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(QUANTITIES):
        # Given the data, the truth is a standard normal draw.
        true = rng.normal(size=(WORLDS, 1))
        draws = spread * rng.normal(size=(WORLDS, POSSIBLE - 1)) + shift
        ranks = (draws < true).sum(1)
        rows.append(pd.DataFrame({"part": "effects", "quantity": f"q{number}", "rank": ranks}))
    return pd.concat(rows)


def test_uniform_ranks_pass_and_the_test_rejects_as_often_as_it_says():
    judged = judge(count_ranks(draw_ranks()))
    assert (judged["worlds"] == WORLDS).all()
    assert judged["p_all"].min() > 0.05
    assert "are uniform" in say(judged)[0]
    fresh = np.random.default_rng(5).multinomial(WORLDS, np.full(BINS, 1 / BINS), 5000)
    reference = draw_reference(WORLDS)
    p = np.searchsorted(reference, measure_distance(fresh, WORLDS), side="right") / len(reference)
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() == pytest.approx(level, abs=0.01 + level / 10)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"spread": 0.6}, "too narrow"),
        ({"spread": 1.6}, "too wide"),
        ({"shift": -0.8}, "too low"),
        ({"shift": 0.8}, "too high"),
    ],
)
def test_a_wrong_posterior_fails_and_the_sentence_says_how(fault, words):
    judged = judge(count_ranks(draw_ranks(**fault)))
    assert judged["p_all"].max() < 0.05
    sentence = say(judged)[0]
    assert f"not uniform for {QUANTITIES} of them" in sentence
    assert words in sentence


def test_counts_hold_every_world_and_the_extremes_fall_into_the_end_bins():
    ranks = pd.DataFrame({"part": "p", "quantity": "q", "rank": [0, 4, 5, 99, 99]})
    table = count_ranks(ranks)
    assert list_counts(table)[0, [0, 1, -1]].tolist() == [2, 1, 2]
    assert list_counts(table).sum() == 5


def test_the_band_is_left_by_wrong_ranks_only():
    def leaves(table):
        lower, upper = find_band(WORLDS, QUANTITIES)
        reached = list_counts(table).cumsum(1)[:, :-1] / WORLDS
        return ((reached < lower) | (reached > upper)).any(1)

    assert not leaves(count_ranks(draw_ranks())).any()
    assert leaves(count_ranks(draw_ranks(spread=0.6))).all()
