"""Who could have had a guarantee: regions that overlap, and how likely each state was to have it."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from analysis.posterior.joining import find_overlap
from models.panel import prepare_panel_data
from models.weighting import fit_ridge


def describe_overlap(panel: xr.Dataset) -> pd.DataFrame:
    """Describe who has the highest level of guarantee, and who is comparable.

    Parameters
    ----------
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.

    Returns
    -------
    pd.DataFrame
        A row for each state-case of the sample: ``case, state, region, level, overlap`` (bool: its region
        has states with the highest level and states with none) and ``propensity``: probability of the highest
        level rather than none, given covariates and region; NaN outside the overlap and for other levels.
    """
    reference, *_, highest = panel["guarantee"].attrs["levels"]
    data, overlap = prepare_panel_data(panel, "impute"), find_overlap(panel)
    tables = []
    for number, case in enumerate(panel["case"].values):
        of_case = panel.sel(case=case)
        included, level = of_case["included"].values, of_case["guarantee"].values
        inside = overlap.sel(case=case).values
        compared = inside & np.isin(level, (reference, highest))
        propensity = np.full(len(level), np.nan)
        regions = np.eye(len(data.region))[data.region_idx]
        design = np.column_stack([data.covariates[number], regions])[compared]
        propensity[compared] = fit_propensity(design, level[compared] == highest)
        columns = {"state": panel["state"].values, "region": panel["region"].values, "level": level}
        table = pd.DataFrame(columns | {"overlap": inside, "propensity": propensity})
        tables.append(table[included].assign(case=str(case)))
    return pd.concat(tables, ignore_index=True)[["case", "state", "region", "level", "overlap", "propensity"]]


def fit_propensity(design: np.ndarray, has_level: np.ndarray) -> np.ndarray:
    """Return the probability of having the level, (state,), from a logistic regression with a ridge.

    ``design`` is (state, column), without an intercept; ``has_level`` is (state,), bool.
    """
    if not len(has_level):
        return np.zeros(0)
    columns = np.column_stack([np.ones(len(design)), design])
    return expit(columns @ fit_ridge(columns, has_level.astype(float), np.ones((1, len(columns))))[0])
