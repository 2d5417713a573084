"""Which answers are compared: repeats, pairs of resolutions and pairs of states.

What replicated votes have in common with the observed ones is worked out once here.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from analysis.studies.checks.votes_left_out import issues_of
from data.load import list_members
from models.likelihood.repeated.turns import find_last_answers, order_repeats

NEXT, LATER = "the same resolution, next time", "the same resolution, later"
AREA, OTHER = "two resolutions of one issue area", "two other resolutions"
APART = "two states without a common bloc"
NO_AREA = {"other", "unknown"}


@dataclass(frozen=True)
class Pairs:
    """The pairs of answers of one window.

    Attributes
    ----------
    number : np.ndarray
        (item, state), int: votes of each cell; 0 or 1 for roll calls.
    last : np.ndarray or None
        (item, state), int: roll call of the last answer to the same resolution, -1 for none; None for
        tallies, which do not know repeats.
    of_items : dict of str to np.ndarray
        (item, item), bool, symmetric: pairs of resolutions that one state answered, by kind.
    of_states : list of (np.ndarray, dict of str to np.ndarray)
        Items between which no state changed its blocs, and (state, state), bool: pairs of states that
        answered one resolution, by bloc.
    regions : np.ndarray
        (state, region), 0 or 1: the region of each state.
    """

    number: np.ndarray
    last: np.ndarray | None
    of_items: dict[str, np.ndarray]
    of_states: list[tuple[np.ndarray, dict[str, np.ndarray]]]
    regions: np.ndarray


def find_pairs(votes: xr.Dataset, blocs: pd.DataFrame) -> Pairs:
    """Find all pairs; ``votes`` are those of a window, ``blocs`` from ``data.load.load_blocs``."""
    rollcalls, region = is_rollcalls(votes), votes["region"].values
    return Pairs(
        number=votes["counts"].sum("response").transpose("item", "state").values,
        last=find_last_answers(votes) if rollcalls else None,
        of_items=pair_items(votes, order_repeats(votes) if rollcalls else None),
        of_states=pair_states(votes, blocs),
        regions=(region[:, None] == np.unique(region)).astype(float),
    )


def is_rollcalls(votes: xr.Dataset) -> bool:
    """Tell whether items are single roll calls whose repeats are known."""
    return "match_group" in votes.coords and int(votes["counts"].sum("response").max()) == 1


def pair_items(votes: xr.Dataset, turn: np.ndarray | None) -> dict[str, np.ndarray]:
    """Pair the items by what they have in common; ``turn`` is from ``order_repeats``, None for tallies."""
    areas = [area - NO_AREA for area in issues_of(votes)]
    shared = np.array([[bool(a & b) for b in areas] for a in areas])
    distinct = ~np.eye(len(areas), dtype=bool)
    if turn is None:
        return {AREA: shared & distinct, OTHER: ~shared & distinct}
    group = votes["match_group"].values
    same, apart = (group[:, None] == group) & distinct, np.abs(turn[:, None] - turn)
    unlike = distinct & ~same
    kinds = {NEXT: same & (apart == 1), LATER: same & (apart > 1)}
    return kinds | {AREA: shared & unlike, OTHER: ~shared & unlike}


def pair_states(votes: xr.Dataset, blocs: pd.DataFrame) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Pair the states of each bloc as of the day of a vote, and those without a common bloc."""
    days = date_items(votes)
    by_day = {day: list_members(blocs, day) for day in np.unique(days)}
    same: dict[tuple, list[str]] = {}
    for day, members in by_day.items():
        same.setdefault(tuple(map(frozenset, members.values())), []).append(day)
    distinct, found = ~np.eye(votes.sizes["state"], dtype=bool), []
    for those in same.values():
        inside = {bloc: np.isin(votes["state"].values, list(m)) for bloc, m in by_day[those[0]].items()}
        pairs = {bloc: np.outer(member, member) & distinct for bloc, member in inside.items()}
        pairs[APART] = distinct & ~np.any(list(pairs.values()), axis=0)
        found.append((np.flatnonzero(np.isin(days, those)), pairs))
    return found


def date_items(votes: xr.Dataset) -> np.ndarray:
    """Return the day of each item as text. Cells of the agenda stand for the height of their session."""
    if "date" in votes.coords:
        return votes["date"].values.astype("datetime64[D]").astype(str)
    return np.array([f"{1945 + session}-12-01" for session in votes["session"].values])
