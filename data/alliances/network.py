"""The network of the hub and its clients: how star-like it is, and how near each state stands to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data.alliances.dyads import build_graph
from data.alliances.spec import US_CODE, ClaimsSpec

if TYPE_CHECKING:
    import networkx as nx

WORLD = "World"
NO_PATH = 9
"""Steps written for a state that no chain of obligations joins to the hub."""


def measure_star(graph: nx.Graph, hub: int) -> dict[str, float]:
    """How like a star a network is.

    Parameters
    ----------
    graph : nx.Graph
        The hub and its clients; each client is tied to the hub.
    hub : int

    Returns
    -------
    dict
        ``clients``: their number; ``ties``: pairs among them that are allied; ``hub_share``: share of all
        edges that touch the hub, 1 for a star; ``centralisation``: of degrees (Freeman 1978), 1 for a star
        and 0 where all are tied alike; ``density`` and ``clustering`` among the clients (the second: share of
        connected triples that are closed). NaN where there are too few states for it.
    """
    import networkx as nx

    clients = graph.subgraph(set(graph) - {hub})
    n = graph.number_of_nodes()
    degree = np.array([d for _, d in graph.degree])
    edges = graph.number_of_edges()
    return {
        "clients": len(clients),
        "ties": clients.number_of_edges(),
        "hub_share": graph.degree(hub) / edges if edges else np.nan,
        "centralisation": float((degree.max() - degree).sum() / ((n - 1) * (n - 2))) if n > 2 else np.nan,
        "density": nx.density(clients) if len(clients) > 1 else np.nan,
        "clustering": nx.transitivity(clients) if len(clients) > 2 else np.nan,
    }


def find_clients(graph: nx.Graph) -> set[int]:
    """States with a defence obligation with the US, either way."""
    return set(graph[US_CODE]) if US_CODE in graph else set()


def measure_network(dyads: pd.DataFrame, spec: ClaimsSpec) -> pd.DataFrame:
    """Describe the network of the US and its clients for every year, whole and by part of the world.

    Parameters
    ----------
    dyads : pd.DataFrame
        As ``load_dyads`` returns it.
    spec : ClaimsSpec

    Returns
    -------
    pd.DataFrame
        ``year, theatre`` (World, or a part: the US and its clients there), and the columns of
        ``measure_star``. Parts without a client in any year have no rows.
    """
    rows = []
    for year in range(spec.first_year, spec.last_year + 1):
        graph = build_graph(dyads, year)
        clients = find_clients(graph)
        parts = {WORLD: clients}
        for client in clients:
            parts.setdefault(spec.theatre(client), set()).add(client)
        for theatre in sorted(parts):
            star = measure_star(graph.subgraph(parts[theatre] | {US_CODE}), US_CODE) if clients else {}
            rows.append({"year": year, "theatre": theatre, **star})
    return pd.DataFrame(rows)


def measure_closeness(dyads: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    """How near each state stands to the hub.

    Parameters
    ----------
    dyads : pd.DataFrame
        As ``load_dyads`` returns it.
    years : tuple of int

    Returns
    -------
    pd.DataFrame
        ``year, ccode``, ``steps``: defence obligations on the shortest way to the US (1: its client; 2: ally
        of a client; 9: no way), ``client_ties``: clients of the US, itself not counted, with which the state
        is allied. States without any obligation have no row.
    """
    import networkx as nx

    rows = []
    for year in years:
        graph = build_graph(dyads, year)
        clients = find_clients(graph)
        steps = nx.single_source_shortest_path_length(graph, US_CODE) if US_CODE in graph else {}
        rows += [
            (year, state, steps.get(state, NO_PATH), len(clients & set(graph[state])))
            for state in sorted(set(graph) - {US_CODE})
        ]
    return pd.DataFrame(rows, columns=["year", "ccode", "steps", "client_ties"])
