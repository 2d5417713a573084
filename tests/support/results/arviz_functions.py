"""Every usual function of ArviZ on a file of results, as it comes."""

from pathlib import Path

import arviz as az
import matplotlib.pyplot as plt
import numpy as np


def use_every_function(path: Path, few: str) -> None:
    """Call the functions that users call first. ``few`` is a variable with few components, for plots.

    Raises
    ------
    AssertionError
        If a function gives nothing, or a number is missing.
    """
    tree = az.from_netcdf(path)
    table = az.summary(tree)
    assert len(table) > 10, path.name
    assert table.notna().all().all(), path.name
    assert np.isfinite(az.loo(tree, pointwise=True).elpd), path.name
    assert sorted(az.compare({"one": tree, "two": tree}).index) == ["one", "two"], path.name
    assert len(az.psense_summary(tree)) == len(table), path.name
    plots = [
        lambda: az.plot_forest(tree, var_names=[few]),
        lambda: az.plot_ppc_dist(tree),
        lambda: az.plot_loo_pit(tree),
        lambda: az.plot_rank(tree, var_names=[few]),
    ]
    if "prior_predictive" in tree.children:
        plots.append(lambda: az.plot_ppc_dist(tree, group="prior_predictive"))
    for plot in plots:
        assert plot() is not None, path.name
        plt.close("all")
