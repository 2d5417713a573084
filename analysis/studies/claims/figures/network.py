"""The network of the US: the US in the middle, its clients around it, ties among clients behind."""

from pathlib import Path

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.studies.claims.figures.counted import ATOP_SOURCE, THEATRE_COLOURS, finish_figure, start_figure
from data.alliances.spec import US_CODE, ClaimsSpec
from data.load import build_graph, find_clients, load_dyads, load_states, measure_star


def plot_network(folder: Path, years: tuple[int, ...] = (1955, 2018)) -> Figure:
    """Draw the network of some years from the folder with the defence obligations, which do not ship."""
    dyads, spec = load_dyads(folder), ClaimsSpec()
    names = load_states().drop_duplicates("ccode", keep="last").set_index("ccode")["name"].to_dict()
    figure = start_figure(6.2 * len(years), 6.9)
    axes = figure.subplots(1, len(years))
    counts, clients = [], set()
    for ax, year in zip(axes, years, strict=True):
        graph = build_graph(dyads, year)
        graph = graph.subgraph(find_clients(graph) | {US_CODE})
        draw_hub(ax, graph, names, spec)
        star = measure_star(graph, US_CODE)
        counts.append(star["clients"])
        clients |= set(graph) - {US_CODE}
        ax.set_title(f"{year}: {star['clients']} clients, {star['ties']} ties among them", fontsize=9)
    there = {spec.theatre(code) for code in clients}
    shown = [theatre for theatre in THEATRE_COLOURS if theatre in there]
    handles = [Line2D([], [], color=THEATRE_COLOURS[theatre], lw=2, label=theatre) for theatre in shown]
    handles.append(Line2D([], [], color="#bbbbbb", lw=0.8, label="tie among clients"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=7.5, frameon=False
    )
    title = f"The US had obligations with {counts[0]} states in {years[0]} and {counts[-1]} in {years[-1]}"
    return finish_figure(figure, title, f"{ATOP_SOURCE}.")


def draw_hub(ax: Axes, graph: nx.Graph, names: dict[int, str], spec: ClaimsSpec) -> None:
    """Draw the hub in the middle and its clients on a circle, ordered by part of the world and code.

    Takes the graph of the hub and its clients, and names by Correlates of War code.
    """
    theatres = [theatre for theatre, _, _ in spec.theatres]
    clients = sorted(set(graph) - {US_CODE}, key=lambda code: (theatres.index(spec.theatre(code)), code))
    place, gaps, before = {}, 0, None
    for number, code in enumerate(clients):
        theatre = spec.theatre(code)
        gaps += 2 * (before is not None and theatre != before)
        place[code], before = number + gaps, theatre
    full = max(place.values()) + 3
    angle = {code: 2 * np.pi * (p + 0.5) / full for code, p in place.items()}
    at = {code: np.array([np.cos(a), np.sin(a)]) for code, a in angle.items()} | {US_CODE: np.zeros(2)}
    ties = [(at[a], at[b]) for a, b in graph.edges if US_CODE not in (a, b)]
    ax.add_collection(LineCollection(ties, colors="#bbbbbb", linewidths=0.25, zorder=1))
    for code in clients:
        colour = THEATRE_COLOURS.get(spec.theatre(code), "#444444")
        ax.plot(*zip(at[US_CODE], at[code], strict=True), color=colour, lw=1.1, zorder=2)
        ax.plot(*at[code], "o", color=colour, ms=4, zorder=3)
        degrees = np.degrees(angle[code])
        turned = 90 < degrees < 270
        side, turn = ("right", degrees + 180) if turned else ("left", degrees)
        ax.text(*(1.05 * at[code]), names.get(code, str(code)), fontsize=6.5, ha=side, va="center",
                rotation=turn, rotation_mode="anchor")  # fmt: skip
    ax.plot(0, 0, "o", color="black", ms=13, zorder=4)
    ax.text(0, 0, "US", color="white", fontsize=7, ha="center", va="center", zorder=5)
    ax.set_xlim(-1.55, 1.55)
    ax.set_ylim(-1.5, 1.5)
    ax.set_aspect("equal")
    ax.set_axis_off()
