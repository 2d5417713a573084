"""Tables of the dynamic model: position and alignment of every state and session, and the largest moves."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.summaries import interval

REFERENCE = "USA"
FIRST_YEAR = 1945
"""Session s begins in the autumn of ``FIRST_YEAR + s``."""
COLUMNS = ("mean", "sd", "lower", "upper")


def summarize_positions(posterior: xr.Dataset, votes: xr.Dataset) -> pd.DataFrame:
    """Position, and alignment with the US, of every state and session in which it voted.

    Takes ``ideal_point`` (chain, draw, position) with labels such as ``USA-57``, and the votes of the fit,
    which say how many votes each state cast. Returns ``state, session, year`` (the session begins in its
    autumn), ``votes`` (number cast); ``mean, sd, lower, upper`` of the position, in standard deviations of
    all state-sessions; the same four with the prefix ``alignment_``: position minus that of the US in the
    same session, computed within draws. Intervals are equal-tailed, 90 %.
    """
    draws, state, session = _flatten(posterior)
    cast = votes["counts"].values.any(-1)
    number = pd.DataFrame(cast, columns=votes["state"].values).groupby(votes["session"].values).sum()
    table = pd.DataFrame({"state": state, "session": session, "year": FIRST_YEAR + session})
    table["votes"] = [number.at[t, i] for i, t in zip(state, session, strict=True)]
    reference = {
        t: draws[:, p] for p, (i, t) in enumerate(zip(state, session, strict=True)) if i == REFERENCE
    }
    own, aligned = np.empty((2, len(state), len(COLUMNS)))
    for t in np.unique(session):
        here = session == t
        own[here] = summarize(draws[:, here])
        aligned[here] = summarize(draws[:, here] - reference[t][:, None]) if t in reference else np.nan
    for k, column in enumerate(COLUMNS):
        table[column], table[f"alignment_{column}"] = own[:, k], aligned[:, k]
    order = ["state", "session", "year", "votes", *COLUMNS, *(f"alignment_{c}" for c in COLUMNS)]
    return table[order].sort_values(["state", "session"], ignore_index=True)


def summarize_moves(posterior: xr.Dataset) -> pd.DataFrame:
    """Every move of a state between two sessions in a row in which it voted, largest first.

    Returns ``state, from_session, to_session, from_year, to_year``; ``mean, sd, lower, upper`` of the move in
    standard deviations of all state-sessions, positive towards the US; ``at_least``: the size that the move
    exceeds with probability 0.95. Sorted by ``at_least``.
    """
    draws, state, session = _flatten(posterior)
    order = np.lexsort((session, state))
    same = state[order][1:] == state[order][:-1]
    before, after = order[:-1][same], order[1:][same]
    move = draws[:, after] - draws[:, before]
    summary = pd.DataFrame(summarize(move), columns=COLUMNS)
    table = pd.DataFrame(
        {
            "state": state[after],
            "from_session": session[before],
            "to_session": session[after],
            "from_year": FIRST_YEAR + session[before],
            "to_year": FIRST_YEAR + session[after],
        }
    ).join(summary)
    # The end of the interval that is nearer to 0, or 0 if the interval includes it.
    table["at_least"] = np.maximum(table["lower"], -table["upper"]).clip(0)
    return table.sort_values("at_least", ascending=False, ignore_index=True)


def summarize(draws: np.ndarray) -> np.ndarray:
    """Return mean, sd and both ends of the 90 % interval of each column of (sample, column): (column, 4)."""
    return np.stack([draws.mean(0), draws.std(0, ddof=1), *interval(draws, 0)], axis=-1)


def _flatten(posterior: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws (sample, position), and state and session of each position."""
    values = posterior["ideal_point"].transpose("chain", "draw", "position")
    labels = [str(label).rsplit("-", 1) for label in values["position"].values]
    state, session = np.array([i for i, _ in labels]), np.array([int(t) for _, t in labels])
    return values.values.reshape(-1, len(labels)), state, session
