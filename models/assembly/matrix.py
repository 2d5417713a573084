"""From a matrix of members by roll calls to the votes that the ideal-point model takes."""

from typing import Any

import numpy as np
import xarray as xr

from models.spec import SpecError

ANSWERS = ("nay", "abstain", "yes")
"""Answers in their order. Everything else must be missing."""
LEAST = 3
"""Least number of members, and of roll calls."""
SHOWN = 5
"""Names that a message lists at most."""


def prepare_matrix(answers: Any, groups: Any = None, toward: str | None = None) -> xr.Dataset:
    """Turn a matrix of answers into votes for ``build_ideal_point_model``.

    Parameters
    ----------
    answers : pd.DataFrame
        Members (index) by roll calls (columns). Cells are ``"nay"``, ``"abstain"``, ``"yes"`` or missing.
    groups : pd.Series, optional
        Group of each member, such as a party, by member. Members then shrink towards their group's mean:
        use it with ``IdealPointSpec(pooling="region", repeats="apart")``, else with ``pooling="world"``.
    toward : str, optional
        Member who stands at the high end of the scale. By default the first one.

    Returns
    -------
    xr.Dataset
        ``counts`` (item, state, response), int16; coordinates ``region`` (state) and ``us_vote`` (item), the
        vote of ``toward``. The model's names of dims are kept: a state is a member, an item a roll call.
        Attribute ``notes`` (list of str): what was left out.

    Raises
    ------
    SpecError
        If the matrix is too small, a member or roll call stands in it twice, a cell has another value, a
        group is missing, or ``toward`` cast no vote. The message names the cells.
    """
    members, roll_calls = _list_names(answers.index), _list_names(answers.columns)
    if min(len(members), len(roll_calls)) < LEAST:
        raise SpecError(
            f"{len(members)} members and {len(roll_calls)} roll calls: at least {LEAST} of each are needed, "
            "with members as rows and roll calls as columns"
        )
    _refuse_twice(members, "member")
    _refuse_twice(roll_calls, "roll call")
    code = _read_cells(answers.to_numpy(dtype=object), members, roll_calls)
    group = _read_groups(groups, members)
    notes = []
    divided = np.array([np.unique(column[column >= 0]).size > 1 for column in code.T])
    voted = (code[:, divided] >= 0).any(1)
    for kept, names, what in (
        (divided, roll_calls, "roll calls on which nobody differed"),
        (voted, members, "members without a vote on any roll call that divided"),
    ):
        if not kept.all():
            notes.append(f"left out: {(~kept).sum()} {what} ({_list_few(names[~kept])})")
    if min(voted.sum(), divided.sum()) < LEAST:
        raise SpecError(
            f"only {divided.sum()} roll calls divide, and {voted.sum()} members voted on them: at least "
            f"{LEAST} of each are needed"
        )
    code, members, group = code[voted][:, divided], members[voted], group[voted]
    yardstick = _find_yardstick(toward, members)
    counts = np.stack([(k == code.T) for k in range(len(ANSWERS))], axis=-1).astype(np.int16)
    side = np.array(["no", "abstain", "yes", "absent"])
    coords = {
        "state": members,
        "item": roll_calls[divided],
        "response": ["no", "abstain", "yes"],
        "region": ("state", group),
        # The model turns the scale by the votes of one member; in the General Assembly that is the US.
        "us_vote": ("item", side[code[yardstick]]),
    }
    return xr.Dataset({"counts": (("item", "state", "response"), counts)}, coords, {"notes": notes})


def _list_names(labels) -> np.ndarray:
    return np.array([str(label).strip() for label in labels])


def _list_few(names: np.ndarray) -> str:
    few = ", ".join(map(repr, names[:SHOWN].tolist()))
    return few + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _refuse_twice(names: np.ndarray, what: str) -> None:
    found, times = np.unique(names, return_counts=True)
    if (times > 1).any():
        raise SpecError(f"each {what} may be there once; twice or more: {_list_few(found[times > 1])}")


def _read_cells(cells: np.ndarray, members: np.ndarray, roll_calls: np.ndarray) -> np.ndarray:
    """Return the number of each answer, (member, roll call), -1 where it is missing."""
    code = np.full(cells.shape, -1, dtype=np.int8)
    missing = (cells != cells) | np.equal(cells, None)
    for k, answer in enumerate(ANSWERS):
        code[cells == answer] = k
    wrong = np.argwhere((code < 0) & ~missing.astype(bool))
    if len(wrong):
        first = "; ".join(f"{cells[i, j]!r} ({members[i]}, {roll_calls[j]})" for i, j in wrong[:SHOWN])
        raise SpecError(f"{len(wrong)} cells are none of {', '.join(ANSWERS)} nor missing: {first}")
    return code


def _read_groups(groups: Any, members: np.ndarray) -> np.ndarray:
    if groups is None:
        return np.full(len(members), "all")
    of_member = {str(member).strip(): str(group).strip() for member, group in groups.dropna().items()}
    without = np.array([member for member in members if not of_member.get(member)])
    if without.size:
        raise SpecError(f"members without a group: {_list_few(without)}")
    return np.array([of_member[member] for member in members])


def _find_yardstick(toward: str | None, members: np.ndarray) -> int:
    if toward is None:
        return 0
    if toward not in members:
        raise SpecError(
            f"toward = {toward!r}: no member of that name cast a vote; members: {_list_few(members)}"
        )
    return int(np.flatnonzero(members == toward)[0])
