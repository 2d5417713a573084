"""What tests of the store share: a small fit, and hashes of code that see edited files."""

import numpy as np
import xarray as xr

from analysis.store import code


def make_tree():
    posterior = xr.Dataset(
        {"x": (("chain", "draw", "state"), np.arange(12.0).reshape(2, 3, 2))}, {"state": ["A", "B"]}
    )
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs["convergence"] = {"max_rhat": 1.001}
    return tree


def forget_sources() -> None:
    """Forget what was read of the project's source files in this process."""
    for kept in vars(code).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
