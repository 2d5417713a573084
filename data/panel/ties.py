"""Panels with finer levels of tie to the US: by form, and by distance from it in the network."""

import numpy as np
import pandas as pd
import xarray as xr

from data.alliances.spec import ClaimsSpec
from data.spec import DataSpec
from data.tables.rules import DataError

NONE = "none"
INFORMAL_LEVELS = ("troops", "access", "designation")
"""Ties without a treaty duty, in rising order: US troops, an access agreement, MNNA."""
ALLY_OF_CLIENT = "ally_of_client"


def grade_by_form(panel: xr.Dataset, spec: ClaimsSpec) -> xr.Dataset:
    """Divide the states without a treaty by their informal ties.

    States with a treaty level keep it. Among the others, a designation outranks an access agreement, and
    that outranks troops.

    Parameters
    ----------
    panel : xr.Dataset
        From ``data.load.load_panel``.
    spec : ClaimsSpec
        How many troops make a state a host.

    Returns
    -------
    xr.Dataset
        The panel whose ``guarantee`` has the levels none, troops, access, designation, and the treaty levels
        of the panel's coding.
    """
    formal = [level for level in panel["guarantee"].attrs["levels"] if level not in (NONE, "informal")]
    commitments = panel["commitments"].to_series().str.split("+").apply(set)
    troops = panel["characteristics"].sel(characteristic="troops", drop=True).reset_coords(drop=True)
    has = {
        "troops": (troops >= spec.troops_at_least).to_series().reindex(commitments.index),
        "access": commitments.apply(lambda kinds: "access_agreement" in kinds),
        "designation": commitments.apply(lambda kinds: "mnna" in kinds),
    }
    return _grade(panel, has, formal)


def grade_by_closeness(panel: xr.Dataset, closeness: pd.DataFrame) -> xr.Dataset:
    """Divide the states without a treaty with the US by whether they are allied with one of its clients.

    Parameters
    ----------
    panel : xr.Dataset
        From ``data.load.load_panel``.
    closeness : pd.DataFrame
        closeness.csv.

    Returns
    -------
    xr.Dataset
        The panel whose ``guarantee`` has the levels none, ally_of_client, and those of the panel's coding.

    Raises
    ------
    DataError
        The table lacks a case's covariate year.
    """
    formal = [level for level in panel["guarantee"].attrs["levels"] if level != NONE]
    steps = _by_state(panel, closeness, "steps")
    return _grade(panel, {ALLY_OF_CLIENT: (steps == 2).to_series()}, formal)


def find_owing(panel: xr.Dataset, closeness: pd.DataFrame) -> xr.DataArray:
    """Return whether each partner owes the US defence, (case, state): 1 or 0; NaN where no pact is known."""
    return _by_state(panel, closeness, "owes")


def add_client_ties(panel: xr.Dataset, closeness: pd.DataFrame) -> xr.Dataset:
    """Add the covariate log(1 + ties to clients of the US)."""
    ties = np.log1p(_by_state(panel, closeness, "client_ties").fillna(0.0)).where(panel["included"])
    covariates = panel["covariates_transformed"].reset_coords(drop=True)
    wider = xr.concat(
        [covariates, ties.reset_coords(drop=True).expand_dims(covariate=["client_ties"])], "covariate"
    )
    return panel.drop_dims("covariate").assign(
        covariates_transformed=wider.transpose("case", "state", "covariate")
    )


def _by_state(panel: xr.Dataset, closeness: pd.DataFrame, column: str) -> xr.DataArray:
    """Take a column of closeness.csv in each case's year, as (case, state); NaN for a state without a row."""
    years = [case.covariate_year for case in DataSpec.from_json(panel.attrs["spec"]).cases]
    if missing := sorted(set(years) - set(closeness["year"])):
        raise DataError(
            f"closeness.csv has no year {', '.join(map(str, missing))}; it is built for the main cases"
        )
    wide = closeness.pivot(index="year", columns="iso3", values=column)
    values = wide.reindex(index=years, columns=panel["state"].values).to_numpy(float)
    return xr.DataArray(
        values, {"case": panel["case"].values, "state": panel["state"].values}, ("case", "state")
    )


def _grade(panel: xr.Dataset, has: dict[str, pd.Series], formal: list[str]) -> xr.Dataset:
    """Give each state without a formal level the last new level that it has; drop unused levels."""
    guarantee = panel["guarantee"].to_series().astype(object)
    free = ~guarantee.isin(formal) & (guarantee != "")
    level = guarantee.where(~free, NONE)
    for name, is_so in has.items():
        level[free & is_so.reindex(level.index).fillna(False).astype(bool)] = name
    levels = [NONE, *(name for name in has if (level == name).any()), *formal]
    graded = level.to_xarray().reindex_like(panel["guarantee"]).transpose("case", "state")
    values = graded.values.astype(str)
    return panel.assign(guarantee=(("case", "state"), values, {"levels": levels}))
