"""Maps: every state has a point and a tile of its own, near where it is."""

import numpy as np
import pytest

from analysis.report.geography.places import arrange_tiles, load_places, load_shapes
from analysis.report.geography.project import draw_shapes, project
from analysis.report.published import load_published
from analysis.report.states import describe_states


def test_every_state_of_the_panel_has_a_point_and_a_tile_of_its_own():
    states = describe_states(load_published())
    panel = load_published().panel["state"].values
    assert set(map(str, panel)) | {"USA"} == set(states)
    tiles = [tuple(state["tile"]) for state in states.values()]
    assert len(set(tiles)) == len(tiles)


def test_tiles_keep_neighbours_in_order():
    tiles = arrange_tiles(load_places())
    for west, east in (("USA", "GBR"), ("PRT", "POL"), ("IND", "JPN"), ("BRA", "ZAF")):
        assert tiles.loc[west, "column"] < tiles.loc[east, "column"], (west, east)
    for north, south in (("CAN", "USA"), ("SWE", "ITA"), ("EGY", "ZAF"), ("JPN", "AUS")):
        assert tiles.loc[north, "row"] < tiles.loc[south, "row"], (north, south)


def test_the_projection_keeps_areas():
    def area(south: float) -> float:
        longitude = np.array([0.0, 1.0, 1.0, 0.0])
        x, y = project(longitude, np.array([south, south, south + 1, south + 1]))
        return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2

    def on_the_globe(south: float) -> float:
        return np.sin(np.radians(south + 1)) - np.sin(np.radians(south))

    shares = [area(south) / on_the_globe(south) for south in (0.0, 30.0, 60.0)]
    assert shares == pytest.approx([shares[0]] * 3, rel=0.01)
    assert project(np.array([-180.0, 180.0]), np.array([0.0, 0.0]))[0] == pytest.approx([0, 1000])


def test_a_country_on_both_sides_of_the_date_line_is_drawn_in_one_piece():
    topology = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [[[179, 0], [-358, 0], [0, 2], [358, 0], [0, -2]]],
        "objects": {"countries": {"geometries": [{"type": "Polygon", "arcs": [[0]], "id": "242"}]}},
    }
    path = draw_shapes(topology, {"242": "FJI"})["FJI"]
    places = [float(pair.split(",")[0]) for pair in path.strip("MZ").split("L")]
    assert 980 < min(places) < 1000 < max(places) < 1010
    assert {"POL", "USA", "other"} <= set(load_shapes())
