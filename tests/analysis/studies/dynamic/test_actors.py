"""Distances to reference actors are taken within draws, and agree with how often states answer alike."""

import numpy as np
import pytest
import xarray as xr

from analysis.studies.dynamic.actors import (
    list_bloc_members,
    measure_actors,
    measure_agreement,
    plot_actors,
)

STATES = ("USA", "CHN", "RUS", "DEU", "FRA", "ITA", "IND", "BRA")
MEMBERS = {1990: {"eu": {"DEU", "FRA", "ITA"}, "asean": {"IND", "BRA"}}}


@pytest.fixture
def posterior():
    """Draws of positions in session 45, of 1990, in the order of STATES from the US down."""
    middle = np.array([3.0, -2.0, -1.0, 1.5, 1.0, 2.0, -1.5, -0.5])
    draws = middle + np.random.default_rng(1).normal(0, 0.1, size=(2, 60, len(STATES)))
    labels = [f"{state}-45" for state in STATES]
    points = xr.DataArray(draws, dims=("chain", "draw", "position"), coords={"position": labels})
    return xr.Dataset({"ideal_point": points})


def test_a_median_is_that_of_each_draw(posterior):
    actors, distances = measure_actors(posterior, MEMBERS)
    draws = posterior["ideal_point"].values.reshape(-1, len(STATES))
    median = np.median(draws[:, 3:6], axis=1)
    row = actors.set_index("actor").loc["eu"]
    assert row["members"] == 3
    assert row["mean"] == pytest.approx(median.mean())
    assert row["from_us_lower"] == pytest.approx(np.quantile(median - draws[:, 0], 0.05))
    of_india = distances.set_index("state").loc["IND"]
    assert of_india["to_eu_mean"] == pytest.approx(np.abs(draws[:, 6] - median).mean())
    assert of_india["to_chn_mean"] == pytest.approx(np.abs(draws[:, 6] - draws[:, 1]).mean())


def test_a_bloc_with_too_few_positions_has_none(posterior):
    actors, distances = measure_actors(posterior, MEMBERS)
    assert "asean" not in set(actors["actor"])
    assert distances["to_asean_mean"].isna().all()


def test_near_states_answer_alike(posterior):
    position = posterior["ideal_point"].mean(("chain", "draw")).values
    cut = np.linspace(-2.5, 3, 40)
    yes = position > cut[:, None]
    counts = np.stack([~yes, np.zeros_like(yes), yes], -1).astype(int)
    counts[:5, 6] = 0
    votes = xr.Dataset(
        {"counts": (("item", "state", "response"), counts)},
        {"state": list(STATES), "session": ("item", np.full(40, 45))},
    )
    distances, by_session = measure_agreement(votes, measure_actors(posterior, MEMBERS)[1])
    assert by_session["actor"].tolist() == ["USA", "CHN", "RUS"]
    assert (by_session["rank_correlation"] > 0.95).all()
    of_india = distances.set_index("state").loc["IND"]
    assert of_india["as_usa"] == pytest.approx((yes[5:, 6] == yes[5:, 0]).mean())


def test_members_are_those_of_the_year():
    members = list_bloc_members([1990, 2025])
    assert {"DEU", "FRA"} <= members[1990]["eu"]
    assert "POL" not in members[1990]["eu"]
    assert "POL" in members[2025]["eu"]
    assert "GBR" not in members[2025]["eu"]
    assert "USA" not in members[2025]["nato"]


def test_the_figure_takes_a_record_without_some_actors(posterior):
    actors, _ = measure_actors(posterior, MEMBERS)
    figure = plot_actors(actors[actors["actor"] != "RUS"], {"CHN": "China"})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["China", "European Union"]
