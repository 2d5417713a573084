"""Positions of a case's states from the dynamic model, in the form that stage 2 takes."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.store.files import OUTPUT, read_tree
from data.load import DataError

DYNAMIC_FIT = OUTPUT / "dynamic_ideal_points.nc"
"""Where ``sfl dynamic`` stores draws of all positions."""


def read_dynamic_fit() -> xr.DataTree:
    """Read the stored fit of the dynamic model.

    Raises
    ------
    DataError
        If there is none.
    """
    if not DYNAMIC_FIT.is_file():
        raise DataError(f"no fit of the dynamic model at {DYNAMIC_FIT}. To make it: uv run sfl dynamic")
    return read_tree(DYNAMIC_FIT)


def take_case_positions(fit: xr.DataTree, votes: xr.Dataset) -> xr.Dataset:
    """Take each state's position in the last session of a case's window in which it voted.

    Parameters
    ----------
    fit : xr.DataTree
        From ``read_dynamic_fit``.
    votes : xr.Dataset
        Votes of the case, see ``data.load.load_votes``: its states, their regions and its sessions.

    Returns
    -------
    xr.Dataset
        A posterior as from stage 1 of a single window: ``ideal_point`` (chain, draw, state), mean 0 and sd 1
        over the states in every draw; ``region_mean`` and ``region_sd`` (chain, draw, region), from which
        states without a position are drawn. Attributes ``convergence`` and ``model`` of the fit.

    Raises
    ------
    DataError
        If the fit ends before the case's last session.
    """
    draws = fit["posterior"].dataset["ideal_point"]
    label = draws["position"].to_series().str.rsplit("-", n=1, expand=True)
    place = pd.DataFrame({"state": label[0].values, "session": label[1].astype(int).values})
    first, last = int(votes["session"].min()), int(votes["session"].max())
    if place["session"].max() < last:
        raise DataError(
            f"the fit of the dynamic model ends with session {place['session'].max()}, the case with {last}"
        )
    place = place[place["session"].between(first, last) & place["state"].isin(votes["state"].values)]
    latest = place.groupby("state")["session"].idxmax()
    position = draws.isel(position=latest.values).drop_vars("position").rename(position="state")
    position = position.assign_coords(state=latest.index.values)
    position = (position - position.mean("state")) / position.std("state")
    region = ("state", votes["region"].sel(state=position["state"]).values)
    mean = position.assign_coords(region=region).groupby("region").mean("state")
    square = (position - mean.sel(region=xr.DataArray(region[1], dims="state")).drop_vars("region")) ** 2
    groups = square.assign_coords(region=region).groupby("region")
    # One or two states say little about their region's spread: the mean over all states counts as one more.
    sd = np.sqrt((groups.sum("state") + square.mean("state")) / groups.count("state"))
    posterior = {"ideal_point": position, "region_mean": mean, "region_sd": sd}
    return xr.Dataset(posterior, attrs={name: fit.attrs[name] for name in ("convergence", "model")})
