"""Build the panel of the coalition models from coalitions, guarantees, covariates and a DataSpec."""

import difflib
import json

import numpy as np
import pandas as pd
import xarray as xr

from data.spec import COVARIATES, DOSE, MEMBERSHIPS, TIERS, UNSURE, CaseSpec, DataSpec
from data.tables.read import in_force, is_member
from data.tables.rules import DataError


def prepare_panel(
    spec: DataSpec,
    states: pd.DataFrame,
    guarantees: dict[str, pd.DataFrame],
    coalitions: dict[str, pd.DataFrame],
    covariates: dict[str, pd.DataFrame],
) -> xr.Dataset:
    """Build the panel of all cases; see ``data.load.load_panel``.

    ``states`` is states.csv; the other tables are given by the name of the case. ``covariates`` have the
    case's covariate year.
    """
    _check_states(spec, {case.name: _members(case, states) for case in spec.cases})
    cases = [
        _prepare_case(spec, case, states, guarantees[case.name], coalitions[case.name], covariates[case.name])
        for case in spec.cases
    ]
    included = np.array([case["included"] for case in cases])
    # States left out stay as rows that do not count, because panels of one shape share compiled code.
    used = np.any([states["iso3"].isin(_members(case, states)) for case in spec.cases], axis=0)
    names = [name for name, _ in spec.covariates]
    values = np.array([case["covariates"] for case in cases])
    columns = list(COVARIATES)
    transformed = np.stack(
        [_transform(values[..., k], how) for k, (_, how) in enumerate(spec.covariates)], axis=-1
    )
    spread = np.array([case["sd"] for case in cases])
    spread = np.stack(
        [_transform_sd(values[..., k], spread[..., k], how) for k, (_, how) in enumerate(spec.covariates)],
        axis=-1,
    )
    dims = ("case", "state")
    panel = xr.Dataset(
        {
            key: (dims, np.array([case[key] for case in cases]))
            for key in ("joined", "tier", "guarantee", "commitments", "capability_group")
        }
        | {
            "included": (dims, included),
            "covariates": ((*dims, "covariate"), values),
            "covariates_transformed": ((*dims, "covariate"), transformed),
            "covariates_transformed_sd": ((*dims, "covariate"), spread),
            "characteristics": ((*dims, "characteristic"), np.array([case["all"] for case in cases])),
        },
        coords={
            "case": [case.name for case in spec.cases],
            "state": states["iso3"].to_numpy(str),
            "covariate": names,
            "characteristic": columns,
            "label": ("case", [case.label for case in spec.cases]),
            "name": ("state", states["name"].to_numpy(str)),
            "ccode": ("state", states["ccode"].to_numpy(int)),
            "region": ("state", states["region"].to_numpy(str)),
            "subregion": ("state", states["subregion"].to_numpy(str)),
            "transform": ("covariate", [how for _, how in spec.covariates]),
            "unit": (
                "covariate",
                ["0 or 1" if name in MEMBERSHIPS else COVARIATES[name].unit for name in names],
            ),
            "characteristic_unit": ("characteristic", [COVARIATES[name].unit for name in columns]),
        },
    ).isel(state=used)
    _check_logs(panel)
    panel["tier"].attrs["levels"] = list(TIERS)
    panel["capability_group"].attrs["levels"] = [group for group, _ in spec.capability_groups]
    levels = ["none", *(level for level, _ in spec.guarantee_levels)]
    panel["guarantee"].attrs["levels"] = [level for level in levels if level not in spec.levels_left_out]
    for level, kinds in spec.guarantee_levels:
        if DOSE in kinds:
            panel["dose"] = _dose(spec, panel, level)
    return panel.assign_attrs(
        missing_covariates=json.dumps(_missing(panel)),
        left_out=json.dumps(
            {case.name: part["left_out"] for case, part in zip(spec.cases, cases, strict=True)}
        ),
        spec=spec.to_json(),
    )


def _members(case: CaseSpec, states: pd.DataFrame) -> set[str]:
    """Return the UN members at the cut-off without those that the case excludes."""
    return set(states["iso3"][is_member(states, case.votes_until.isoformat())]) - set(case.exclude)


def _prepare_case(
    spec: DataSpec,
    case: CaseSpec,
    states: pd.DataFrame,
    guarantees: pd.DataFrame,
    coalition: pd.DataFrame,
    covariates: pd.DataFrame,
) -> dict:
    """Prepare the columns of one case, in the order of ``states``."""
    iso3 = states["iso3"]
    member = is_member(states, case.votes_until.isoformat())
    seated = iso3.isin(_members(case, states) - set(spec.states_left_out)).to_numpy()
    support = _support(spec, case, coalition, iso3)
    joined = (support == 1).eval(case.joined).to_numpy(float)
    tier = np.zeros(len(iso3))
    for name, columns in case.tiers:
        tier = np.where(support[list(columns)].max(axis=1) == 1, TIERS.index(name), tier)
    rows = covariates[covariates["year"] == case.covariate_year].set_index("iso3").reindex(iso3)
    names = [name for name, _ in spec.covariates]
    values = rows[names].to_numpy(float)
    # A covariate without a published standard deviation has an empty column.
    spread = rows.reindex(columns=[UNSURE.get(name, "") for name in names]).to_numpy(float)
    guarantee, commitments = _guarantee(spec, case, guarantees, rows)
    included = seated & ~np.isin(guarantee, spec.levels_left_out)
    took_part = set(iso3[(joined == 1) | (tier > 0)])
    _check_places(case, states, took_part & set(iso3[~member]))
    _check_joiners(case, joined[included])
    return {
        "included": included,
        "joined": np.where(included, joined, np.nan),
        "tier": np.where(included, tier, np.nan),
        "guarantee": np.where(included, guarantee, ""),
        "commitments": np.where(included, commitments, ""),
        "capability_group": np.where(included, _capability_group(spec, rows["capability"]), ""),
        "covariates": np.where(included[:, None], values, np.nan),
        "sd": np.where(included[:, None], spread, np.nan),
        "all": np.where(included[:, None], rows[list(COVARIATES)].to_numpy(float), np.nan),
        "left_out": {
            state: "excluded by the case" if state in case.exclude else "states_left_out"
            for state in iso3[member & ~seated]
        }
        | {state: f"levels_left_out: {guarantee[n]}" for n, state in iso3[seated & ~included].items()}
        | {
            state: "took part, but was no UN member at the cut-off"
            for state in sorted(took_part & set(iso3[~member]))
        },
    }


def _check_joiners(case: CaseSpec, joined: np.ndarray) -> None:
    """Refuse a case in which all states joined, or none: there is nothing to explain."""
    if joined.size and joined.min() == joined.max():
        raise DataError(
            f"case {case.name}: {'every' if joined[0] else 'no'} state in the panel joined by "
            f"{case.joined!r} of {case.coalition_file}; there is nothing to explain"
        )


def _check_places(case: CaseSpec, states: pd.DataFrame, without: set[str]) -> None:
    """Refuse a coalition with a state that the panel has no place for, unless it is excluded by choice."""
    unknown = sorted(set(case.exclude) - set(states["iso3"]))
    if unknown:
        raise DataError(f"case {case.name}: exclude names {', '.join(unknown)}, not in states.csv")
    lost = sorted(without - set(case.exclude))
    if lost:
        raise DataError(
            f"case {case.name}: {', '.join(lost)} took part by {case.coalition_file}, but held no seat in "
            f"the United Nations on {case.votes_until}, so the panel has no place for it; give the state "
            f"that held the seat, or exclude it: --set 'data.{case.name}.exclude="
            f"{json.dumps([*case.exclude, *lost])}'"
        )


def _support(spec: DataSpec, case: CaseSpec, coalition: pd.DataFrame, iso3: pd.Series) -> pd.DataFrame:
    """Take 0/1 columns of the coalition table for every state and recode the cells in the spec."""
    columns = list(dict.fromkeys([*case.joined_columns, *(c for _, cs in case.tiers for c in cs)]))
    support = coalition.set_index("iso3")[columns].reindex(iso3, fill_value=0)
    for name, state, column, value in spec.recode:
        if name != case.name or column == "guarantee":
            continue
        if column not in columns:
            near = difflib.get_close_matches(column, columns, n=1, cutoff=0.0)[0]
            raise DataError(
                f"recode {name} {state} {column}: not a column that joined or tiers use; nearest: {near!r}"
            )
        if support.loc[state, column] == value:
            raise DataError(f"recode {name} {state} {column} = {value}: no effect, it is {value} already")
        support.loc[state, column] = value
    return support


def _capability_group(spec: DataSpec, capability: pd.Series) -> np.ndarray:
    """Group states by their share of the world's capabilities; empty if it is unknown."""
    names, bounds = zip(*spec.capability_groups, strict=True)
    place = np.searchsorted(bounds, capability.fillna(0.0), side="right") - 1
    return np.where(capability.notna(), np.array(names)[place], "")


def _guarantee(
    spec: DataSpec, case: CaseSpec, guarantees: pd.DataFrame, rows: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Return each state's level and commitments on the case's day; ``rows`` are covariates by iso3."""
    held = in_force(guarantees, case.guarantee_date.isoformat())
    kinds = held.groupby("iso3")["kind"].agg(set).reindex(rows.index)
    kinds = [set() if not isinstance(k, set) else set(k) for k in kinds]
    for has, code, troops in zip(kinds, rows["atop_pact"], rows["troops"], strict=True):
        if code == 1:
            has.add("atop_pact")
        if troops >= spec.host_troops:
            has.add(DOSE)
    level = pd.Series("none", index=rows.index)
    for name, wanted in spec.guarantee_levels:
        level[[bool(has & set(wanted)) for has in kinds]] = name
    for name, state, column, value in spec.recode:
        if name == case.name and column == "guarantee":
            if level[state] == value:
                raise DataError(
                    f"recode {name} {state} guarantee = {value}: no effect, it is {value} already"
                )
            level[state] = value
    return level.to_numpy(str), np.array(["+".join(sorted(has)) for has in kinds])


def _dose(spec: DataSpec, panel: xr.Dataset, level: str) -> xr.DataArray:
    """Scale US troops logarithmically, so that no troops is 0 and the median host is 1.

    A state of a higher level has no dose.

    Raises
    ------
    DataError
        A number of troops is unknown, or there is no host.
    """
    troops = panel["characteristics"].sel(characteristic="troops", drop=True)
    unknown = panel["included"] & troops.isnull()
    if unknown.any():
        names = ", ".join(panel["state"].values[unknown.any("case")])
        raise DataError(f"guarantee_levels: US troops are the dose, but their number is unknown in {names}")
    median = float(troops.where(troops >= spec.host_troops).median())
    if np.isnan(median):
        raise DataError(f"guarantee_levels: no state hosts {spec.host_troops} US troops or more")
    dose = np.log1p(troops / spec.host_troops) / np.log1p(median / spec.host_troops)
    dose = dose.where(panel["guarantee"].isin(["none", level]), 0.0)
    return dose.reset_coords(drop=True).assign_attrs(level=level, median_troops=median)


def _check_states(spec: DataSpec, members: dict[str, set[str]]) -> None:
    """Refuse to recode or leave out a state that no panel has; ``members`` by case name."""
    for case, state, column, value in spec.recode:
        if state not in members[case]:
            raise DataError(f"recode {case} {state} {column} = {value}: not a state in this case's panel")
    for state in spec.states_left_out:
        if not any(state in seated for seated in members.values()):
            raise DataError(f"states_left_out: {state!r} is not a state in the panel of any case")


def _transform(values: np.ndarray, how: str) -> np.ndarray:
    """Transform natural units: ``log``, ``log1p`` of the part above zero, or ``none``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"none": lambda x: x, "log": np.log, "log1p": lambda x: np.log1p(np.maximum(x, 0))}[how](
            values
        )


def _transform_sd(values: np.ndarray, sd: np.ndarray, how: str) -> np.ndarray:
    """Transform standard deviations as ``_transform`` does values; NaN where none is published.

    A logarithm gets the sd of the log of a log-normal variable with the given mean and sd. Where sd / mean is
    small this is sd / mean, the delta method; where it is above 1 the delta method would overstate it.
    """
    if how == "none":
        return sd
    mean = values if how == "log" else 1 + np.maximum(values, 0)
    return np.sqrt(np.log1p((sd / mean) ** 2))


def _check_logs(panel: xr.Dataset) -> None:
    """Refuse the logarithm of a value that is not positive."""
    known = ~np.isnan(panel["covariates"])
    bad = known & ~np.isfinite(panel["covariates_transformed"])
    for name in panel["covariate"][bad.any(("case", "state"))].to_numpy():
        where = panel["state"][bad.sel(covariate=name).any("case")].to_numpy()
        raise DataError(
            f"covariate {name}: logarithm of a value <= 0 for {', '.join(where)}; use 'log1p' or 'none'"
        )


def _missing(panel: xr.Dataset) -> dict[str, dict[str, list[str]]]:
    """List the included states without a value, by case and covariate."""
    absent = np.isnan(panel["covariates"]) & panel["included"]
    return {
        str(case): {
            str(name): panel["state"][absent.sel(case=case, covariate=name)].to_numpy().tolist()
            for name in panel["covariate"].to_numpy()
            if absent.sel(case=case, covariate=name).any()
        }
        for case in panel["case"].to_numpy()
    }
