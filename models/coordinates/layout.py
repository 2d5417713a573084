"""Numbering of the state-sessions and resolutions of many sessions' votes."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from models.likelihood.votes import Votes, prepare_votes


class Layout(NamedTuple):
    """Numbering of state-sessions (positions) and items.

    Positions are numbered session by session, within a session in the order of states.

    Attributes
    ----------
    session : np.ndarray
        (session,), int: the sessions that have votes.
    sat : np.ndarray
        (session, state), bool: the state cast a vote in the session, so that it has a position there.
    session_idx, state_idx : np.ndarray
        (position,), int.
    previous_idx : np.ndarray
        (position,), int: the state's position in the last earlier session in which it voted; -1 if none.
    elapsed : np.ndarray
        (position,), float: sessions since then, 1 if none was missed; 0 for a first position.
    item : np.ndarray
        (item,), int: match groups. All roll calls of a group are the same resolution.
    item_idx, row_session_idx : np.ndarray
        (roll call,), int.
    home_idx : np.ndarray
        (item,), int: the middle one of the sessions in which the item was put to a vote.
    """

    session: np.ndarray
    sat: np.ndarray
    session_idx: np.ndarray
    state_idx: np.ndarray
    previous_idx: np.ndarray
    elapsed: np.ndarray
    item: np.ndarray
    item_idx: np.ndarray
    row_session_idx: np.ndarray
    home_idx: np.ndarray


def prepare_layout(votes: xr.Dataset) -> Layout:
    """Number the state-sessions and the items of votes at roll-call granularity.

    The votes have the coordinates ``session`` and ``match_group`` (item).
    """
    session, row_session_idx = np.unique(votes["session"].values, return_inverse=True)
    cast = votes["counts"].values.any(-1)
    sat = np.stack([cast[row_session_idx == t].any(0) for t in range(len(session))])
    session_idx, state_idx = np.nonzero(sat)
    number = number_positions(sat)
    previous_idx, elapsed = np.full(len(session_idx), -1), np.zeros(len(session_idx))
    for path in number.T:
        path = path[path >= 0]
        previous_idx[path[1:]] = path[:-1]
        elapsed[path[1:]] = np.diff(session[session_idx[path]])
    item, item_idx = np.unique(votes["match_group"].values, return_inverse=True)
    order = np.lexsort((row_session_idx, item_idx))
    begin = np.searchsorted(item_idx[order], np.arange(len(item) + 1))
    return Layout(
        session=session,
        sat=sat,
        session_idx=session_idx,
        state_idx=state_idx,
        previous_idx=previous_idx,
        elapsed=elapsed,
        item=item,
        item_idx=item_idx,
        row_session_idx=row_session_idx,
        home_idx=row_session_idx[order][(begin[:-1] + begin[1:]) // 2],
    )


def prepare_ragged_votes(votes: xr.Dataset, layout: Layout) -> Votes:
    """Convert the votes for the likelihood: a roll call's row holds the states of its session only."""
    size = layout.sat.sum(1)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    counts = votes["counts"].values
    packed = np.zeros((len(counts), size.max(), 3), dtype=np.int32)
    for t, sat in enumerate(layout.sat):
        rows = layout.row_session_idx == t
        packed[rows, : size[t]] = counts[rows][:, sat]
    rows = layout.row_session_idx
    return prepare_votes(packed, item_idx=layout.item_idx, row_start=start[rows], row_length=size[rows])


def number_positions(sat: np.ndarray) -> np.ndarray:
    """Number the state-sessions (session, state), session by session; -1 where the state has no position."""
    return np.where(sat, np.cumsum(sat.ravel()).reshape(sat.shape) - 1, -1)
