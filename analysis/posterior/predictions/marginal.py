"""Predictions and comparisons for any states and any values of covariates, from a model of joining."""

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np
import xarray as xr

from analysis.posterior.draws import stack
from analysis.posterior.joining import (
    ALL,
    OVERLAP,
    list_groups,
    predict_at_nodes,
    weigh_state_effects,
)
from analysis.posterior.schema.chains import CHAINS, to_chains
from models.exposure import list_exposures, spread_guarantee
from models.panel import PanelData, prepare_panel_data

ALIGNMENT = "alignment"
"""Name of alignment among the values that can be set, in standard deviations of the states' positions."""
TRANSFORMS = {"log": np.log, "log1p": lambda x: np.log1p(np.maximum(x, 0.0)), "none": np.asarray}
"""From natural units to those of the model, as in ``data.spec``."""


def compare_at(
    posterior: xr.Dataset,
    panel: xr.Dataset,
    *,
    level: str | None = None,
    at: Mapping[str, float | Iterable[float]] | None = None,
    states: str | Iterable[str] | None = None,
    by_state: bool = False,
    draws: int | None = None,
    link: str = "logit",
) -> xr.Dataset:
    """Compare a guarantee with none, for chosen states, with some covariates set to chosen values.

    Parameters
    ----------
    posterior : xr.Dataset
        (chain, draw, ...), from ``coalition_total.nc`` or, with alignment, ``coalition_direct.nc``.
    panel : xr.Dataset
        Panel, see ``data.load.load_panel``.
    level : str, optional
        Guarantee level; by default the highest.
    at : mapping, optional
        Values by name of a covariate, in its natural unit (``panel["unit"]``), or by ``alignment``: a number,
        or several, which become a dim. Everything else stays as it is.
    states : str or iterable of str, optional
        iso3 of states, or the name of a group (``all``, ``overlap``, a region); by default ``overlap``: the
        regions in which some states have the level and some have none.
    by_state : bool
        Keep the states apart instead of averaging over them.
    draws : int, optional
        Use about this many draws, evenly spaced; by default all.
    link : str
        Link of the model; see ``models.likelihood.link``.

    Returns
    -------
    xr.Dataset
        (chain, draw, case, *dims of ``at``) and, with ``by_state``, state. ``without``: probability of
        joining without a guarantee; ``given``: with the level; ``difference`` and ``ratio`` of the two.
        Averages over states are taken within draws, given what each state did; ``case`` ends with ``pooled``.
        NaN for a case without such states.

    Raises
    ------
    ValueError
        If a name or a state is unknown, if a value cannot be transformed, if alignment is set and the model
        has none, or if the model has covariates as unknowns.
    """
    data, at = prepare_panel_data(panel, "impute"), dict(at or {})
    check_known(posterior, data)
    grid = {name: np.atleast_1d(np.asarray(value, float)) for name, value in at.items()}
    level = check_level(panel, level)
    members = choose_members(panel, level, states)
    flat = stack(posterior.drop_vars("refit", errors="ignore"), draws)
    own = spread(flat, data)
    exposure = list_exposures(panel).transpose("level", "case", "state").values * data.included
    flat = flat.assign(eta=flat["predictor"] - xr.dot(own, _label(exposure, data), dim="level"))
    weights = weigh_state_effects(flat, panel, link).transpose("node", "sample", "state")
    some = np.flatnonzero(members.any("case").values)
    found = {name: [] for name in ("without", "given")}
    for values in product(*grid.values()):
        eta, effect = set_values(flat, data, panel, dict(zip(grid, values, strict=True)))
        added = (effect.sel(level=level) + xr.zeros_like(eta)).transpose("sample", "case", "state")
        bare = eta.transpose("sample", "case", "state").values[..., some]
        for name, logits in (("without", bare), ("given", bare + added.values[..., some])):
            of_nodes = weights.values[..., some], weights["effect"].values
            found[name].append(predict_at_nodes(logits, *of_nodes, link))
    names = [name for name, value in at.items() if np.ndim(value) > 0]
    shape = [len(grid[name]) for name in names]
    dims = ("sample", "case", "state", *names)
    coords = {"case": data.case, "state": data.state[some]} | {name: grid[name] for name in names}
    kept = members.isel(state=some)
    result = {}
    for name, parts in found.items():
        values = np.stack(parts, -1).reshape(*parts[0].shape, *shape)
        result[name] = xr.DataArray(values, coords, dims).where(kept)
    dataset = xr.Dataset(result)
    if not by_state:
        dataset = dataset.mean("state")
        pooled = dataset.mean("case", skipna=False).expand_dims(case=["pooled"])
        dataset = xr.concat([dataset, pooled], "case")
    dataset["difference"] = dataset["given"] - dataset["without"]
    dataset["ratio"] = dataset["given"] / dataset["without"]
    chains = posterior.sizes["chain"] if draws is None else CHAINS
    dataset = _cut_chains(dataset, chains)
    units = dict(zip(map(str, panel["covariate"].values), map(str, panel["unit"].values), strict=True))
    for name in names:
        dataset[name].attrs["units"] = units.get(name, "standard deviations of states")
    return dataset.assign_attrs(level=level, states=OVERLAP if states is None else str(states))


def check_known(posterior: xr.Dataset, data: PanelData) -> None:
    """Raise ValueError if covariates are unknowns of the model, or alignment has several axes."""
    if data.missing.any() or "covariate_deviation" in posterior:
        raise ValueError("this model has covariates as unknowns; effects need covariates that are known")
    if "axis" in posterior.dims:
        raise ValueError("this model has alignment on several axes; effects take one")


def check_level(panel: xr.Dataset, level: str | None) -> str:
    """Return the level, by default the highest; ValueError if there is none of that name."""
    levels = list(map(str, panel["guarantee"].attrs["levels"][1:]))
    if level is None:
        return levels[-1]
    if level not in levels:
        raise ValueError(f"level = {level!r}; levels of this run: {', '.join(levels)}")
    return level


def choose_members(panel: xr.Dataset, level: str, states: str | Iterable[str] | None) -> xr.DataArray:
    """Return which states count in each case, (case, state), bool; see ``compare_at``."""
    groups = list_groups(panel, level)
    if states is None or (isinstance(states, str) and states in groups["group"].values):
        default = OVERLAP if OVERLAP in groups["group"].values else ALL
        return groups.sel(group=default if states is None else states, drop=True)
    names = [states] if isinstance(states, str) else list(states)
    known = set(map(str, panel["state"].values))
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f"states {unknown}: give iso3 codes, or one of the groups {', '.join(groups['group'].values)}"
        )
    inside = panel["included"].reset_coords(drop=True)
    return inside & xr.DataArray(np.isin(panel["state"].values, names), {"state": panel["state"].values})


def set_values(
    flat: xr.Dataset, data: PanelData, panel: xr.Dataset, values: Mapping[str, float]
) -> tuple[xr.DataArray, xr.DataArray]:
    """Return the predictor without guarantee, and the effect of each level, with values set for all states.

    Parameters
    ----------
    flat : xr.Dataset
        Draws along ``sample``, with ``eta``.
    data : PanelData
    panel : xr.Dataset
    values : mapping of str to float
        In natural units.
    """
    # The module of the model loads a compiler, which whoever only explains a run needs not wait for.
    from models.coalition import compute_eta

    covariates, eta = data.covariates.copy(), flat["eta"]
    names = list(map(str, data.covariate))
    for name, value in values.items():
        if name == ALIGNMENT:
            if "alignment_slope" not in flat:
                raise ValueError("alignment can be set in the model with alignment only: model='direct'")
            eta = compute_eta(flat, data, None) + flat["alignment_slope"] * value
            continue
        if name not in names:
            raise ValueError(f"at has {name!r}; it can have {', '.join([*names, ALIGNMENT])}")
        covariates[..., names.index(name)] = standardise(panel, name, value)
    moved = xr.DataArray(covariates - data.covariates, dims=("case", "state", "covariate"))
    eta = eta + xr.dot(flat["covariate_slope"], moved, dim="covariate")
    return eta, spread(flat, data._replace(covariates=covariates))


def spread(flat: xr.Dataset, data: PanelData) -> xr.DataArray:
    """Return the effect of each level on each state, (sample, case, level) and with interactions (state)."""
    effect = spread_guarantee(flat, data.covariates, data.region_idx)
    return effect.assign_coords(state=data.state) if "state" in effect.dims else effect


def standardise(panel: xr.Dataset, name: str, value: float) -> float:
    """Return a covariate's value, given in its natural unit, in the units of the model."""
    column = panel["covariates_transformed"].sel(covariate=name)
    how = str(panel["transform"].sel(covariate=name).values)
    with np.errstate(divide="ignore", invalid="ignore"):
        transformed = float(TRANSFORMS[how](value))
    if not np.isfinite(transformed):
        raise ValueError(f"{name} = {value} cannot be transformed by {how}")
    sample = column.values[panel["included"].values]
    return (transformed - np.nanmean(sample)) / np.nanstd(sample)


def _label(values: np.ndarray, data: PanelData) -> xr.DataArray:
    coords = {"level": data.level, "case": data.case, "state": data.state}
    return xr.DataArray(values, coords, ("level", "case", "state"))


def _cut_chains(dataset: xr.Dataset, chains: int) -> xr.Dataset:
    """Cut draws along ``sample`` into chains, as they were; into one where their number does not allow it."""
    size = dataset.sizes["sample"]
    if chains == CHAINS or size % chains:
        return to_chains(dataset)
    index = np.arange(size).reshape(chains, -1)
    place = xr.DataArray(index, {"chain": np.arange(chains), "draw": np.arange(size // chains)})
    return dataset.isel(sample=place).transpose("chain", "draw", ...)
