"""Positions of states, and quantities derived from them within draws: alignment, ranks."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import rankdata

from analysis.posterior.draws import count_draws
from analysis.posterior.summaries import summarize_draws
from analysis.variants.sampler import derive_seed
from analysis.variants.variant import FIRST, Variant
from models.panel import centre_alignment
from models.spec import IdealPointSpec

US = "USA"


def compute_alignment(
    ideal_point: xr.DataArray, reference: str, yardstick: str | None = None
) -> xr.DataArray:
    """Compute positions relative to a reference state, within each draw.

    Parameters
    ----------
    ideal_point : xr.DataArray
        (..., state): draws, in standard deviations of the states in the sample.
    reference : str
        iso3 of the state from which alignment is measured.
    yardstick : str, optional
        The state with which the votes were compared. It has no position. With it as the reference, alignment
        is known up to a constant, and the ideal point is returned.

    Returns
    -------
    xr.DataArray
        (..., state), standard deviations. Negative values are further from the upper end than the reference.
        All states share the error of the reference, so posterior sds of two states cannot be combined.

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
    """Rank the states (..., state) within each draw. Rank 1 is at the upper end, where the US votes."""
    ranks = xr.apply_ufunc(
        lambda x: rankdata(-x, axis=-1),
        ideal_point,
        input_core_dims=[["state"]],
        output_core_dims=[["state"]],
    )
    return ranks.transpose(*ideal_point.dims)


def states_without_votes(stage1: dict[str, xr.DataTree], panel: xr.Dataset) -> dict[str, list[str]]:
    """List the states of the panel without a position of their own, by fit; see ``name_fits``."""
    included = {
        name: panel["state"].values[panel["included"].sel(case=name.partition("/")[0]).values]
        for name in stage1
    }
    return {
        name: sorted(set(map(str, included[name])) - set(map(str, tree["posterior"]["state"].values)))
        for name, tree in stage1.items()
    }


def draw_alignment(stage1: dict[str, xr.DataTree], panel: xr.Dataset, variant: Variant) -> xr.DataArray:
    """Draw the alignment of all states for stage 2, up to a constant of each case, axis and draw.

    A state that cast no vote in the window gets, in each draw, a position from its region's distribution in
    that draw. No reference is subtracted: stage 2 centres positions, so a common shift has no effect.

    Parameters
    ----------
    stage1 : dict of str to xr.DataTree
        Fit of each case; with ``axes="issues"`` of each case and issue area, see ``name_fits``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    variant : Variant
        Its axes, number of draws, seed, propagation and priors of stage 1 are used.

    Returns
    -------
    xr.DataArray
        (refit, case, state), and with several axes (refit, case, state, axis); float, standard deviations.
        NaN where a state is not in a case.
    """
    if variant.axes == "one":
        return _draw_axis(stage1, panel, variant)
    by_axis = {}
    for axis in variant.axis_names:
        if variant.axes == "dimensions":
            by_axis[axis] = _draw_axis(stage1, panel, variant, "" if axis == FIRST else f"{axis}_")
        else:
            fits = {case: stage1[f"{case}/{axis}"] for case in map(str, panel["case"].values)}
            by_axis[axis] = _draw_axis(fits, panel, variant, area=axis)
    # Fits of the areas may have different numbers of draws.
    shared = min(draws.sizes["refit"] for draws in by_axis.values())
    parts = [draws.isel(refit=slice(shared)) for draws in by_axis.values()]
    return xr.concat(parts, pd.Index(list(by_axis), name="axis")).transpose("refit", "case", "state", "axis")


def name_fits(variant: Variant, cases: Iterable[str]) -> list[str]:
    """Names of the fits of stage 1: the cases or, with an axis for each issue area, ``case/area``."""
    if variant.axes != "issues":
        return list(cases)
    return [f"{case}/{area}" for case in cases for area in variant.axis_names]


def _draw_axis(
    stage1: dict[str, xr.DataTree], panel: xr.Dataset, variant: Variant, prefix: str = "", area: str = ""
) -> xr.DataArray:
    """Draw alignment (refit, case, state) on one axis, given the fit of each case.

    ``prefix`` is that of the axis's variables in the fits. Axes of one fit are drawn together, those of
    several areas apart.
    """
    missing = states_without_votes(stage1, panel)
    # A single fit of stage 2 can use all draws at no cost. The cases may have different numbers of draws,
    # since a fit that misses a gate is repeated with more.
    shortest = min(count_draws(tree["posterior"].dataset) for tree in stage1.values())
    used = variant.run.stage1_draws if variant.propagation == "draws" else shortest
    names = {f"{prefix}{name}": name for name in ("ideal_point", "region_mean", "region_sd")}
    by_case = []
    for case, tree in stage1.items():
        seed = derive_seed(variant.run.seed, "alignment", case, *([area] if area else []))
        posterior = tree["posterior"].dataset[list(names)].rename(names)
        stacked = posterior.stack(sample=("chain", "draw")).drop_vars(("sample", "chain", "draw"))
        order = np.random.default_rng(seed).permutation(stacked.sizes["sample"])
        draws = stacked.isel(sample=order[:used])
        position = draws["ideal_point"].transpose("sample", "state")
        if missing[case]:
            regions = panel["region"].sel(state=missing[case]).values
            own = derive_seed(seed, prefix) if prefix else seed
            unseen = predict_positions(draws, regions, variant.ideal_point, own)
            unseen = xr.DataArray(unseen, dims=("sample", "state"), coords={"state": missing[case]})
            position = xr.concat([position, unseen], "state")
        by_case.append(position.reindex(state=panel["state"]))
    joined = xr.concat(by_case, pd.Index(list(stage1), name="case"))
    return joined.rename(sample="refit").transpose("refit", "case", "state").where(panel["included"])


def predict_positions(
    posterior: xr.Dataset, regions: np.ndarray, spec: IdealPointSpec, seed: int
) -> np.ndarray:
    """Draw positions of states without votes from their region's distribution, one for each posterior draw.

    Parameters
    ----------
    posterior : xr.Dataset
        ``region_mean`` and ``region_sd``, dims (sample, region).
    regions : np.ndarray
        (state,), str: region of each state to predict.
    spec : IdealPointSpec
        The spec of the fit.
    seed : int
        Seed of numpy's generator.

    Returns
    -------
    np.ndarray
        (sample, state), float, standard deviations of the states of the fit.
    """
    rng = np.random.default_rng(seed)
    names = regions if spec.pooling == "region" else np.full(len(regions), "World")
    mean = posterior["region_mean"].sel(region=names).transpose("sample", "region").values
    sd = posterior["region_sd"].sel(region=names).transpose("sample", "region").values
    noise = (
        rng.normal(size=mean.shape)
        if spec.family == "normal"
        else rng.standard_t(spec.family_df, size=mean.shape)
    )
    return mean + sd * noise


def pair_positions(direct: xr.Dataset, panel: xr.Dataset, alignment: xr.DataArray) -> np.ndarray:
    """Return the positions to which each stage-2 draw was fitted, so that effects combine matching draws.

    Parameters
    ----------
    direct : xr.Dataset
        Posterior of stage 2 with alignment, along ``sample``. It has the coordinate ``refit`` (the stage-1
        draw), or its own ``position`` (sample, case, state), or neither (``plugin``).
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    alignment : xr.DataArray
        (refit, case, state) or (refit, case, state, axis): draws of stage 1.

    Returns
    -------
    np.ndarray
        (sample, case, state) or (sample, case, state, axis), centred within each case, standard deviations.
    """
    if "position" in direct:
        return direct["position"].transpose("sample", "case", "state").values
    positions = centre_alignment(panel, alignment)
    if "refit" in direct.coords:
        return positions[direct["refit"].values]
    return np.broadcast_to(positions.mean(0), (direct.sizes["sample"], *positions.shape[1:]))


def summarize_positions(
    stage1: dict[str, xr.DataTree], votes: dict[str, xr.Dataset], reference: str
) -> pd.DataFrame:
    """Summarize positions, alignment and ranks of the states in all cases.

    Parameters
    ----------
    stage1 : dict of str to xr.DataTree
        Fit of each case, or of each case and issue area; see ``name_fits``.
    votes : dict of str to xr.Dataset
        Votes by case, see ``data.load.load_votes``.
    reference : str
        iso3 of the state from which alignment is measured.

    Returns
    -------
    pd.DataFrame
        ``case, state, quantity`` (ideal_point, alignment, rank), ``mean, sd, lower, upper``. On a second axis
        or in an issue area the quantity ends with its name, as in ``alignment_second``.
    """
    tables = []
    for name, tree in stage1.items():
        case, _, area = name.partition("/")
        posterior = tree["posterior"].dataset
        axes = {f"_{area}" if area else "": posterior["ideal_point"]}
        if "second_ideal_point" in posterior:
            axes["_second"] = posterior["second_ideal_point"]
        # Tallies count votes with and against the US. The US then has no position of its own.
        yardstick = US if votes[case]["response"].values[-1] == "with" else None
        for suffix, ideal_point in axes.items():
            quantities = {
                "ideal_point": ideal_point,
                "alignment": compute_alignment(ideal_point, reference, yardstick),
                "rank": compute_rank(ideal_point),
            }
            for quantity, draws in quantities.items():
                table = summarize_draws(draws, ("chain", "draw"))
                table.insert(0, "case", case)
                table.insert(2, "quantity", quantity + suffix)
                tables.append(table)
    return pd.concat(tables, ignore_index=True)
