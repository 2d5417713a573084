"""Distances to reference actors: the US, China, Russia, and the median member of each bloc, over time."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from analysis.figures.style import STYLE
from analysis.posterior.draws import stack
from analysis.studies.dynamic.figures import POWERS, plot_path
from analysis.studies.dynamic.summary import COLUMNS, FIRST_YEAR, summarize
from data.load import BLOCS, list_members, load_blocs, load_guarantees, load_states

ACTORS = ("USA", "CHN", "RUS")
"""States from which distances are measured. Before 1971 CHN has no position: another state held the seat."""
SHORT = {
    "European Union": "eu",
    "NATO": "nato",
    "Arab League": "arab_league",
    "ASEAN": "asean",
    "African Union": "african_union",
}
"""Names of blocs in columns."""
LEAST_MEMBERS, LEAST_ANSWERS = 3, 5
"""Members with a position that a bloc's median needs, and answers that two states must have in common."""
DRAWS = 1000
"""Draws from which distances are computed."""
COLOURS = {
    "eu": "#0072B2",
    "nato": "#56B4E9",
    "arab_league": "#009E73",
    "asean": "#CC79A7",
    "african_union": "#7f7f7f",
}


def list_bloc_members(years: list[int]) -> dict[int, dict[str, set[str]]]:
    """Return the members of each bloc at the end of each year. The US is no part of NATO's median here."""
    blocs = load_blocs(load_states(), load_guarantees(load_states()))
    members = {year: list_members(blocs, f"{year}-12-31") for year in years}
    return {year: {SHORT[bloc]: each[bloc] - {"USA"} for bloc in BLOCS} for year, each in members.items()}


def measure_actors(
    posterior: xr.Dataset, members: Mapping[int, Mapping[str, set[str]]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure where actors are, and each state's distance from each, within draws.

    Parameters
    ----------
    posterior : xr.Dataset
        ``ideal_point`` (chain, draw, position) with labels such as ``USA-57``.
    members : mapping
        Members of each bloc by year, iso3; from ``list_bloc_members``.

    Returns
    -------
    actors : pd.DataFrame
        ``session, year, actor, members`` (states whose median it is; 1 for a state); ``mean, sd, lower,
        upper`` of its position, and with the prefix ``from_us_`` of its position minus that of the US.
    distances : pd.DataFrame
        ``state, session, year``; for each actor ``to_<actor>_mean, _lower, _upper``: the absolute distance,
        in standard deviations of all state-sessions. Empty where the actor has no position.
    """
    points = stack(posterior[["ideal_point"]], keep=DRAWS)["ideal_point"].transpose("sample", "position")
    draws = points.values.astype(float)
    state, session = np.array([each.rsplit("-", 1) for each in points["position"].values.astype(str)]).T
    session = session.astype(int)
    rows, parts = [], []
    for t in np.unique(session):
        here = np.flatnonzero(session == t)
        year, place = FIRST_YEAR + int(t), dict(zip(state[here], here, strict=True))
        groups = {actor: [actor] for actor in ACTORS} | dict(members[year])
        at = {}
        for actor, group in groups.items():
            own = [place[one] for one in group if one in place]
            if own and (actor in ACTORS or len(own) >= LEAST_MEMBERS):
                at[actor] = np.median(draws[:, own], axis=1), len(own)
        nothing = np.full(len(COLUMNS), np.nan)
        for actor, (path, number) in at.items():
            gap = summarize((path - at["USA"][0])[:, None])[0] if "USA" in at else nothing
            rows.append((t, year, actor, number, *summarize(path[:, None])[0], *gap))
        part = pd.DataFrame({"state": state[here], "session": t, "year": year})
        for actor in groups:
            columns = [f"to_{actor.lower()}_{name}" for name in ("mean", "lower", "upper")]
            part[columns] = np.nan
            if actor in at:
                away = np.abs(draws[:, here] - at[actor][0][:, None])
                part[columns] = summarize(away)[:, [0, 2, 3]]
        parts.append(part)
    names = ["session", "year", "actor", "members", *COLUMNS, *(f"from_us_{name}" for name in COLUMNS)]
    distances = pd.concat(parts).sort_values(["state", "session"], ignore_index=True)
    return pd.DataFrame(rows, columns=names), distances


def measure_agreement(votes: xr.Dataset, distances: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure how often states answer as an actor does, and whether distances say the same.

    Parameters
    ----------
    votes : xr.Dataset
        Votes of the fit, see ``data.load.load_record_votes``.
    distances : pd.DataFrame
        From ``measure_actors``.

    Returns
    -------
    distances : pd.DataFrame
        With ``as_<actor>`` for each state of ``ACTORS``: share of its answers in the session, on roll calls
        on which both answered, that are those of the actor. Empty below ``LEAST_ANSWERS``.
    by_session : pd.DataFrame
        ``session, year, actor, states, rank_correlation``: Spearman's, between closeness and that share.
    """
    counts = votes["counts"].transpose("item", "state", "response").values
    answer = np.where(counts.any(-1), counts.argmax(-1), -1)
    states, session = votes["state"].values.astype(str), votes["session"].values
    distances, rows = distances.copy(), []
    for actor in ACTORS:
        shares = {}
        own = answer[:, states == actor]
        for t in np.unique(session) if own.size else []:
            both = (answer[session == t] >= 0) & (own[session == t] >= 0)
            number = both.sum(0)
            same = (both & (answer[session == t] == own[session == t])).sum(0)
            shares |= {
                (i, t): share
                for i, share, n in zip(states, same / np.maximum(number, 1), number, strict=True)
                if n >= LEAST_ANSWERS
            }
        name = f"as_{actor.lower()}"
        distances[name] = [
            shares.get(key, np.nan) for key in zip(distances["state"], distances["session"], strict=True)
        ]
        known = distances[(distances["state"] != actor) & distances[name].notna()]
        known = known[known[f"to_{actor.lower()}_mean"].notna()]
        for (t, year), part in known.groupby(["session", "year"]):
            if len(part) >= LEAST_MEMBERS:
                value = spearmanr(-part[f"to_{actor.lower()}_mean"], part[name]).statistic
                rows.append((t, year, actor, len(part), value))
    columns = ["session", "year", "actor", "states", "rank_correlation"]
    return distances, pd.DataFrame(rows, columns=columns)


def plot_actors(actors: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Draw how far China, Russia and each bloc's median are from the US over time."""
    labels = {short: bloc for bloc, short in SHORT.items()}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        ax = figure.subplots()
        for actor in ("RUS", "CHN", *SHORT.values()):
            path = actors[actors["actor"] == actor].dropna(subset="from_us_mean")
            if path.empty:
                continue
            renamed = {f"from_us_{name}": name for name in COLUMNS}
            path = path.drop(columns=list(COLUMNS)).rename(columns=renamed)
            colour = POWERS.get(actor) or COLOURS[actor]
            plot_path(ax, path, colour, labels.get(actor) or names.get(actor, actor))
        ax.axhline(0, color="black", lw=0.8)
        ax.set_ylabel("Position minus that of the US (sd of state-sessions)")
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
        figure.suptitle("From the United States: powers and median members of blocs", fontweight="bold")
    return figure
