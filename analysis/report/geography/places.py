"""Points, outlines and tiles of states, for the maps of the report."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from analysis.report.geography.project import project

HERE = Path(__file__).parent
COLUMNS, ROWS = 27, 19
"""Size of the grid of tiles. It has about two and a half times as many places as there are states."""
CROWDED = 0.55
"""Weight of the order of states, from west to east and north to south, beside their distances. With 0, all of
Europe wants the same few tiles; with 1, empty land has none."""


@cache
def load_places() -> pd.DataFrame:
    """Load the point of every state.

    Returns
    -------
    pd.DataFrame
        Indexed by iso3: ``x, y``, the middle of the state's largest part in units of the map (0 to 1,000
        from west to east).
    """
    table = pd.read_csv(HERE / "places.csv", dtype={"id": str}, keep_default_na=False).set_index("iso3")
    x, y = project(table["longitude"].to_numpy(), table["latitude"].to_numpy())
    return pd.DataFrame({"x": x.round(1), "y": y.round(1)}, index=table.index)


@cache
def load_shapes() -> dict[str, str]:
    """Load the SVG path of each state's outline. Small states have none; ``other`` is land of no member."""
    return json.loads((HERE / "shapes.json").read_text(encoding="utf-8"))


def arrange_tiles(places: pd.DataFrame) -> pd.DataFrame:
    """Give each state a tile of its own in a grid, as near to its place on the map as can be.

    The sum of squared distances between states and tiles is the least possible. Crowded regions, such as
    Europe, spread over their neighbours' seas.

    Parameters
    ----------
    places : pd.DataFrame
        As ``load_places`` returns it.

    Returns
    -------
    pd.DataFrame
        Indexed as ``places``: ``column`` and ``row``, from 0 at the top left.
    """
    points = CROWDED * places.rank(pct=True) + (1 - CROWDED) * places / places.max()
    grid = np.array([(column, row) for row in range(ROWS) for column in range(COLUMNS)])
    centres = (grid + 0.5) / (COLUMNS, ROWS)
    apart = points.to_numpy()[:, None] - centres[None]
    cost = ((apart * (COLUMNS, ROWS)) ** 2).sum(-1)
    _, chosen = linear_sum_assignment(cost)
    return pd.DataFrame(grid[chosen], columns=["column", "row"], index=places.index)
