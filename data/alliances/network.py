"""Measure how star-like the network of the hub and its clients is, and how near each state is to it."""

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
"""Steps of a state without a path to the hub."""


def measure_star(graph: nx.Graph, hub: int) -> dict[str, float]:
    """Measure how star-like a network is.

    Parameters
    ----------
    graph : nx.Graph
        The hub and its clients; each client is tied to the hub.
    hub : int

    Returns
    -------
    dict
        ``clients``: number of clients; ``ties``: allied pairs of clients; ``hub_share``: share of edges that
        touch the hub, 1 for a star; ``centralisation`` of degrees (Freeman 1978), 1 for a star, 0 if all have
        equal degrees; ``density`` and ``clustering`` (share of connected triples that are closed) among the
        clients. NaN if there are too few states.
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
    """Find the states with a defence obligation to or from the US."""
    return set(graph[US_CODE]) if US_CODE in graph else set()


def measure_network(dyads: pd.DataFrame, capabilities: pd.DataFrame, spec: ClaimsSpec) -> pd.DataFrame:
    """Measure the network of the US and its clients for every year, as a whole and by part of the world.

    Returns
    -------
    pd.DataFrame
        ``year, theatre`` (World, or the US and its clients in one part), and the columns of
        ``measure_star``. Parts without clients have no rows. ``density_random``: density among the clients
        that is expected if all obligations without the US were placed at random among the pairs of other
        states, of the world or of that part: their number over that of the pairs. States are those with
        capabilities in the year.
    """
    rows = []
    states = capabilities.index.to_frame(index=False).groupby("year")["ccode"].apply(set)
    for year in range(spec.later[0], spec.later[1] + 1):
        graph = build_graph(dyads, year)
        system = (states[year] | set(graph)) - {US_CODE}
        clients = find_clients(graph)
        parts = {WORLD: clients}
        for client in clients:
            parts.setdefault(spec.theatre(client), set()).add(client)
        for theatre in sorted(parts):
            star = measure_star(graph.subgraph(parts[theatre] | {US_CODE}), US_CODE) if clients else {}
            here = {state for state in system if theatre == WORLD or spec.theatre(state) == theatre}
            ties = graph.subgraph(here).number_of_edges()
            pairs = len(here) * (len(here) - 1) / 2
            random = ties / pairs if pairs else np.nan
            rows.append({"year": year, "theatre": theatre, **star, "density_random": random})
    return pd.DataFrame(rows)


def measure_closeness(dyads: pd.DataFrame, years: tuple[int, ...]) -> pd.DataFrame:
    """Measure how near each state is to the hub.

    Returns
    -------
    pd.DataFrame
        ``year, ccode``; ``steps``: defence obligations on the shortest path to the US (1: client; 2: ally of
        a client; 9: no path); ``client_ties``: number of other clients of the US with which the state is
        allied. States without any obligation have no row.
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
