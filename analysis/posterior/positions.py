"""Positions of states and what is made of them within draws: alignment, ranks, pairs with stage 2."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

from analysis.posterior.draws import count_draws
from analysis.posterior.summaries import summarize_draws
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import Variant
from models.ideal_point import predict_positions
from models.missing import IMPUTED
from models.panel import centre_alignment


def compute_alignment(
    ideal_point: xr.DataArray, reference: str, yardstick: str | None = None
) -> xr.DataArray:
    """Position relative to a reference state, the difference taken within each draw.

    Parameters
    ----------
    ideal_point : xr.DataArray
        Draws; one dim is ``state``. Standard deviations of the states in the sample.
    reference : str
        iso3 of the state from which alignment is measured.
    yardstick : str, optional
        The state that the responses were counted against, which has no position of its own. With it as
        the reference, alignment is known up to a constant, and the ideal point is returned.

    Returns
    -------
    xr.DataArray
        As ``ideal_point``; negative: further from the upper end than the reference. Posterior sd of two
        states must not be combined to get it: the reference's own error is shared by all states.

    Raises
    ------
    ValueError
        If the reference is neither a state of the sample nor the yardstick.
    """
    if reference in ideal_point["state"].values:
        return ideal_point - ideal_point.sel(state=reference, drop=True)
    if reference == yardstick:
        return ideal_point
    raise ValueError(
        f"reference {reference!r} has no position; states with one: "
        + ", ".join(map(str, ideal_point["state"].values[:12]))
        + ", ..."
    )


def compute_rank(ideal_point: xr.DataArray) -> xr.DataArray:
    """Rank of each state within each draw, 1 = at the upper end, where the US votes."""
    ranks = xr.apply_ufunc(
        lambda x: rankdata(-x, axis=-1),
        ideal_point,
        input_core_dims=[["state"]],
        output_core_dims=[["state"]],
    )
    return ranks.transpose(*ideal_point.dims)


def states_without_votes(stage1: dict[str, xr.DataTree], panel: xr.Dataset) -> dict[str, list[str]]:
    """States of the panel that have no position of their own, by case."""
    included = {case: panel["state"].values[panel["included"].sel(case=case).values] for case in stage1}
    return {
        case: sorted(set(map(str, included[case])) - set(map(str, tree["posterior"]["state"].values)))
        for case, tree in stage1.items()
    }


def draw_alignment(stage1: dict[str, xr.DataTree], panel: xr.Dataset, variant: Variant) -> xr.DataArray:
    """Joint draws of all states' alignment for stage 2, up to a constant of each case and draw.

    States that cast no vote in the window get, in each draw, a position drawn from their region's
    distribution in that draw: the hierarchical model's own answer, with all its uncertainty. No reference
    is taken off: stage 2 centres the positions of a case, and a shift common to all has no part in it.

    Parameters
    ----------
    stage1 : dict of str to xr.DataTree
        Fit of each case.
    panel : xr.Dataset
        The contract's panel.
    variant : Variant
        Number of draws, seed, propagation, priors of stage 1.

    Returns
    -------
    xr.DataArray
        (refit, case, state), float, standard deviations; NaN where a state is not in a case.
    """
    missing = states_without_votes(stage1, panel)
    # All draws at once cost nothing more where stage 2 is fitted once. A case whose fit had to be made longer
    # has more of them than the other.
    shortest = min(count_draws(tree["posterior"].dataset) for tree in stage1.values())
    used = variant.run.stage1_draws if variant.propagation == "draws" else shortest
    by_case = []
    for case, tree in stage1.items():
        seed = derive_seed(variant.run.seed, "alignment", case)
        posterior = tree["posterior"].dataset[["ideal_point", "region_mean", "region_sd"]]
        stacked = posterior.stack(sample=("chain", "draw")).drop_vars(("sample", "chain", "draw"))
        order = np.random.default_rng(seed).permutation(stacked.sizes["sample"])
        draws = stacked.isel(sample=order[:used])
        position = draws["ideal_point"].transpose("sample", "state")
        if missing[case]:
            regions = panel["region"].sel(state=missing[case]).values
            unseen = predict_positions(draws, regions, variant.ideal_point, seed)
            unseen = xr.DataArray(unseen, dims=("sample", "state"), coords={"state": missing[case]})
            position = xr.concat([position, unseen], "state")
        by_case.append(position.reindex(state=panel["state"]))
    joined = xr.concat(by_case, pd.Index(list(stage1), name="case"))
    return joined.rename(sample="refit").transpose("refit", "case", "state").where(panel["included"])


def pair_positions(direct: xr.Dataset, panel: xr.Dataset, alignment: xr.DataArray) -> np.ndarray:
    """Positions to which each draw of stage 2 belongs: what comes of both stages then fits together.

    Parameters
    ----------
    direct : xr.Dataset
        Posterior of stage 2 with alignment, along ``sample``: with the coordinate ``refit`` (which draw of
        stage 1 it was fitted to), with ``position`` (case, state) of its own, or neither (``plugin``).
    panel : xr.Dataset
        The contract's panel.
    alignment : xr.DataArray
        (refit, case, state): the draws of stage 1.

    Returns
    -------
    np.ndarray
        (sample, case, state), centred within each case.
    """
    if "position" in direct:
        return direct["position"].transpose("sample", "case", "state").values
    positions = centre_alignment(panel, alignment)
    if "refit" in direct.coords:
        return positions[direct["refit"].values]
    return np.broadcast_to(positions.mean(0), (direct.sizes["sample"], *positions.shape[1:]))


def find_imputed(direct: xr.Dataset) -> np.ndarray | None:
    """Draws (sample, missing) of the covariates that states lack, where the model of joining has any."""
    return direct[IMPUTED].transpose("sample", "missing").values if IMPUTED in direct else None


def summarize_ideal_points(
    posterior: xr.Dataset, case: str, reference: str, yardstick: str | None
) -> pd.DataFrame:
    """Positions, alignment and ranks of the states of one case.

    Returns
    -------
    pd.DataFrame
        ``case, state, quantity`` (ideal_point, alignment, rank), ``mean, sd, lower, upper``.
    """
    ideal_point = posterior["ideal_point"]
    quantities = {
        "ideal_point": ideal_point,
        "alignment": compute_alignment(ideal_point, reference, yardstick),
        "rank": compute_rank(ideal_point),
    }
    tables = []
    for quantity, draws in quantities.items():
        table = summarize_draws(draws, ("chain", "draw"))
        table.insert(0, "case", case)
        table.insert(2, "quantity", quantity)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
