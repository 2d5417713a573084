"""Build and read the shipped tables on alliances; the pairs of states behind them do not ship."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from data.alliances.balance import (
    SCOPES,
    TYPES,
    WEIGHTS,
    measure_accessions,
    measure_groups,
    summarize_balance,
)
from data.alliances.dyads import load_capabilities, load_dyads
from data.alliances.network import measure_closeness, measure_network
from data.alliances.spec import ALTERNATIVES, ClaimsSpec
from data.spec import DataSpec
from data.tables.read import load_states, read_table, write_table
from data.tables.rules import validate_codes, validate_range, validate_unique

ALLIANCES_DIR = Path(__file__).parent
MAIN_CODING = "main"

_COLUMNS = {
    "balance.csv": (
        "year",
        "scope",
        "weight",
        "n",
        *TYPES,
        "median_ratio",
        "leader_share",
        "gini",
        "one_way",
    ),
    "codings.csv": ("coding", "scope", "weight", "type", "first", "last"),
    "accessions.csv": ("year", "ccode", "name", "added_share", "balance_without", "balance_with"),
    "network.csv": (
        "year",
        "theatre",
        "clients",
        "ties",
        "hub_share",
        "centralisation",
        "density",
        "clustering",
    ),
    "closeness.csv": ("iso3", "year", "steps", "client_ties"),
}
_KEYS = {
    "balance.csv": ("year", "scope", "weight"),
    "codings.csv": ("coding", "scope", "weight", "type"),
    "accessions.csv": ("year", "ccode"),
    "network.csv": ("year", "theatre"),
    "closeness.csv": ("iso3", "year"),
}
TABLES = tuple(_COLUMNS)
"""Names of the tables in this folder."""


def build_alliances(target_dir: Path, shared_dir: Path) -> list[Path]:
    """Write ``TABLES`` under the main coding; codings.csv compares the other codings.

    See ``data.build.build_shipped``.
    """
    dyads, capabilities, spec = load_dyads(shared_dir), load_capabilities(shared_dir), ClaimsSpec()
    codings = {MAIN_CODING: spec} | ALTERNATIVES["asymmetry"]
    groups = {
        measure: measure_groups(dyads, capabilities, replace(spec, capability=measure))
        for measure in {coding.capability: None for coding in codings.values()}
    }
    balance = {name: summarize_balance(groups[coding.capability], coding) for name, coding in codings.items()}
    states = load_states()
    names = states.drop_duplicates("ccode", keep="last").set_index("ccode")
    accessions = measure_accessions(dyads, capabilities, spec)
    accessions.insert(2, "name", accessions["ccode"].map(names["name"]))
    years = tuple(case.covariate_year for case in DataSpec().cases)
    closeness = measure_closeness(dyads, years)
    closeness.insert(0, "iso3", closeness["ccode"].map(names["iso3"]))
    tables = {
        "balance.csv": balance[MAIN_CODING],
        "codings.csv": pd.concat(
            [compare_epochs(coding, balance[name]).assign(coding=name) for name, coding in codings.items()]
        ),
        "accessions.csv": accessions,
        "network.csv": measure_network(dyads, spec),
        "closeness.csv": closeness.dropna(subset="iso3").sort_values(["iso3", "year"]),
    }
    return [
        write_table(tables[file][list(columns)], Path(target_dir) / file)
        for file, columns in _COLUMNS.items()
    ]


def compare_epochs(spec: ClaimsSpec, balance: pd.DataFrame) -> pd.DataFrame:
    """Average the share of each type of alliance over the first and the last years.

    Returns
    -------
    pd.DataFrame
        ``scope, weight, type, first, last`` (shares, 0 to 1).
    """
    long = balance.melt(["year", "scope", "weight"], list(TYPES), "type", "share")
    parts = {
        "first": long["year"] < spec.first_year + spec.epoch_years,
        "last": long["year"] > spec.last_year - spec.epoch_years,
    }
    means = {
        name: long[rows].groupby(["scope", "weight", "type"])["share"].mean() for name, rows in parts.items()
    }
    return pd.DataFrame(means).reset_index()


def load_alliances(name: str, folder: Path = ALLIANCES_DIR) -> pd.DataFrame:
    """Read and check one of ``TABLES``.

    Raises
    ------
    DataError
        The table breaks a rule.
    """
    table = read_table(folder / name, _COLUMNS[name])
    validate_unique(table, _KEYS[name], name)
    for column, allowed in (("scope", SCOPES), ("weight", WEIGHTS), ("type", TYPES)):
        if column in table.columns:
            validate_codes(table, column, allowed, name)
    shares = (*TYPES, "leader_share", "gini", "one_way", "first", "last", "added_share", "hub_share")
    for column in {*shares, "centralisation", "density", "clustering"} & set(table.columns):
        validate_range(table, column, 0, 1, name)
    return table
