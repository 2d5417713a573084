"""Turn the outlines of a TopoJSON file into the SVG paths of ``shapes.json``.

To make the file again: ``npm pack world-atlas@2.0.2``, unpack it, and run
``python -m analysis.report.geography.project package/countries-110m.json``.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
WIDTH = 1000
"""Width of the map, in units of the SVG."""
# Savric, Patterson and Jenny (2018), The Equal Earth map projection: the coefficients of their formula.
COEFFICIENTS = (1.340264, -0.081106, 0.000893, 0.003796)
LEFT_OUT = {"010"}
"""Antarctica, by its ISO code."""


def project(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project degrees to the map, by Equal Earth: areas are shown in proportion.

    Returns
    -------
    tuple of np.ndarray
        ``x`` from 0 to ``WIDTH``, and ``y`` downwards from the 84th parallel north.
    """
    a = np.array(COEFFICIENTS)
    powers = np.array([0, 2, 6, 8])

    def place(latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        t = np.arcsin(np.sqrt(3) / 2 * np.sin(np.radians(latitude)))[..., None]
        slope = (a * (powers + 1) * t**powers).sum(-1)
        return 2 * np.sqrt(3) * np.cos(t[..., 0]) / (3 * slope), (a * t ** (powers + 1)).sum(-1)

    per_radian, height = place(np.asarray(latitude, float))
    widest, _ = place(np.array(0.0))
    _, top = place(np.array(84.0))
    scale = WIDTH / (2 * np.pi * widest)
    return (
        WIDTH / 2 + scale * per_radian * np.radians(np.asarray(longitude, float)),
        scale * (top - height),
    )


def draw_shapes(topology: dict, codes: dict[str, str]) -> dict[str, str]:
    """Return the SVG path of every country by iso3; those without a state of the panel are in ``other``."""
    scale, shift = (np.array(topology["transform"][name]) for name in ("scale", "translate"))
    arcs = [np.cumsum(arc, axis=0) * scale + shift for arc in topology["arcs"]]
    shapes: dict[str, str] = {}
    for country in topology["objects"]["countries"]["geometries"]:
        if country.get("id") in LEFT_OUT:
            continue
        name = codes.get(country.get("id"), "other")
        parts = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        path = "".join(_draw_ring(ring, arcs) for part in parts for ring in part)
        shapes[name] = shapes.get(name, "") + path
    return shapes


def _draw_ring(ring: list[int], arcs: list[np.ndarray]) -> str:
    """SVG path of a ring. An arc with a negative number is run backwards."""
    points = np.concatenate([arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring])
    # Chukotka and Fiji lie on both sides of the 180th meridian: draw them in one piece, beyond the edge.
    longitude = np.unwrap(points[:, 0], period=360)
    longitude += 360 * (longitude.mean() < -180) - 360 * (longitude.mean() > 180)
    x, y = (np.round(values, 1) for values in project(longitude, points[:, 1]))
    return "M" + "L".join(f"{a:g},{b:g}" for a, b in zip(x, y, strict=True)) + "Z"


def main(path: Path) -> None:
    """Write ``shapes.json`` beside this file."""
    places = pd.read_csv(HERE / "places.csv", dtype={"id": str})
    shapes = draw_shapes(json.loads(path.read_text()), dict(zip(places["id"], places["iso3"], strict=True)))
    (HERE / "shapes.json").write_text(json.dumps(shapes, sort_keys=True, indent=0) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
