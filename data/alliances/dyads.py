"""Read and check defence obligations and capabilities, and find alliances from pairs of states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data.alliances.spec import ClaimsSpec
from data.tables.read import read_parquet
from data.tables.rules import (
    DataError,
    validate_codes,
    validate_columns,
    validate_complete,
    validate_not_empty,
    validate_range,
    validate_unique,
)

if TYPE_CHECKING:
    import networkx as nx

DYADS_FILES = ("atop_defense_dyads_1815_1945.parquet", "atop_defense_dyads.parquet")
CAPABILITIES_FILES = ("capabilities_1816_1945.parquet", "capabilities_1946_2022.parquet")

DUTIES = {"bound": "atop_defense", "offence": "atop_offense", "consult": "atop_consul"}
"""Kinds of duty that a state may owe another, by our name and the column of the source."""

SAME_STATE = {260: 255}
"""The Federal Republic of Germany has its own code until 1990, but is the same ally as Germany."""


def load_dyads(folder: Path) -> pd.DataFrame:
    """Read the defence obligations, one row per pair of states and year.

    Rows of the source are directed, and an obligation may be one-way: the US must defend Japan, but not the
    reverse. A pair is allied if either is bound.

    Parameters
    ----------
    folder : Path
        Folder with ``DYADS_FILES``.

    Returns
    -------
    pd.DataFrame
        ``year, a, b`` (Correlates of War codes, a < b), sorted; ``a_bound, b_bound`` (bool: bound to defend
        the other), ``a_offence, b_offence`` (to join its attacks), ``a_consult, b_consult`` (to consult it).
        Obligations count from their signature. Duties beside defence are known of a side that owes defence
        only: the source has no other rows.

    Raises
    ------
    DataError
        A file is missing or breaks a rule.
    """
    table = pd.concat([_read_dyads(Path(folder) / name) for name in DYADS_FILES], ignore_index=True)
    one, two = table["ccode1"].to_numpy(int), table["ccode2"].to_numpy(int)
    pairs = {"year": table["year"].to_numpy(int), "a": np.minimum(one, two), "b": np.maximum(one, two)}
    for duty, column in DUTIES.items():
        owed = table[column].to_numpy() == 1
        pairs |= {f"a_{duty}": owed & (one < two), f"b_{duty}": owed & (one > two)}
    return pd.DataFrame(pairs).groupby(["year", "a", "b"], as_index=False, sort=True).max()


def _read_dyads(path: Path) -> pd.DataFrame:
    """Read and check the directed obligations of one file, those of defence only."""
    table = read_parquet(path)
    key = ["ccode1", "ccode2", "year"]
    validate_columns(table, [*key, *DUTIES.values()], path.name)
    validate_not_empty(table, path.name)
    validate_unique(table, key, path.name)
    for column in DUTIES.values():
        validate_codes(table, column, (0, 1), path.name)
    table = table[table["atop_defense"] == 1]
    table = table.replace({"ccode1": SAME_STATE, "ccode2": SAME_STATE})
    same = table[table["ccode1"] == table["ccode2"]]
    if len(same):
        raise DataError(f"{path.name}: a state allied with itself: ccode {same['ccode1'].iloc[0]}")
    return table


def load_capabilities(folder: Path) -> pd.DataFrame:
    """Read the capabilities of states, one row per state and year.

    Returns
    -------
    pd.DataFrame
        Index (ccode, year); ``cinc`` (share of the world, 0 to 1), ``milex`` (thousand US dollars) and
        ``milper`` (thousand persons), NaN where unknown.
    """
    parts = [_read_capabilities(Path(folder) / name) for name in CAPABILITIES_FILES]
    return pd.concat(parts).sort_index()


def _read_capabilities(path: Path) -> pd.DataFrame:
    table = read_parquet(path)
    key = ["ccode", "year"]
    validate_columns(table, [*key, "cinc", "milex", "milper"], path.name)
    validate_not_empty(table, path.name)
    validate_complete(table, key, path.name)
    validate_unique(table, key, path.name)
    validate_range(table, "cinc", 0, 1, path.name)
    # In the year of unification both codes have a row; the remaining code counts.
    table = table.assign(old=table["ccode"].isin(SAME_STATE)).replace({"ccode": SAME_STATE})
    table = table.sort_values([*key, "old"]).drop_duplicates(key)
    return table.set_index(key)[["cinc", "milex", "milper"]].astype(float)


def select_capability(capabilities: pd.DataFrame, year: int, spec: ClaimsSpec) -> pd.Series:
    """Select the capabilities of a year by state, without states whose value is unknown or zero."""
    values = capabilities.xs(year, level="year")[spec.capability]
    return values[values > 0]


def build_graph(dyads: pd.DataFrame, year: int) -> nx.Graph:
    """Build the network of defence obligations of a year, with an edge if either state is bound."""
    import networkx as nx  # slow to import, and most runs need no graph

    rows = dyads[dyads["year"] == year]
    return nx.Graph(zip(rows["a"], rows["b"], strict=True))


def find_alliances(graph: nx.Graph) -> list[tuple[int, ...]]:
    """Find alliances: the largest groups in which all states are allied with each other.

    The source has pairs, not treaties. All members of a treaty are allied with each other, so NATO, the Rio
    Treaty and the Arab League are maximal cliques (Bron and Kerbosch 1973), and a bilateral treaty outside
    them is a clique of two. A treaty inside another (US-Canada inside NATO) is not found separately. Two
    overlapping treaties may make a third group, of the states in both and their common allies.

    Returns
    -------
    list of tuple of int
        Members by Correlates of War code, sorted.
    """
    import networkx as nx

    return sorted(tuple(sorted(map(int, members))) for members in nx.find_cliques(graph))
