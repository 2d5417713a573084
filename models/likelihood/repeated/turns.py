"""Which roll calls put the same resolution, and what a state answered the last time."""

import numpy as np
import xarray as xr


def order_repeats(votes: xr.Dataset) -> np.ndarray:
    """Number the roll calls on the same resolution by date, from 0: (item,), int."""
    group = votes["match_group"].values
    order = np.lexsort((votes["date"].values, votes["session"].values))
    number, seen = np.zeros(len(group), dtype=int), {}
    for item in order:
        number[item] = seen.get(group[item], 0)
        seen[group[item]] = number[item] + 1
    return number


def find_last_answers(votes: xr.Dataset) -> np.ndarray:
    """Find the roll call at which a state answered the same resolution last; absences are passed over.

    Parameters
    ----------
    votes : xr.Dataset
        ``counts`` (item, state, response), 0 or 1, with ``match_group``, ``session`` and ``date`` (item).

    Returns
    -------
    np.ndarray
        (item, state), int: index of that roll call; -1 if there is none, or no answer now.
    """
    answered, number = votes["counts"].values.any(-1), order_repeats(votes)
    group, last = votes["match_group"].values, np.full(answered.shape, -1)
    latest = {value: np.full(answered.shape[1], -1) for value in np.unique(group)}
    for item in np.argsort(number, kind="stable"):
        before = latest[group[item]]
        last[item] = np.where(answered[item], before, -1)
        before[answered[item]] = item
    return last
