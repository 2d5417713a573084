"""Agreement of each state with the acting power before the act, from fits of stage 1."""

import numpy as np
import xarray as xr

from analysis.posterior.draws import stack
from analysis.variants.sampler import derive_seed


def measure_agreement(acts: xr.Dataset, fits: dict[int, xr.DataTree], seed: int) -> xr.Dataset:
    """Measure agreement: minus the distance between the positions of state and power.

    Parameters
    ----------
    acts : xr.Dataset
        From ``data.acts.prepare.prepare_acts``.
    fits : dict of int to xr.DataTree
        Stage 1 by last session of its window: ``ideal_point`` (state), ``region_mean`` and ``region_sd``
        (region).
    seed : int
        For states without a vote in the window, whose positions are drawn from their region's distribution.

    Returns
    -------
    xr.Dataset
        ``mean`` and ``sd`` (act, state), standard deviations of the states of the window; posterior mean and
        standard deviation.

    Raises
    ------
    ValueError
        If a power has no position in a window.
    """
    state, region = acts["state"].values.astype(str), acts["region"].values.astype(str)
    mean, sd = (np.zeros((acts.sizes["act"], len(state))) for _ in range(2))
    for last in np.unique(acts["window"].values):
        posterior = stack(fits[int(last)]["posterior"].dataset)
        known = posterior["ideal_point"]["state"].values.astype(str)
        there = np.isin(state, known)
        rng = np.random.default_rng(derive_seed(seed, "agreement", int(last)))
        drawn = np.zeros((posterior.sizes["sample"], len(state)))
        own = posterior["ideal_point"].transpose("sample", "state")
        drawn[:, there] = own.sel(state=state[there]).values
        regions = list(posterior["region_mean"]["region"].values.astype(str))
        places = [regions.index(place) if place in regions else 0 for place in region[~there]]
        centre, spread = (
            posterior[name].transpose("sample", "region").values[:, places]
            for name in ("region_mean", "region_sd")
        )
        drawn[:, ~there] = centre + spread * rng.normal(size=centre.shape)
        for act in np.flatnonzero(acts["window"].values == last):
            power = str(acts["power"].values[act])
            if power not in known:
                raise ValueError(f"{acts['act'].values[act]}: {power} cast no vote up to session {last}")
            agreement = -np.abs(drawn - own.sel(state=power).values[:, None])
            mean[act], sd[act] = agreement.mean(0), agreement.std(0, ddof=1)
    return xr.Dataset(
        {"mean": (("act", "state"), mean), "sd": (("act", "state"), sd)},
        {"act": acts["act"].values, "state": state},
    )
