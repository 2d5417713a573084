"""Tables of the dynamic model: positions and alignment of every state and session, and the biggest moves."""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.summaries import INTERVAL

REFERENCE = "USA"
FIRST_YEAR = 1945
"""Session s begins in the autumn of this year plus s."""
COLUMNS = ("mean", "sd", "lower", "upper")


def summarize_positions(posterior: xr.Dataset, votes: xr.Dataset) -> pd.DataFrame:
    """Position, and alignment with the US, of every state and session in which it voted.

    Parameters
    ----------
    posterior : xr.Dataset
        ``ideal_point`` (chain, draw, position), position labels ``USA-57``.
    votes : xr.Dataset
        The votes of the fit; for the number of votes that each state cast in a session.

    Returns
    -------
    pd.DataFrame
        ``state, session, year`` (in whose autumn the session began), ``votes`` (cast), ``mean, sd, lower,
        upper`` of the position (standard deviations of all state-sessions) and the same with ``alignment_``
        before it: position less that of the US in the same session, within draws. Equal-tailed 90 %.
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
        own[here] = describe(draws[:, here])
        aligned[here] = describe(draws[:, here] - reference[t][:, None]) if t in reference else np.nan
    for k, column in enumerate(COLUMNS):
        table[column], table[f"alignment_{column}"] = own[:, k], aligned[:, k]
    order = ["state", "session", "year", "votes", *COLUMNS, *(f"alignment_{c}" for c in COLUMNS)]
    return table[order].sort_values(["state", "session"], ignore_index=True)


def summarize_moves(posterior: xr.Dataset) -> pd.DataFrame:
    """Every move of a state from one session in which it voted to its next, biggest first.

    Returns
    -------
    pd.DataFrame
        ``state, from_session, to_session, from_year, to_year, mean, sd, lower, upper`` (towards the US above
        0) and ``at_least``: the size that the move surpasses with probability 0.95. Sorted by ``at_least``.
    """
    draws, state, session = _flatten(posterior)
    order = np.lexsort((session, state))
    same = state[order][1:] == state[order][:-1]
    before, after = order[:-1][same], order[1:][same]
    move = draws[:, after] - draws[:, before]
    summary = pd.DataFrame(describe(move), columns=COLUMNS)
    table = pd.DataFrame(
        {
            "state": state[after],
            "from_session": session[before],
            "to_session": session[after],
            "from_year": FIRST_YEAR + session[before],
            "to_year": FIRST_YEAR + session[after],
        }
    ).join(summary)
    table["at_least"] = np.maximum(
        np.quantile(move, (1 - INTERVAL) / 2, axis=0), -np.quantile(move, (1 + INTERVAL) / 2, axis=0)
    ).clip(0)
    return table.sort_values("at_least", ascending=False, ignore_index=True)


def describe(draws: np.ndarray) -> np.ndarray:
    """Mean, sd and bounds of the 90 % interval of each column: (column, 4)."""
    tail = (1 - INTERVAL) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    return np.stack([draws.mean(0), draws.std(0, ddof=1), lower, upper], axis=-1)


def _flatten(posterior: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws (sample, position), and state and session of each position."""
    values = posterior["ideal_point"].transpose("chain", "draw", "position")
    labels = [str(label).rsplit("-", 1) for label in values["position"].values]
    state, session = np.array([i for i, _ in labels]), np.array([int(t) for _, t in labels])
    return values.values.reshape(-1, len(labels)), state, session
