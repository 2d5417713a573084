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
from data.alliances.duties import PACTS, find_owing, measure_duties
from data.alliances.dyads import load_capabilities, load_dyads
from data.alliances.network import measure_closeness, measure_network
from data.alliances.spec import ALTERNATIVES, ClaimsSpec
from data.spec import DataSpec
from data.tables.read import load_states, read_table, write_table
from data.tables.rules import validate_codes, validate_range, validate_unique

ALLIANCES_DIR = Path(__file__).parent
MAIN_CODING = "main"

PERIODS = ("earlier", "later", "earlier_random", "later_random")
"""Columns of codings.csv: share of hegemonic alliances in both periods, and the same at random."""

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
        "hegemonic_random",
    ),
    "codings.csv": ("coding", *PERIODS),
    "duties.csv": (
        "year",
        "pacts",
        "n",
        "protector_owes_more",
        "partner_owes_more",
        "only_protector_defends",
        "only_partner_defends",
        "partner_joins",
        "protector_joins",
        "partner_consults",
    ),
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
        "density_random",
    ),
    "closeness.csv": ("iso3", "year", "steps", "client_ties", "owes"),
}
_KEYS = {
    "balance.csv": ("year", "scope", "weight"),
    "codings.csv": ("coding",),
    "duties.csv": ("year", "pacts"),
    "accessions.csv": ("year", "ccode"),
    "network.csv": ("year", "theatre"),
    "closeness.csv": ("iso3", "year"),
}
_NO_SHARES = {
    *("year", "scope", "weight", "pacts", "theatre", "coding", "ccode", "name", "iso3"),
    *("n", "clients", "ties", "steps", "client_ties"),
    *("median_ratio", "balance_without", "balance_with"),
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
    balance = {
        name: summarize_balance(groups[coding.capability], capabilities, coding)
        for name, coding in codings.items()
    }
    states = load_states()
    names = states.drop_duplicates("ccode", keep="last").set_index("ccode")
    accessions = measure_accessions(dyads, capabilities, spec)
    accessions.insert(2, "name", accessions["ccode"].map(names["name"]))
    years = tuple(case.covariate_year for case in DataSpec().cases)
    closeness = measure_closeness(dyads, years)
    closeness.insert(0, "iso3", closeness["ccode"].map(names["iso3"]))
    closeness = closeness.join(find_owing(dyads).astype(int), on=["year", "ccode"])
    tables = {
        "balance.csv": balance[MAIN_CODING],
        "codings.csv": pd.DataFrame(
            [{"coding": name, **compare_periods(coding, balance[name])} for name, coding in codings.items()]
        ),
        "duties.csv": measure_duties(dyads, capabilities, spec),
        "accessions.csv": accessions,
        "network.csv": measure_network(dyads, capabilities, spec),
        "closeness.csv": closeness.dropna(subset="iso3").sort_values(["iso3", "year"]),
    }
    return [
        write_table(tables[file][list(columns)], Path(target_dir) / file)
        for file, columns in _COLUMNS.items()
    ]


def compare_periods(spec: ClaimsSpec, balance: pd.DataFrame) -> dict[str, float]:
    """Average the share of hegemonic alliances, and its value at random, over the years of both periods.

    Returns
    -------
    dict
        ``PERIODS``, 0 to 1; NaN where there is no value at random.
    """
    chosen = balance[(balance["scope"] == spec.scope) & (balance["weight"] == spec.weight)]
    for first, last in spec.left_out:
        chosen = chosen[~chosen["year"].between(first, last)]
    means = {
        period: chosen[chosen["year"].between(*years)][["hegemonic", "hegemonic_random"]].mean(skipna=False)
        for period, years in (("earlier", spec.earlier), ("later", spec.later))
    }
    values = [means[period][column] for column in means["later"].index for period in means]
    return dict(zip(PERIODS, values, strict=True))


def load_alliances(name: str, folder: Path = ALLIANCES_DIR) -> pd.DataFrame:
    """Read and check one of ``TABLES``.

    Raises
    ------
    DataError
        The table breaks a rule.
    """
    table = read_table(folder / name, _COLUMNS[name])
    validate_unique(table, _KEYS[name], name)
    for column, allowed in (("scope", SCOPES), ("weight", WEIGHTS), ("pacts", PACTS)):
        if column in table.columns:
            validate_codes(table, column, allowed, name)
    for column in set(table.columns) - _NO_SHARES:
        validate_range(table, column, 0, 1, name)
    return table
