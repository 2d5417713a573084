"""Load who joined, and what may explain it."""

import json
from pathlib import Path

import pandas as pd
import xarray as xr

from data.panel.covariates import add_memberships, load_further_covariates
from data.panel.own import load_case_guarantees, load_own_covariates
from data.panel.prepare import prepare_panel
from data.spec import MEMBERSHIPS, DataSpec
from data.tables.once import (
    BLOCS,
    COVARIATES,
    GUARANTEES,
    STATES,
    hash_file,
    read_blocs,
    read_coalition,
    read_covariates,
    read_states,
)
from data.tables.read import coalition_path


def load_panel(spec: DataSpec, path: Path | str | None = None) -> xr.Dataset:
    """Load who joined and what may explain it, for all cases of the spec.

    Parameters
    ----------
    spec : DataSpec
        Coding choices.
    path : Path or str, optional
        File or folder of the roll calls; see ``find_rollcalls``. state_year.parquet is looked for beside it.

    Returns
    -------
    xr.Dataset
        Over (case, state): ``included`` (bool); ``joined`` (float 0/1); ``tier`` (float 0 to 3, names in
        ``attrs["levels"]``); ``guarantee`` (str, levels in rising order in ``attrs["levels"]``);
        ``commitments`` (str, all kinds in force joined by ``+``); ``capability_group`` (str). Rows that are
        not included are NaN or empty. States are the UN members at the cases' cut-offs, without those that
        the cases exclude.

        Over (case, state, covariate): ``covariates`` in natural units (coord ``unit``) and
        ``covariates_transformed`` (coord ``transform``); unknown values are NaN and listed in
        ``attrs["missing_covariates"]`` (JSON: case, covariate, iso3s). ``covariates_transformed_sd`` is the
        standard deviation of ``covariates_transformed`` that its source publishes; NaN without one.

        Over (case, state, characteristic): ``characteristics``, every column of covariates.csv in natural
        units, to group or describe states.

        Coords: case with label; state (iso3) with name, ccode, region, subregion (M49). Attrs: sha256 (JSON,
        by file), left_out (JSON: case, iso3, reason), spec (JSON).

    Raises
    ------
    DataError
        A table breaks a rule, a recode or an omitted state has no effect, a joiner has no place in the panel,
        nobody or everybody joined, or no table has the covariates or the guarantees of a case.
    """
    states = read_states()
    coalitions = {case.name: read_coalition(case) for case in spec.cases}
    files = [STATES, GUARANTEES, COVARIATES, *(coalition_path(case) for case in spec.cases)]
    covariates, more = _load_covariates(spec, states, path)
    guarantees = {}
    for case in spec.cases:
        guarantees[case.name], file = load_case_guarantees(case)
        more += [file] if file else []
    panel = prepare_panel(spec, states, guarantees, coalitions, covariates)
    hashes = {file.name: hash_file(file) for file in [*files, *more]}
    return panel.assign_attrs(sha256=json.dumps(hashes, sort_keys=True))


def _load_covariates(
    spec: DataSpec, states: pd.DataFrame, path: Path | str | None
) -> tuple[dict[str, pd.DataFrame], list[Path]]:
    """Load the covariates of each case; returns the tables by case, and files besides covariates.csv."""
    table, files = read_covariates(), []
    years = {case.covariate_year for case in spec.cases if not case.covariate_file}
    if further := sorted(years - set(table["year"])):
        more, file = load_further_covariates(states, further, path)
        table = pd.concat([table, more], ignore_index=True)
        files.append(file)
    tables = dict.fromkeys((case.name for case in spec.cases), table)
    for case in spec.cases:
        if case.covariate_file:
            tables[case.name], file = load_own_covariates(case, spec, states)
            files.append(file)
    if set(MEMBERSHIPS) & {name for name, _ in spec.covariates}:
        tables = {name: add_memberships(given, read_blocs()) for name, given in tables.items()}
        files.append(BLOCS)
    return tables, files
