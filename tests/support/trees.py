"""A small DataTree in the shape of a fit."""

import numpy as np
import xarray as xr


def make_tree():
    posterior = xr.Dataset(
        {"x": (("chain", "draw", "state"), np.arange(12.0).reshape(2, 3, 2))}, {"state": ["A", "B"]}
    )
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs["convergence"] = {"max_rhat": 1.001}
    return tree
